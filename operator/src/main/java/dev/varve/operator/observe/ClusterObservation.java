package dev.varve.operator.observe;

import dev.varve.crds.StoreCluster;
import dev.varve.operator.member.Reply;
import dev.varve.operator.resource.ShardNames;
import dev.varve.protocol.v1.StatusResponse;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Everything there is to know about a StoreCluster at one moment.
 *
 * @param others the other objects of the cluster that exist: Services, account, role, budget
 * @param pods the members' pods that exist
 * @param claims the volume claims of the shard that exist, whoever made them
 * @param members what each member with a running pod said, by pod
 */
public record ClusterObservation(
    StoreCluster cluster,
    ClusterRules rules,
    ShardNames names,
    Instant now,
    Optional<StatefulSet> memberSet,
    Optional<Lease> lease,
    List<HasMetadata> others,
    List<Pod> pods,
    List<PersistentVolumeClaim> claims,
    Map<String, Reply<StatusResponse>> members,
    AppliedObjects applied) {}
