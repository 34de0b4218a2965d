package dev.varve.replication;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a member knows of itself and its shard.
 *
 * @param member its name and the id of its directory
 * @param role what it is to the shard
 * @param detail one line for people: what it is doing, or what it waits for
 * @param term the highest term it has persisted; 0 before the first
 * @param primary the primary's name as last heard, or null
 * @param primaryAddress the address of that primary among the configured peers, or null
 * @param lastSequence the last sequence that is durable here
 * @param committedSequence the last sequence known to be committed here
 * @param serving on the primary: its term-start record is committed and a majority hears it
 * @param caughtUp on a replica: it heard the primary lately and no copy of an image is under way
 * @param damage why the store could not be opened, or null
 * @param replicas on the primary: how far each other member has come; else empty
 * @param membership who counts in quorums, as last appended to the log; empty before the bootstrap
 */
public record MemberStatus(
    MemberId member,
    MemberRole role,
    String detail,
    long term,
    @Nullable String primary,
    @Nullable String primaryAddress,
    long lastSequence,
    long committedSequence,
    boolean serving,
    boolean caughtUp,
    @Nullable String damage,
    List<ReplicaProgress> replicas,
    List<MemberId> membership) {

  public MemberStatus {
    replicas = List.copyOf(replicas);
    membership = List.copyOf(membership);
  }

  /**
   * How far a replica has come, seen from the primary.
   *
   * @param member the replica's name
   * @param acknowledgedSequence the last sequence that it made durable and acknowledged
   * @param lagMs for how long it has been behind the primary's last sequence, milliseconds; 0 when
   *     level
   * @param connected whether it answered within the last second
   * @param voting whether it counts in quorums
   */
  public record ReplicaProgress(
      String member, long acknowledgedSequence, long lagMs, boolean connected, boolean voting) {}
}
