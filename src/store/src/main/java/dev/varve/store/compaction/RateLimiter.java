package dev.varve.store.compaction;

import java.util.function.LongSupplier;

/**
 * Holds a compaction to so many bytes a second. Time that passes unused is not saved up beyond
 * {@link #BURST_NANOS}, so a run never makes up for a pause with a burst. Not for several threads.
 */
public final class RateLimiter {

  /** Waits; a simulation lets its clock pass instead. */
  public interface Sleeper {
    /** Returns after about so many nanoseconds. */
    void sleep(long nanos);
  }

  /** How many bytes a second may pass at a moment. */
  @FunctionalInterface
  interface Pace {
    /** 0: everything at once. */
    long bytesPerSecond(long nowNanos);
  }

  private static final long BURST_NANOS = 100_000_000;

  /** The longest wait between two looks at the token. */
  private static final long STEP_NANOS = 100_000_000;

  private final Pace pace;
  private final LongSupplier nanoTime;
  private final Sleeper sleeper;
  private long paidUntil;

  private RateLimiter(Pace pace, LongSupplier nanoTime, Sleeper sleeper) {
    this.pace = pace;
    this.nanoTime = nanoTime;
    this.sleeper = sleeper;
    this.paidUntil = nanoTime.getAsLong();
  }

  /** Lets everything pass at once. */
  public static RateLimiter unlimited() {
    return new RateLimiter(now -> 0, () -> 0, nanos -> {});
  }

  /**
   * Lets so many bytes a second pass.
   *
   * @param bytesPerSecond 0: everything at once
   * @param nanoTime a monotonic clock
   */
  public static RateLimiter of(long bytesPerSecond, LongSupplier nanoTime, Sleeper sleeper) {
    if (bytesPerSecond < 0) {
      throw new IllegalArgumentException("bytesPerSecond must not be negative: " + bytesPerSecond);
    }
    return bytesPerSecond == 0
        ? unlimited()
        : new RateLimiter(now -> bytesPerSecond, nanoTime, sleeper);
  }

  /**
   * Yields to foreground operations: slows down while they take more than a fifth longer than
   * without the run, to 1 MiB a second if need be.
   *
   * @param mostBytesPerSecond never more; 0: as many as they tolerate, and everything at once while
   *     there are none
   */
  public static RateLimiter yieldingTo(
      ForegroundLatency latency, long mostBytesPerSecond, LongSupplier nanoTime, Sleeper sleeper) {
    if (mostBytesPerSecond < 0) {
      throw new IllegalArgumentException(
          "mostBytesPerSecond must not be negative: " + mostBytesPerSecond);
    }
    return new RateLimiter(
        new YieldingPace(latency, mostBytesPerSecond, nanoTime.getAsLong()), nanoTime, sleeper);
  }

  /** Accounts for bytes and returns when they may pass, looking at the token while it waits. */
  void acquire(long bytes, CancelToken token) throws CompactionCancelledException {
    token.check();
    long bytesPerSecond = pace.bytesPerSecond(nanoTime.getAsLong());
    if (bytesPerSecond == 0) {
      return;
    }
    paidUntil = Math.max(paidUntil, nanoTime.getAsLong() - BURST_NANOS);
    paidUntil +=
        Math.multiplyHigh(bytes, 1_000_000_000L) == 0
            ? bytes * 1_000_000_000L / bytesPerSecond
            : bytes / bytesPerSecond * 1_000_000_000L;
    long wait = paidUntil - nanoTime.getAsLong();
    while (wait > 0) {
      sleeper.sleep(Math.min(wait, STEP_NANOS));
      token.check();
      wait = paidUntil - nanoTime.getAsLong();
    }
  }
}
