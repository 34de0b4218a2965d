package dev.varve.operator.policy;

import dev.varve.crds.CompactionPolicySpec;
import dev.varve.crds.CompactionPolicySpec.Concurrency;
import dev.varve.crds.CompactionPolicySpec.History;
import dev.varve.crds.CompactionPolicySpec.Trigger;
import dev.varve.crds.CompactionPolicyStatus;
import dev.varve.crds.LabelSelector;
import dev.varve.operator.apply.Leadership;
import dev.varve.operator.apply.PolicyApplier;
import dev.varve.operator.observe.PolicyObservation;
import dev.varve.operator.observe.PolicyObserver;
import dev.varve.operator.plan.PolicyPlan;
import dev.varve.operator.plan.PolicyPlanner;
import dev.varve.protocol.v1.CompactionEvent;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;

/** A policy that ticks every minute over some clusters, with a clock that tests move. */
final class PolicyWorld implements AutoCloseable {

  static final Instant CREATED = Instant.parse("2026-11-20T01:00:00Z");
  static final long SAVED = 1 << 20;

  final FakeKubernetes kubernetes;
  final FakeMembers members = new FakeMembers();
  private final ExecutorService calls = Executors.newVirtualThreadPerTaskExecutor();
  private final MovedClock clock = new MovedClock();
  private final Map<String, Instant> startedAt = new HashMap<>();

  PolicyWorld(CompactionPolicySpec spec, String... clusters) {
    kubernetes = new FakeKubernetes(spec, CREATED);
    for (String cluster : clusters) {
      kubernetes.addCluster(cluster);
    }
  }

  /** Every minute, with little history. */
  static CompactionPolicySpec everyMinute(boolean suspended, int events, int jobs) {
    return spec(suspended, null, null, null, new History(events, jobs, jobs));
  }

  static CompactionPolicySpec spec(
      boolean suspended,
      @Nullable String schedule,
      @Nullable Trigger trigger,
      @Nullable List<CompactionPolicySpec.Keyspace> keyspaces,
      @Nullable History history) {
    return new CompactionPolicySpec(
        new LabelSelector(null, null),
        suspended,
        schedule,
        "60s",
        null,
        trigger,
        keyspaces,
        null,
        new Concurrency(1),
        history,
        null);
  }

  Instant now() {
    return clock.now;
  }

  void advance(Duration by) {
    clock.now = clock.now.plus(by);
  }

  /** One reconciliation, by a process that was just started. */
  PolicyPlan reconcile() throws InterruptedException {
    var leadership = new Leadership();
    leadership.gained();
    var observer = new PolicyObserver(kubernetes, members, calls, clock, "example/varve-node:1");
    PolicyObservation seen = observer.observe(FakeKubernetes.NAMESPACE, "nightly").orElseThrow();
    PolicyPlan plan = new PolicyPlanner().plan(seen);
    new PolicyApplier(kubernetes, leadership, (_, _) -> {}).apply(seen.policy(), plan);
    return plan;
  }

  /** Lets every Job that is older than {@code age} end well, and the primary remember it. */
  void endJobsOlderThan(Duration age) {
    for (Job job : kubernetes.jobs()) {
      String name = job.getMetadata().getName();
      Instant since = startedAt.computeIfAbsent(name, _ -> clock.now);
      if (kubernetes.active(job) && !since.plus(age).isAfter(clock.now)) {
        members.events.put(name, List.of(completed(name)));
        kubernetes.end(name, true, "CompletionsReached", null, clock.now);
      }
    }
  }

  CompactionEvent completed(String run) {
    return CompactionEvent.newBuilder()
        .setType(CompactionEvent.Type.COMPLETED)
        .setRunId(run)
        .setKeyspace("main")
        .setTimeMs(clock.now.toEpochMilli())
        .setBytesBefore(2 * SAVED)
        .setBytesAfter(SAVED)
        .setSpaceSaved(SAVED)
        .setDurationMs(8200)
        .setReason("Compacted")
        .build();
  }

  CompactionPolicyStatus status() {
    return Objects.requireNonNull(kubernetes.status());
  }

  CompactionPolicyStatus.Target target() {
    return Objects.requireNonNull(status().targets()).getFirst();
  }

  @Override
  public void close() {
    calls.close();
  }

  private static final class MovedClock extends Clock {
    private Instant now = CREATED;

    @Override
    public ZoneId getZone() {
      return ZoneOffset.UTC;
    }

    @Override
    public Clock withZone(ZoneId zone) {
      return this;
    }

    @Override
    public Instant instant() {
      return now;
    }
  }
}
