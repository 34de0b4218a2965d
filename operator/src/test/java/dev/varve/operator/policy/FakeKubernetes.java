package dev.varve.operator.policy;

import dev.varve.crds.CompactionPolicy;
import dev.varve.crds.CompactionPolicySpec;
import dev.varve.crds.CompactionPolicyStatus;
import dev.varve.crds.LabelSelector;
import dev.varve.crds.StoreCluster;
import dev.varve.crds.StoreClusterSpec;
import dev.varve.operator.apply.PolicyTarget;
import dev.varve.operator.observe.PolicySource;
import dev.varve.operator.plan.Notice;
import dev.varve.operator.resource.Labels;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobBuilder;
import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import io.fabric8.kubernetes.api.model.coordination.v1.LeaseBuilder;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * An API server in memory for one policy. Every change counts as a step; before or after a chosen
 * step the process that made it is stopped.
 */
final class FakeKubernetes implements PolicySource, PolicyTarget {

  /** The operator's process was stopped. */
  static final class Stopped extends RuntimeException {}

  static final String NAMESPACE = "shop";

  private final CompactionPolicy policy = new CompactionPolicy();
  private final Map<String, StoreCluster> clusters = new TreeMap<>();
  private final Map<String, Job> jobs = new LinkedHashMap<>();
  private final Map<String, Pod> pods = new HashMap<>();
  private long version = 1;
  private int steps;
  private int stopAt = -1;
  private boolean stopBefore;

  /** How often a Job was made for each cluster and trigger, over all time. */
  final Map<String, Integer> made = new TreeMap<>();

  /** Notices by reason and key, with how often each was told. */
  final Map<String, Integer> told = new TreeMap<>();

  /** Names of Jobs that ended, over all time. */
  final List<String> ended = new ArrayList<>();

  FakeKubernetes(CompactionPolicySpec spec, Instant created) {
    policy.getMetadata().setNamespace(NAMESPACE);
    policy.getMetadata().setName("nightly");
    policy.getMetadata().setUid("policy-uid");
    policy.getMetadata().setGeneration(1L);
    policy.getMetadata().setCreationTimestamp(created.toString());
    policy.getMetadata().setAnnotations(new HashMap<>());
    policy.setSpec(spec);
  }

  void addCluster(String name) {
    var cluster = new StoreCluster();
    cluster.getMetadata().setNamespace(NAMESPACE);
    cluster.getMetadata().setName(name);
    cluster.getMetadata().setUid(name + "-uid");
    cluster.setSpec(new StoreClusterSpec(3, null, null, null, null));
    clusters.put(name, cluster);
  }

  void stopAround(int step, boolean before) {
    stopAt = step;
    stopBefore = before;
  }

  int steps() {
    return steps;
  }

  void runNow(String value) {
    policy.getMetadata().getAnnotations().put(Labels.RUN_NOW, value);
    version++;
  }

  void spec(CompactionPolicySpec spec) {
    policy.setSpec(spec);
    policy.getMetadata().setGeneration(policy.getMetadata().getGeneration() + 1);
    version++;
  }

  @Nullable CompactionPolicyStatus status() {
    return policy.getStatus();
  }

  List<Job> jobs() {
    return List.copyOf(jobs.values());
  }

  /** Ends a Job, as the Job controller does; its pod leaves {@code message}, if any. */
  void end(String name, boolean well, String reason, @Nullable String message, Instant at) {
    Job job = Objects.requireNonNull(jobs.get(name));
    jobs.put(
        name,
        new JobBuilder(job)
            .withNewStatus()
            .addNewCondition()
            .withType(well ? "Complete" : "Failed")
            .withStatus("True")
            .withReason(reason)
            .withLastTransitionTime(at.toString())
            .endCondition()
            .endStatus()
            .build());
    if (message != null) {
      pods.put(
          name,
          new PodBuilder()
              .withNewMetadata()
              .withName(name + "-x")
              .endMetadata()
              .withNewStatus()
              .addNewContainerStatus()
              .withNewState()
              .withNewTerminated()
              .withExitCode(well ? 0 : 1)
              .withMessage(message)
              .endTerminated()
              .endState()
              .endContainerStatus()
              .endStatus()
              .build());
    }
    ended.add(name);
  }

  boolean active(Job job) {
    return job.getStatus() == null;
  }

  @Override
  public Optional<CompactionPolicy> policy(String namespace, String name) {
    var copy = new CompactionPolicy();
    copy.setMetadata(policy.getMetadata().edit().withResourceVersion("" + version).build());
    copy.setSpec(policy.getSpec());
    copy.setStatus(policy.getStatus());
    return Optional.of(copy);
  }

  @Override
  public List<StoreCluster> clusters(String namespace, LabelSelector selector) {
    return List.copyOf(clusters.values());
  }

  @Override
  public List<Job> jobs(String namespace) {
    return jobs();
  }

  @Override
  public Optional<Pod> podOf(String namespace, String job) {
    return Optional.ofNullable(pods.get(job));
  }

  @Override
  public Optional<Lease> lease(String namespace, String name) {
    return Optional.of(
        new LeaseBuilder()
            .withNewMetadata()
            .withName(name)
            .addToAnnotations(Labels.TERM, "7")
            .endMetadata()
            .withNewSpec()
            .withHolderIdentity(name + "-1")
            .endSpec()
            .build());
  }

  @Override
  public boolean create(Job job) {
    return step(
        () -> {
          String name = job.getMetadata().getName();
          if (jobs.containsKey(name)) {
            return false;
          }
          jobs.put(name, job);
          Map<String, String> annotations = job.getMetadata().getAnnotations();
          String trigger =
              annotations.containsKey(Labels.TICK)
                  ? "tick " + annotations.get(Labels.TICK)
                  : "run-now " + annotations.get(Labels.RUN_NOW);
          made.merge(
              job.getMetadata().getLabels().get(Labels.CLUSTER) + " " + trigger, 1, Integer::sum);
          return true;
        });
  }

  @Override
  public void writeStatus(CompactionPolicy observed, CompactionPolicyStatus status) {
    step(
        () -> {
          if (!observed.getMetadata().getResourceVersion().equals("" + version)) {
            throw new ChangedMeanwhileException("changed", new IllegalStateException());
          }
          policy.setStatus(status);
          version++;
          return true;
        });
  }

  @Override
  public void markRecorded(String namespace, String job) {
    step(
        () -> {
          jobs.computeIfPresent(
              job,
              (_, old) ->
                  new JobBuilder(old)
                      .editMetadata()
                      .addToAnnotations(Labels.RECORDED, "true")
                      .endMetadata()
                      .build());
          return true;
        });
  }

  @Override
  public void delete(String namespace, String job) {
    step(
        () -> {
          pods.remove(job);
          return jobs.remove(job) != null;
        });
  }

  @Override
  public void tell(CompactionPolicy about, Notice notice) {
    step(
        () -> {
          told.merge(notice.reason() + " " + notice.key(), 1, Integer::sum);
          return true;
        });
  }

  private boolean step(java.util.function.BooleanSupplier change) {
    int number = steps++;
    if (number == stopAt && stopBefore) {
      throw new Stopped();
    }
    boolean result = change.getAsBoolean();
    if (number == stopAt) {
      throw new Stopped();
    }
    return result;
  }
}
