package dev.varve.replication;

import java.util.function.ToLongFunction;

/** When a primary may call its entries committed. */
final class CommitRule {
  private CommitRule() {}

  /**
   * The highest sequence that may be called committed now: durable on a majority, and of the
   * primary's own term. What earlier terms left in the log commits only together with the
   * term-start record of this one: a majority that holds an entry of an earlier term does not keep
   * a later primary from cutting it, a majority that holds one of the current term does.
   *
   * @param termStartSequence the sequence of this term's start record
   * @param committed what is committed already
   * @param durableAt the last sequence that is durable at a member
   */
  static long committed(
      Quorum quorum, long termStartSequence, long committed, ToLongFunction<MemberId> durableAt) {
    long durable = quorum.reachedByMajority(durableAt);
    return durable >= termStartSequence && durable > committed ? durable : committed;
  }
}
