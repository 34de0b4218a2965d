package dev.varve.operator.resource;

import dev.varve.crds.CompactionPolicy;
import dev.varve.crds.Resources;
import dev.varve.operator.schedule.Trigger;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobBuilder;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The Job that runs {@code varve compact} against one primary and term. */
public final class CompactionJob {

  /** The call inside ends this much earlier than the Job, so that its result is still told. */
  private static final Duration MARGIN = Duration.ofSeconds(30);

  private static final long USER = 10001;

  /**
   * One run.
   *
   * @param name the Job's name and the run's id
   * @param term the term that the primary must still hold
   * @param keyspaces to compact with Rewrite, in this order
   */
  public record Run(
      String name,
      ShardNames shard,
      String image,
      String primary,
      long term,
      Trigger trigger,
      List<String> keyspaces,
      BigDecimal minDeadRatio,
      long minBytes,
      BigDecimal minSpaceSaving,
      Duration timeout,
      Resources resources) {}

  private CompactionJob() {}

  /** The Job as it shall be created. */
  public static Job of(CompactionPolicy owner, Run run) {
    ShardNames shard = run.shard();
    var annotations = new HashMap<String, String>();
    annotations.put(Labels.POLICY_UID, owner.getMetadata().getUid());
    annotations.put(Labels.PRIMARY, run.primary());
    annotations.put(Labels.PRIMARY_ADDRESS, shard.address(run.primary()));
    switch (run.trigger()) {
      case Trigger.Tick tick -> annotations.put(Labels.TICK, tick.time().toString());
      case Trigger.RunNow now -> annotations.put(Labels.RUN_NOW, now.value());
    }
    String policy = owner.getMetadata().getName();
    return new JobBuilder()
        .withNewMetadata()
        .withNamespace(shard.namespace())
        .withName(run.name())
        .withLabels(
            Map.of(
                Labels.NAME,
                "varve-compaction",
                Labels.MANAGED_BY,
                Labels.OPERATOR,
                Labels.POLICY,
                policy,
                Labels.CLUSTER,
                shard.cluster(),
                Labels.SHARD,
                shard.number()))
        .withAnnotations(annotations)
        .withOwnerReferences(Owner.of(owner))
        .endMetadata()
        .withNewSpec()
        .withBackoffLimit(0)
        .withActiveDeadlineSeconds(run.timeout().toSeconds())
        .withNewTemplate()
        .withNewMetadata()
        // Not the cluster's label: these pods must never look like members.
        .withLabels(Map.of(Labels.NAME, "varve-compaction", Labels.POLICY, policy))
        .endMetadata()
        .withNewSpec()
        .withRestartPolicy("Never")
        .withAutomountServiceAccountToken(false)
        .withEnableServiceLinks(false)
        .withTerminationGracePeriodSeconds(30L)
        .withNewSecurityContext()
        .withRunAsNonRoot(true)
        .withRunAsUser(USER)
        .withRunAsGroup(USER)
        .withNewSeccompProfile()
        .withType("RuntimeDefault")
        .endSeccompProfile()
        .endSecurityContext()
        .withContainers(container(run))
        .addNewVolume()
        .withName("tmp")
        .withNewEmptyDir()
        .endEmptyDir()
        .endVolume()
        .endSpec()
        .endTemplate()
        .endSpec()
        .build();
  }

  private static Container container(Run run) {
    return new ContainerBuilder()
        .withName("compact")
        .withImage(run.image())
        .withImagePullPolicy("IfNotPresent")
        .withCommand("varve")
        .withArgs(arguments(run))
        .withResources(MemberSet.requirements(run.resources()))
        .withSecurityContext(MemberSet.containerSecurity())
        .withTerminationMessagePath("/dev/termination-log")
        .withTerminationMessagePolicy("File")
        .addNewVolumeMount()
        .withName("tmp")
        .withMountPath("/tmp")
        .endVolumeMount()
        .build();
  }

  private static List<String> arguments(Run run) {
    var arguments = new ArrayList<String>();
    arguments.add("compact");
    arguments.addAll(List.of("--endpoint", run.shard().address(run.primary())));
    arguments.addAll(List.of("--shard", run.shard().number()));
    arguments.addAll(List.of("--expected-term", Long.toString(run.term())));
    arguments.addAll(List.of("--run-id", run.name()));
    arguments.addAll(List.of("--skipped-exit", "0"));
    arguments.addAll(List.of("--min-dead-ratio", run.minDeadRatio().toPlainString()));
    arguments.addAll(List.of("--min-bytes", Long.toString(run.minBytes())));
    arguments.addAll(List.of("--min-space-saving", run.minSpaceSaving().toPlainString()));
    arguments.addAll(List.of("--timeout", run.timeout().minus(MARGIN).toSeconds() + "s"));
    for (String keyspace : run.keyspaces()) {
      arguments.addAll(List.of("--keyspace", keyspace + "=rewrite"));
    }
    return arguments;
  }
}
