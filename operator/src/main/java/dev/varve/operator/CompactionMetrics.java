package dev.varve.operator;

import dev.varve.crds.CompactionPolicy;
import dev.varve.crds.CompactionPolicyStatus;
import dev.varve.crds.CompactionPolicyStatus.Event;
import dev.varve.operator.apply.PolicyApplier;
import dev.varve.operator.plan.PolicyAction;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.TimeGauge;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/**
 * Metrics of compaction by policy. They outlive Jobs, and go when their policy goes.
 *
 * <ul>
 *   <li>{@code varve_compaction_runs_total} by result and reason
 *   <li>{@code varve_compaction_reclaimed_bytes_total}
 *   <li>{@code varve_compaction_active} runs under way
 *   <li>{@code varve_compaction_last_success_age_seconds}; absent before the first success
 * </ul>
 */
final class CompactionMetrics implements PolicyApplier.ResultListener {

  private final MeterRegistry registry;
  private final Clock clock;
  private final Map<Key, State> states = new ConcurrentHashMap<>();

  private record Key(String namespace, String name) {
    static Key of(CompactionPolicy policy) {
      return new Key(policy.getMetadata().getNamespace(), policy.getMetadata().getName());
    }

    Tags tags() {
      return Tags.of("namespace", namespace, "policy", name);
    }
  }

  private static final class State {
    private volatile Instant lastSuccess = Instant.MIN;
    private volatile int active;
  }

  CompactionMetrics(MeterRegistry registry, Clock clock) {
    this.registry = registry;
    this.clock = clock;
  }

  @Override
  public void recorded(CompactionPolicy policy, PolicyAction.WriteStatus action) {
    Key key = Key.of(policy);
    CompactionPolicyStatus status = action.status();
    State state = states.computeIfAbsent(key, this::register);
    state.active = status.active() == null ? 0 : status.active().size();
    if (status.lastSuccessTime() != null) {
      if (state.lastSuccess.equals(Instant.MIN)) {
        TimeGauge.builder(
                "varve.compaction.last.success.age",
                state,
                TimeUnit.SECONDS,
                s -> Duration.between(s.lastSuccess, clock.instant()).toSeconds())
            .description("Time since a run of this policy last ended well")
            .tags(key.tags())
            .register(registry);
      }
      state.lastSuccess = Instant.parse(status.lastSuccessTime());
    }
    for (Event event : action.newResults()) {
      Counter.builder("varve.compaction.runs")
          .description("Results of compaction, one for each keyspace of a run")
          .tags(key.tags().and("result", event.type().name(), "reason", event.reason()))
          .register(registry)
          .increment();
      Counter.builder("varve.compaction.reclaimed")
          .description("Bytes freed by compaction")
          .baseUnit("bytes")
          .tags(key.tags())
          .register(registry)
          .increment(Objects.requireNonNullElse(event.spaceSaved(), 0L));
    }
  }

  /** Removes the metrics of every policy that is not among {@code policies}. */
  void keepOnly(Collection<CompactionPolicy> policies) {
    Set<Key> present = policies.stream().map(Key::of).collect(Collectors.toSet());
    for (Key key : List.copyOf(states.keySet())) {
      if (!present.contains(key) && states.remove(key) != null) {
        registry.getMeters().stream()
            .map(Meter::getId)
            .filter(id -> id.getName().startsWith("varve.compaction."))
            .filter(id -> key.name().equals(id.getTag("policy")))
            .filter(id -> key.namespace().equals(id.getTag("namespace")))
            .forEach(registry::remove);
      }
    }
  }

  private State register(Key key) {
    var state = new State();
    Gauge.builder("varve.compaction.active", state, s -> s.active)
        .description("Runs under way")
        .tags(key.tags())
        .register(registry);
    return state;
  }
}
