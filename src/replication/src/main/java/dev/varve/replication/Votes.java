package dev.varve.replication;

import org.jspecify.annotations.Nullable;

/**
 * Whom a member helps to lead and whom it follows: decisions alone, without I/O. Who asks has to
 * persist what {@link Fence#persist} says, or the new term of whom it follows, before it acts or
 * answers.
 */
final class Votes {
  private Votes() {}

  /**
   * What becomes of a fence.
   *
   * @param refusal why it is refused; null: it is granted
   * @param persist whether the term and its holder are new and must be durable before the answer
   */
  record Fence(@Nullable String refusal, boolean persist) {
    boolean granted() {
      return refusal == null;
    }
  }

  /** The term that a candidate takes: above all that it has seen and that the Lease shows. */
  static long next(long highestSeen, long leaseTerm) {
    return Math.max(highestSeen, leaseTerm) + 1;
  }

  /** Whether a pre-vote is granted: nobody is helped to disturb a primary that may be heard. */
  static boolean grantsPreVote(boolean leads, Promises promises, long nowNanos) {
    return !leads && promises.allowPreVote(nowNanos);
  }

  /**
   * Decides on another's fence.
   *
   * @param leads whether this member is a primary, which a higher term has not deposed
   */
  static Fence fence(
      TermRecord record,
      boolean leads,
      Promises promises,
      long term,
      MemberId candidate,
      long nowNanos) {
    if (!record.admits(term, candidate)) {
      return new Fence("follows term " + record.term(), false);
    }
    if (!leads && !promises.allowFence(nowNanos)) {
      return new Fence("promised the primary not to", false);
    }
    return new Fence(null, term > record.term());
  }

  /** Whether a candidate may fence itself, in the term that it took from the Lease. */
  static boolean fencesItself(
      TermRecord record, Promises promises, long taken, MemberId self, long nowNanos) {
    return promises.allowFence(nowNanos) && record.admits(taken, self);
  }

  /** Whether what {@code primary} sends in {@code term} is taken, and the sender followed. */
  static boolean follows(
      TermRecord record, Promises promises, MemberId self, long term, MemberId primary) {
    return !primary.equals(self)
        && record.admits(term, primary)
        // Sent before the release, it must not renew the promise that the release ended.
        && !promises.isReleased(term);
  }

  /** Whether a release is of the primary, and the very term, that this member's promise is for. */
  static boolean takesRelease(TermRecord record, long term, MemberId primary) {
    return record.isOf(term, primary);
  }
}
