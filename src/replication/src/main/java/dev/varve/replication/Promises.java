package dev.varve.replication;

/**
 * What this member has promised, by acknowledging heartbeats: to help no other member to become
 * primary for a while, so that the primary may answer reads alone for a shorter while. A member
 * that restarts does not know what it promised, so it keeps a promise of full length from its
 * start. Times are {@link Scheduler#nowNanos}.
 */
final class Promises {
  private final long promiseNanos;
  private long promisedUntilNanos;
  private long heardNanos;
  private long releasedTerm;

  Promises(Timing timing, long startedNanos) {
    this.promiseNanos = timing.promise().toNanos();
    this.promisedUntilNanos = startedNanos + promiseNanos;
    this.heardNanos = startedNanos;
  }

  /** The primary was heard, and is told so: the promise runs from now. */
  void promise(long nowNanos) {
    promisedUntilNanos = nowNanos + promiseNanos;
    heardNanos = nowNanos;
  }

  /**
   * A candidate was granted a fence: it deserves the time to begin, but nothing was promised to it.
   */
  void fenced(long nowNanos) {
    heardNanos = nowNanos;
  }

  /**
   * The primary of {@code term} has stopped and gives back what it was promised. It leads no more
   * in that term, so what it sent before and comes late binds nobody. Others leave its successor
   * the time to begin. In memory only: a member that restarts keeps a promise of full length, as
   * after every restart.
   */
  void release(long term, long nowNanos) {
    releasedTerm = term;
    promisedUntilNanos = nowNanos;
    heardNanos = nowNanos;
  }

  /** Whether the primary of this term has stopped, or that of a later one has. */
  boolean isReleased(long term) {
    return term <= releasedTerm;
  }

  /** Whether a fence may be granted, this member's own included. */
  boolean allowFence(long nowNanos) {
    return nowNanos - promisedUntilNanos >= 0;
  }

  /** Whether a pre-vote may be granted: no promise, and nothing heard that looks like a primary. */
  boolean allowPreVote(long nowNanos) {
    return allowFence(nowNanos) && nowNanos - heardNanos >= promiseNanos;
  }

  /**
   * When a primary, or a candidate that was granted a fence, was last heard; the start if none was.
   */
  long heardNanos() {
    return heardNanos;
  }
}
