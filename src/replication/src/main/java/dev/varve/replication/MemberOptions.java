package dev.varve.replication;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Who a member is and whom it knows.
 *
 * @param name this member's name
 * @param cluster the cluster's name; a directory of another cluster is refused
 * @param shard the shard's number
 * @param peers all members of the shard that are meant to exist, this one included: name to
 *     address. Who counts in quorums is the replicated membership, never this
 * @param timing time constants
 */
public record MemberOptions(
    String name, String cluster, int shard, Map<String, String> peers, Timing timing) {

  public MemberOptions {
    peers = Map.copyOf(peers);
  }

  @Nullable String addressOf(@Nullable String peer) {
    return peer == null ? null : peers.get(peer);
  }
}
