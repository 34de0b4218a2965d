package dev.varve.operator.resource;

import dev.varve.crds.Resources;
import dev.varve.crds.StoreCluster;
import dev.varve.crds.StoreClusterSpec;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerBuilder;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.EnvVarBuilder;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaimBuilder;
import io.fabric8.kubernetes.api.model.Probe;
import io.fabric8.kubernetes.api.model.ProbeBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ResourceRequirements;
import io.fabric8.kubernetes.api.model.ResourceRequirementsBuilder;
import io.fabric8.kubernetes.api.model.SecurityContext;
import io.fabric8.kubernetes.api.model.SecurityContextBuilder;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.fabric8.kubernetes.api.model.apps.StatefulSetBuilder;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Collectors;

/** The StatefulSet of one shard: its members, each with a volume of its own. */
public final class MemberSet {

  /** The user that the node's image runs as. */
  private static final long USER = 10001;

  private final StoreCluster owner;
  private final ShardNames names;
  private final Shape shape;

  /**
   * What of a shard can be chosen.
   *
   * @param volumeSize as in the claim template, which cannot be changed once it is made
   */
  public record Shape(
      int replicas,
      int shards,
      String image,
      Quantity volumeSize,
      Optional<String> storageClass,
      StoreClusterSpec.Retention retention,
      List<StoreClusterSpec.Keyspace> keyspaces,
      Resources resources) {}

  public MemberSet(StoreCluster owner, ShardNames names, Shape shape) {
    this.owner = owner;
    this.names = names;
    this.shape = shape;
  }

  /** The object as it shall be. */
  public StatefulSet build() {
    return new StatefulSetBuilder()
        .withNewMetadata()
        .withNamespace(names.namespace())
        .withName(names.shard())
        .withLabels(Labels.ofShard(names))
        .withOwnerReferences(Owner.of(owner))
        .endMetadata()
        .withNewSpec()
        .withReplicas(shape.replicas())
        .withServiceName(names.membersService())
        .withPodManagementPolicy("Parallel")
        .withMinReadySeconds(5)
        .withNewUpdateStrategy()
        .withType("RollingUpdate")
        .endUpdateStrategy()
        .withNewPersistentVolumeClaimRetentionPolicy()
        .withWhenDeleted(shape.retention().name())
        .withWhenScaled("Retain")
        .endPersistentVolumeClaimRetentionPolicy()
        .withNewSelector()
        .withMatchLabels(Labels.ofShard(names))
        .endSelector()
        .withNewTemplate()
        .withNewMetadata()
        .withLabels(Labels.ofShard(names))
        .endMetadata()
        .withNewSpec()
        .withServiceAccountName(names.cluster())
        .withAutomountServiceAccountToken(true)
        .withEnableServiceLinks(false)
        .withTerminationGracePeriodSeconds(30L)
        .withNewSecurityContext()
        .withRunAsNonRoot(true)
        .withRunAsUser(USER)
        .withRunAsGroup(USER)
        .withFsGroup(USER)
        .withFsGroupChangePolicy("OnRootMismatch")
        .withNewSeccompProfile()
        .withType("RuntimeDefault")
        .endSeccompProfile()
        .endSecurityContext()
        .addNewTopologySpreadConstraint()
        .withMaxSkew(1)
        .withTopologyKey("kubernetes.io/hostname")
        .withWhenUnsatisfiable("ScheduleAnyway")
        .withNewLabelSelector()
        .withMatchLabels(Labels.ofShard(names))
        .endLabelSelector()
        .endTopologySpreadConstraint()
        .withContainers(node())
        .addNewVolume()
        .withName("tmp")
        .withNewEmptyDir()
        .endEmptyDir()
        .endVolume()
        .endSpec()
        .endTemplate()
        .withVolumeClaimTemplates(volume())
        .endSpec()
        .build();
  }

