package dev.varve.store.compaction;

/**
 * A pace that yields to foreground operations: it halves when their 99th percentile is more than a
 * fifth above what it is without the run, and grows by an eighth while it is not. With nobody there
 * it is as fast as may be. It never falls below {@link #LEAST_BYTES_PER_SECOND}, so that a run
 * ends.
 *
 * <p>What the percentile is without the run is measured when the run begins, and again when it has
 * gone at the least pace for {@link #SETTLE_NANOS}: if operations are still slow then, something
 * else makes them so. Not for several threads.
 */
final class YieldingPace implements RateLimiter.Pace {
  static final long LEAST_BYTES_PER_SECOND = 1 << 20;
  static final long FIRST_BYTES_PER_SECOND = 16 << 20;

  /** Beside operations, so that giving way does not take long. */
  static final long FASTEST_BYTES_PER_SECOND = 1 << 30;

  static final double TOLERATED = 1.2;
  static final long STEP_NANOS = 100_000_000;
  static final long SETTLE_NANOS = 2_000_000_000;

  private final ForegroundLatency latency;
  private final long mostBytesPerSecond;
  private final long leastBytesPerSecond;

  /** The percentile without the run; 0: not known. */
  private long undisturbedNanos;

  private boolean alone;
  private long bytesPerSecond;
  private long adjustedAt;
  private long leastSince;

  /**
   * @param mostBytesPerSecond 0: no bound
   */
  YieldingPace(ForegroundLatency latency, long mostBytesPerSecond, long nowNanos) {
    this.latency = latency;
    this.mostBytesPerSecond = mostBytesPerSecond;
    this.leastBytesPerSecond = bounded(LEAST_BYTES_PER_SECOND);
    this.bytesPerSecond = bounded(FIRST_BYTES_PER_SECOND);
    this.undisturbedNanos = latency.p99Nanos();
    this.alone = undisturbedNanos == 0;
    this.adjustedAt = nowNanos;
    this.leastSince = nowNanos;
  }

  private long bounded(long pace) {
    long most = mostBytesPerSecond == 0 ? FASTEST_BYTES_PER_SECOND : mostBytesPerSecond;
    return Math.min(pace, most);
  }

  @Override
  public long bytesPerSecond(long nowNanos) {
    if (nowNanos - adjustedAt >= STEP_NANOS) {
      adjustedAt = nowNanos;
      adjust(latency.p99Nanos(), nowNanos);
    }
    return alone ? mostBytesPerSecond : bytesPerSecond;
  }

  private void adjust(long p99Nanos, long nowNanos) {
    if (p99Nanos == 0) {
      alone = true;
      return;
    }
    if (alone) {
      // Somebody came while it went at full speed: gives way at once, and measures.
      alone = false;
      undisturbedNanos = 0;
      bytesPerSecond = leastBytesPerSecond;
      leastSince = nowNanos;
      return;
    }
    boolean settled =
        bytesPerSecond <= leastBytesPerSecond && nowNanos - leastSince >= SETTLE_NANOS;
    if (settled && (undisturbedNanos == 0 || isSlow(p99Nanos))) {
      undisturbedNanos = p99Nanos;
    }
    if (undisturbedNanos == 0) {
      return;
    }
    if (!isSlow(p99Nanos)) {
      bytesPerSecond = bounded(bytesPerSecond + Math.max(1, bytesPerSecond / 8));
    } else if (bytesPerSecond > leastBytesPerSecond) {
      bytesPerSecond = Math.max(leastBytesPerSecond, bytesPerSecond / 2);
      leastSince = nowNanos;
    }
  }

  private boolean isSlow(long p99Nanos) {
    return p99Nanos > undisturbedNanos * TOLERATED;
  }
}
