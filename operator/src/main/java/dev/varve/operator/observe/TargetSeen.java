package dev.varve.operator.observe;

import dev.varve.operator.resource.ShardNames;
import dev.varve.protocol.v1.PlanResponse;
import dev.varve.protocol.v1.StatusResponse;
import java.util.List;
import java.util.Map;

/**
 * One shard of a selected cluster: what a policy may have compacted.
 *
 * @param keyspaces the names of the cluster's keyspaces, in its order
 */
public record TargetSeen(
    ShardNames names, String clusterUid, String image, List<String> keyspaces, Primary primary) {

  /** What is known of the shard's primary. */
  public sealed interface Primary {

    /** Nothing is due, so nobody was asked. */
    record NotAsked() implements Primary {}

    /** There is none. */
    record None(String message) implements Primary {}

    /** The Lease names {@code pod}, which does not answer. */
    record Silent(String pod, String message) implements Primary {}

    /**
     * {@code pod} answers.
     *
     * @param plans what a compaction of each keyspace would do; a keyspace whose plan it refused is
     *     missing and in {@code refusals}
     */
    record Answers(
        String pod,
        long term,
        StatusResponse status,
        Map<String, PlanResponse> plans,
        Map<String, String> refusals)
        implements Primary {}
  }
}
