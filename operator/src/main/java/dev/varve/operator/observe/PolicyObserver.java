package dev.varve.operator.observe;

import dev.varve.crds.CompactionPolicy;
import dev.varve.crds.CompactionPolicyStatus;
import dev.varve.crds.StoreCluster;
import dev.varve.crds.StoreClusterSpec;
import dev.varve.operator.member.Members;
import dev.varve.operator.member.Reply;
import dev.varve.operator.resource.Labels;
import dev.varve.operator.resource.ShardLease;
import dev.varve.operator.resource.ShardNames;
import dev.varve.operator.schedule.Due;
import dev.varve.protocol.v1.CompactRequest;
import dev.varve.protocol.v1.CompactionEvent;
import dev.varve.protocol.v1.PlanResponse;
import dev.varve.protocol.v1.Role;
import dev.varve.protocol.v1.StatusResponse;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/**
 * Observes one policy. Primaries are asked only when something is due on them, or when a run of
 * theirs is under way or has ended.
 */
public final class PolicyObserver {

  private final PolicySource source;
  private final Members members;
  private final ExecutorService calls;
  private final Clock clock;
  private final String defaultImage;

  public PolicyObserver(
      PolicySource source,
      Members members,
      ExecutorService calls,
      Clock clock,
      String defaultImage) {
    this.source = source;
    this.members = members;
    this.calls = calls;
    this.clock = clock;
    this.defaultImage = defaultImage;
  }

  /** Observes the policy; empty when it is gone. */
  public Optional<PolicyObservation> observe(String namespace, String name)
      throws InterruptedException {
    Optional<CompactionPolicy> found = source.policy(namespace, name);
    if (found.isEmpty()) {
      return Optional.empty();
    }
    CompactionPolicy policy = found.get();
    PolicyRules rules = PolicyRules.of(policy);
    Instant now = clock.instant();
    List<Job> jobs = source.jobs(namespace);
    String uid = policy.getMetadata().getUid();
    List<JobSeen> own =
        jobs.stream()
            .filter(job -> uid.equals(annotation(job, Labels.POLICY_UID)))
            .map(
                job ->
                    JobReader.read(job, () -> source.podOf(namespace, job.getMetadata().getName())))
            .toList();
    CompactionPolicyStatus status = policy.getStatus();
    Due due =
        Due.of(
            rules.schedule().readable(),
            rules.suspended(),
            rules.created(),
            status == null || status.lastScheduleTime() == null
                ? null
                : Instant.parse(status.lastScheduleTime()),
            own.stream().flatMap(job -> job.tick().stream()).toList(),
            rules.runNow(),
            status == null ? null : status.lastRunNow(),
            now);
    return Optional.of(
        new PolicyObservation(
            policy,
            rules,
            now,
            due,
            targets(source.clusters(namespace, rules.selector()), rules, due.any()),
            withTold(namespace, own),
            activeElsewhere(jobs, uid)));
  }

  /** A newer look at what other policies have under way, for the moment of admission. */
  public List<JobSeen> activeElsewhere(CompactionPolicy policy) {
    return activeElsewhere(
        source.jobs(policy.getMetadata().getNamespace()), policy.getMetadata().getUid());
  }

  private static List<JobSeen> activeElsewhere(List<Job> jobs, String uid) {
    return jobs.stream()
        .filter(job -> !uid.equals(annotation(job, Labels.POLICY_UID)))
        .map(job -> JobReader.read(job, Optional::empty))
        .filter(JobSeen::active)
        .toList();
  }

  private List<TargetSeen> targets(List<StoreCluster> clusters, PolicyRules rules, boolean ask)
      throws InterruptedException {
    var asked = new ArrayList<Future<TargetSeen>>();
    for (StoreCluster cluster : clusters) {
      for (int shard = 0; shard < ClusterRules.SHARDS; shard++) {
        int id = shard;
        asked.add(calls.submit(() -> target(cluster, id, rules, ask)));
      }
    }
    return all(asked);
  }

