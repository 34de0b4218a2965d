package dev.varve.operator.plan;

import dev.varve.crds.StoreClusterStatus;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.coordination.v1.Lease;

/** One thing to do for a StoreCluster, and why. Carried out in the plan's order. */
public sealed interface ClusterAction {

  /** Why, for the log. */
  String reason();

  /** Server-side apply of one object. */
  record Apply(HasMetadata object, String reason) implements ClusterAction {}

  /** Creates the shard's Lease unless it exists by now. */
  record CreateLease(Lease lease, String reason) implements ClusterAction {}

  /** Writes down on the cluster that its permission to start empty was given. */
  record RecordBootstrap(String uid, String reason) implements ClusterAction {}

  /** Asks for a larger volume. */
  record GrowVolume(String claim, Quantity size, String reason) implements ClusterAction {}

  /** Writes the status. */
  record WriteStatus(StoreClusterStatus status, String reason) implements ClusterAction {}
}