  private Container node() {
    return new ContainerBuilder()
        .withName("node")
        .withImage(shape.image())
        .withImagePullPolicy("IfNotPresent")
        .withEnv(environment())
        .addNewPort()
        .withName("grpc")
        .withContainerPort(ShardNames.GRPC_PORT)
        .withProtocol("TCP")
        .endPort()
        .addNewPort()
        .withName("http")
        .withContainerPort(ShardNames.HTTP_PORT)
        .withProtocol("TCP")
        .endPort()
        .withResources(requirements(shape.resources()))
        .withSecurityContext(containerSecurity())
        // Recovery of a large store may take its time: half an hour.
        .withStartupProbe(probe("/q/health/started", 1, 1800))
        .withLivenessProbe(probe("/q/health/live", 10, 6))
        .withReadinessProbe(probe("/q/health/ready", 2, 2))
        .addNewVolumeMount()
        .withName(ShardNames.VOLUME)
        .withMountPath("/var/lib/varve")
        .endVolumeMount()
        .addNewVolumeMount()
        .withName("tmp")
        .withMountPath("/tmp")
        .endVolumeMount()
        .build();
  }

  /** The node's sizes are not Kubernetes' (there 10MB is 10Mi), but plain bytes are the same. */
  private static String bytes(Quantity quantity) {
    return Quantity.getAmountInBytes(quantity).toBigInteger().toString();
  }

  private List<EnvVar> environment() {
    String peers =
        names.members(shape.replicas()).stream()
            .map(pod -> pod + "=" + names.address(pod))
            .collect(Collectors.joining(","));
    String keyspaces =
        shape.keyspaces().stream()
            .map(
                keyspace ->
                    keyspace.name() + ":" + bytes(Objects.requireNonNull(keyspace.segmentSize())))
            .collect(Collectors.joining(","));
    return List.of(
        field("VARVE_MEMBER", "metadata.name"),
        field("VARVE_NAMESPACE", "metadata.namespace"),
        value("VARVE_CLUSTER", names.cluster()),
        value("VARVE_SHARD", names.number()),
        value("VARVE_SHARDS", Integer.toString(shape.shards())),
        value("VARVE_PEERS", peers),
        value("VARVE_LEASE", names.shard()),
        value("VARVE_DATA_DIR", "/var/lib/varve"),
        value("VARVE_KEYSPACES", keyspaces),
        value("VARVE_MANAGED", "true"));
  }

  private PersistentVolumeClaim volume() {
    return new PersistentVolumeClaimBuilder()
        .withNewMetadata()
        .withName(ShardNames.VOLUME)
        .withLabels(Labels.ofShard(names))
        .endMetadata()
        .withNewSpec()
        .withAccessModes("ReadWriteOnce")
        .withStorageClassName(shape.storageClass().orElse(null))
        .withNewResources()
        .withRequests(Map.of("storage", shape.volumeSize()))
        .endResources()
        .endSpec()
        .build();
  }

  /** What every container that the operator makes runs under. */
  static SecurityContext containerSecurity() {
    return new SecurityContextBuilder()
        .withAllowPrivilegeEscalation(false)
        .withReadOnlyRootFilesystem(true)
        .withNewCapabilities()
        .withDrop("ALL")
        .endCapabilities()
        .build();
  }

  static ResourceRequirements requirements(Resources resources) {
    return new ResourceRequirementsBuilder()
        .withRequests(resources.requests())
        .withLimits(resources.limits())
        .build();
  }

  static EnvVar value(String name, String value) {
    return new EnvVarBuilder().withName(name).withValue(value).build();
  }

  private static EnvVar field(String name, String path) {
    return new EnvVarBuilder()
        .withName(name)
        .withNewValueFrom()
        .withNewFieldRef("v1", path)
        .endValueFrom()
        .build();
  }

  private static Probe probe(String path, int periodSeconds, int failures) {
    return new ProbeBuilder()
        .withNewHttpGet()
        .withPath(path)
        .withPort(new IntOrString("http"))
        .withScheme("HTTP")
        .endHttpGet()
        .withPeriodSeconds(periodSeconds)
        .withTimeoutSeconds(2)
        .withFailureThreshold(failures)
        .build();
  }
}