  private TargetSeen target(StoreCluster cluster, int shard, PolicyRules rules, boolean ask) {
    ClusterRules clusterRules = ClusterRules.of(cluster, defaultImage);
    var names =
        new ShardNames(
            cluster.getMetadata().getNamespace(), cluster.getMetadata().getName(), shard);
    List<String> keyspaces =
        clusterRules.keyspaces().stream().map(StoreClusterSpec.Keyspace::name).toList();
    return new TargetSeen(
        names,
        cluster.getMetadata().getUid(),
        clusterRules.image(),
        keyspaces,
        ask
            ? primary(names, rules, rules.rewritten(keyspaces))
            : new TargetSeen.Primary.NotAsked());
  }

  private TargetSeen.Primary primary(ShardNames names, PolicyRules rules, List<String> keyspaces) {
    Optional<Lease> lease = source.lease(names.namespace(), names.shard());
    Optional<String> holder = lease.flatMap(ShardLease::holder);
    if (holder.isEmpty()) {
      return new TargetSeen.Primary.None("nobody holds the Lease " + names.shard());
    }
    String pod = holder.get();
    String address = names.address(pod);
    return switch (members.status(address)) {
      case Reply.Silence<StatusResponse>(String message) ->
          new TargetSeen.Primary.Silent(pod, message);
      case Reply.Answer<StatusResponse>(StatusResponse status)
          when status.getRole() != Role.ROLE_PRIMARY ->
          new TargetSeen.Primary.None(pod + " holds the Lease but does not serve as primary");
      case Reply.Answer<StatusResponse>(StatusResponse status) ->
          answers(pod, address, status, rules, keyspaces);
    };
  }

  private TargetSeen.Primary answers(
      String pod,
      String address,
      StatusResponse status,
      PolicyRules rules,
      List<String> keyspaces) {
    var plans = new LinkedHashMap<String, PlanResponse>();
    var refusals = new LinkedHashMap<String, String>();
    for (String keyspace : keyspaces) {
      CompactRequest request =
          CompactRequest.newBuilder()
              .setKeyspace(keyspace)
              .setStrategy(dev.varve.protocol.v1.Strategy.STRATEGY_REWRITE)
              .setMinDeadRatio(rules.trigger().minDeadRatio().doubleValue())
              .setMinBytes(rules.trigger().minTotalBytes())
              .setMinSpaceSaving(rules.trigger().minSpaceSaving().doubleValue())
              .setExpectedTerm(status.getTerm())
              .build();
      switch (members.plan(address, request)) {
        case Reply.Answer<PlanResponse>(PlanResponse plan) -> plans.put(keyspace, plan);
        case Reply.Silence<PlanResponse>(String message) -> refusals.put(keyspace, message);
      }
    }
    return new TargetSeen.Primary.Answers(pod, status.getTerm(), status, plans, refusals);
  }

  /** Asks the primaries of Jobs that are under way, or ended and are not recorded. */
  private List<JobSeen> withTold(String namespace, List<JobSeen> jobs) throws InterruptedException {
    var asked = new ArrayList<Future<JobSeen>>();
    for (JobSeen job : jobs) {
      asked.add(calls.submit(() -> job.recorded() ? job : job.withTold(told(namespace, job))));
    }
    return all(asked);
  }

  private List<CompactionEvent> told(String namespace, JobSeen job) {
    if (job.primary().isEmpty()) {
      return List.of();
    }
    var names = new ShardNames(namespace, job.cluster(), job.shard());
    return switch (members.run(names.address(job.primary().get()), job.name())) {
      case Reply.Answer<List<CompactionEvent>>(List<CompactionEvent> events) -> events;
      case Reply.Silence<List<CompactionEvent>> _ -> List.of();
    };
  }

  private static <T> List<T> all(List<Future<T>> asked) throws InterruptedException {
    var answers = new ArrayList<T>();
    for (Future<T> one : asked) {
      try {
        answers.add(one.get());
      } catch (ExecutionException e) {
        throw new IllegalStateException("an observation failed", e.getCause());
      }
    }
    return List.copyOf(answers);
  }

  private static @Nullable String annotation(Job job, String name) {
    Map<String, String> annotations = job.getMetadata().getAnnotations();
    return annotations == null ? null : annotations.get(name);
  }
}
