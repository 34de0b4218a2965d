package dev.varve.replication;

import java.util.function.ToLongFunction;

/** For how long a primary may answer reads alone. */
final class ReadPromise {
  private ReadPromise() {}

  /**
   * Until when reads are fresh, exclusive: one read period after the *sending* of the heartbeats
   * that a majority acknowledged. Whoever acknowledged helps no other for the longer promise
   * period, which began later, at the acknowledgement.
   *
   * @param acknowledgedSendNanos when the latest heartbeat was sent that the member acknowledged;
   *     for the primary itself, now
   */
  static long freshUntilNanos(
      Quorum quorum, Timing timing, ToLongFunction<MemberId> acknowledgedSendNanos) {
    long sent = quorum.reachedByMajority(acknowledgedSendNanos);
    return sent == Long.MIN_VALUE ? Long.MIN_VALUE : sent + timing.freshRead().toNanos();
  }
}
