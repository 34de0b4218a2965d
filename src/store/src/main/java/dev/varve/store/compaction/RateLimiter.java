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

  private static final long BURST_NANOS = 100_000_000;

  /** The longest wait between two looks at the token. */
  private static final long STEP_NANOS = 100_000_000;

  private final long bytesPerSecond;
  private final LongSupplier nanoTime;
  private final Sleeper sleeper;
  private long paidUntil;

  private RateLimiter(long bytesPerSecond, LongSupplier nanoTime, Sleeper sleeper) {
    this.bytesPerSecond = bytesPerSecond;
    this.nanoTime = nanoTime;
    this.sleeper = sleeper;
    this.paidUntil = nanoTime.getAsLong();
  }

  /** Lets everything pass at once. */
  public static RateLimiter unlimited() {
    return new RateLimiter(0, () -> 0, nanos -> {});
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
    return bytesPerSecond == 0 ? unlimited() : new RateLimiter(bytesPerSecond, nanoTime, sleeper);
  }

  /** Accounts for bytes and returns when they may pass, looking at the token while it waits. */
  void acquire(long bytes, CancelToken token) throws CompactionCancelledException {
    token.check();
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
