package dev.varve.replication;

/**
 * For how long a replica has not known that it had applied all that the primary had committed. Read
 * by any thread, written by one.
 */
final class Staleness {
  private long awaitedSequence = -1;
  private long awaitedNanos;
  private boolean everLevel;
  private long levelNanos;

  /**
   * The primary said what it has committed.
   *
   * @param applied what is applied here; -1 while no store is open
   */
  synchronized void heard(long committed, long applied, long nowNanos) {
    settle(applied);
    if (awaitedSequence < 0) {
      awaitedSequence = committed;
      awaitedNanos = nowNanos;
      settle(applied);
    }
  }

  /** {@link Long#MAX_VALUE} if it never was level. */
  synchronized long staleMs(long applied, long nowNanos) {
    settle(applied);
    return everLevel ? Math.max(nowNanos - levelNanos, 0) / 1_000_000 : Long.MAX_VALUE;
  }

  private void settle(long applied) {
    if (awaitedSequence >= 0 && applied >= awaitedSequence) {
      everLevel = true;
      levelNanos = awaitedNanos;
      awaitedSequence = -1;
    }
  }
}
