package dev.varve.operator.resource;

import dev.varve.crds.StoreCluster;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudget;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudgetBuilder;

/** Lets a drain take one member of a shard at a time. */
public final class DisruptionBudget {

  private DisruptionBudget() {}

  /** The budget of one shard. */
  public static PodDisruptionBudget of(StoreCluster owner, ShardNames names) {
    return new PodDisruptionBudgetBuilder()
        .withNewMetadata()
        .withNamespace(names.namespace())
        .withName(names.shard())
        .withLabels(Labels.ofShard(names))
        .withOwnerReferences(Owner.of(owner))
        .endMetadata()
        .withNewSpec()
        .withMaxUnavailable(new IntOrString(1))
        .withNewSelector()
        .withMatchLabels(Labels.ofShard(names))
        .endSelector()
        .endSpec()
        .build();
  }
}
