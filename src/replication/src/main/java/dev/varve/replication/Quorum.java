package dev.varve.replication;

import java.util.Arrays;
import java.util.List;
import java.util.function.Predicate;
import java.util.function.ToLongFunction;

/**
 * Counting over a membership. Members are counted by id, never by name alone: a directory that was
 * lost and made anew under the same name does not count for the one before.
 */
record Quorum(List<MemberId> membership) {

  Quorum {
    membership = List.copyOf(membership);
  }

  /** How many members make a majority; 1 for an empty membership, which nobody can reach. */
  int majority() {
    return membership.size() / 2 + 1;
  }

  boolean includes(MemberId member) {
    return membership.contains(member);
  }

  /** Whether a majority of the membership satisfies {@code condition}. */
  boolean reached(Predicate<MemberId> condition) {
    return membership.stream().filter(condition).count() >= majority();
  }

  /**
   * The highest value that a majority of the membership has reached or passed; {@link
   * Long#MIN_VALUE} for an empty membership.
   */
  long reachedByMajority(ToLongFunction<MemberId> valueOf) {
    if (membership.isEmpty()) {
      return Long.MIN_VALUE;
    }
    long[] values = membership.stream().mapToLong(valueOf).sorted().toArray();
    return values[values.length - majority()];
  }

  @Override
  public String toString() {
    return Arrays.toString(membership.toArray());
  }
}
