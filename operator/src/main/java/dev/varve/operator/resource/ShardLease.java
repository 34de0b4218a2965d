package dev.varve.operator.resource;

import dev.varve.crds.StoreCluster;
import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import io.fabric8.kubernetes.api.model.coordination.v1.LeaseBuilder;
import java.util.Map;
import java.util.Optional;

/** The Lease through which a shard's members agree on who may try to be primary. */
public final class ShardLease {

  private ShardLease() {}

  /**
   * A Lease that nobody holds.
   *
   * @param bootstrap whether its members may start the shard empty: only ever once a cluster
   */
  public static Lease of(StoreCluster owner, ShardNames names, int replicas, boolean bootstrap) {
    Map<String, String> annotations =
        bootstrap ? Map.of(Labels.BOOTSTRAP, String.join(",", names.members(replicas))) : Map.of();
    return new LeaseBuilder()
        .withNewMetadata()
        .withNamespace(names.namespace())
        .withName(names.shard())
        .withLabels(Labels.ofShard(names))
        .withAnnotations(annotations)
        .withOwnerReferences(Owner.of(owner))
        .endMetadata()
        .withNewSpec()
        .withLeaseDurationSeconds(15)
        .endSpec()
        .build();
  }

  /** The term that the Lease's holder took. */
  public static Optional<Long> term(Lease lease) {
    Map<String, String> annotations = lease.getMetadata().getAnnotations();
    String text = annotations == null ? null : annotations.get(Labels.TERM);
    return text != null && text.matches("[0-9]{1,18}")
        ? Optional.of(Long.valueOf(text))
        : Optional.empty();
  }

  /** The pod that holds the Lease. */
  public static Optional<String> holder(Lease lease) {
    return Optional.ofNullable(lease.getSpec())
        .map(spec -> spec.getHolderIdentity())
        .filter(name -> !name.isBlank());
  }
}
