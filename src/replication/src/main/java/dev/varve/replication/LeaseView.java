package dev.varve.replication;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a Lease says.
 *
 * @param version opaque: identifies what was read (the resource version)
 * @param holder the member that took the latest term, or null before the first
 * @param term the latest term taken; 0 before the first
 * @param renewedAtMs when the holder last renewed it, milliseconds since 1970; 0: never
 * @param durationMs for how long a renewal is meant to hold, milliseconds
 * @param bootstrapRequested the members that may start an empty shard together; empty: no such
 *     permission
 * @param bootstrapMembers who started the shard, member name to member id; empty: nobody yet, or no
 *     longer recorded
 */
public record LeaseView(
    String version,
    @Nullable String holder,
    long term,
    long renewedAtMs,
    long durationMs,
    List<String> bootstrapRequested,
    Map<String, String> bootstrapMembers) {

  public LeaseView {
    bootstrapRequested = List.copyOf(bootstrapRequested);
    bootstrapMembers = Map.copyOf(bootstrapMembers);
  }

  /** The same Lease taken or renewed by {@code newHolder}. */
  LeaseView heldBy(String newHolder, long newTerm, long nowMs) {
    return new LeaseView(
        version, newHolder, newTerm, nowMs, durationMs, bootstrapRequested, bootstrapMembers);
  }

  /** The same Lease with the permission to bootstrap used up by {@code members}. */
  LeaseView bootstrappedBy(Map<String, String> members) {
    return new LeaseView(version, holder, term, renewedAtMs, durationMs, List.of(), members);
  }
}
