package dev.varve.operator.observe;

import dev.varve.crds.CompactionPolicy;
import dev.varve.crds.LabelSelector;
import dev.varve.crds.StoreCluster;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import java.util.List;
import java.util.Optional;

/** What is read of the API server for a policy: always itself, never a cache of it. */
public interface PolicySource {

  /** The policy; empty when it is gone or going. */
  Optional<CompactionPolicy> policy(String namespace, String name);

  /** The clusters of {@code namespace} that {@code selector} selects, by name. */
  List<StoreCluster> clusters(String namespace, LabelSelector selector);

  /** Every compaction Job of {@code namespace}. */
  List<Job> jobs(String namespace);

  /** The pod of a Job; empty when it is gone. */
  Optional<Pod> podOf(String namespace, String job);

  /** A shard's Lease. */
  Optional<Lease> lease(String namespace, String name);
}
