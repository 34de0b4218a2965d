package dev.varve.store.compaction;

import java.util.List;
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
    /** 0: everything at once. Asked before each wait, which is no longer than a step. */
    long bytesPerSecond(long nowNanos);

    /** So long a wait is over that this pace asked for. */
    default void waited(long nanos) {}
  }

  private static final long BURST_NANOS = 100_000_000;

  /** The longest wait between two looks at the token and the pace. */
  private static final long STEP_NANOS = 100_000_000;

  private static final double SECOND_NANOS = 1e9;

  private final Pace pace;
  private final LongSupplier nanoTime;
  private final Sleeper sleeper;

  /** What has passed and is not paid with time yet; below 0: what may pass at once. */
  private double owedBytes;

  private long settledAt;

  private RateLimiter(Pace pace, LongSupplier nanoTime, Sleeper sleeper) {
    this.pace = pace;
    this.nanoTime = nanoTime;
    this.sleeper = sleeper;
    this.settledAt = nanoTime.getAsLong();
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
   * without the run, to 1 MiB a second if need be, and tells {@link ForegroundLatency#yielded} of
   * the time that it waits for that and not for {@code mostBytesPerSecond}.
   *
   * @param mostBytesPerSecond never more; 0: as many as they tolerate, and everything at once while
   *     there are none
   */
  public static RateLimiter yieldingTo(
      List<ForegroundLatency> kinds,
      long mostBytesPerSecond,
      LongSupplier nanoTime,
      Sleeper sleeper) {
    if (mostBytesPerSecond < 0) {
      throw new IllegalArgumentException(
          "mostBytesPerSecond must not be negative: " + mostBytesPerSecond);
    }
    return new RateLimiter(
        new YieldingPace(kinds, mostBytesPerSecond, nanoTime.getAsLong()), nanoTime, sleeper);
  }

  /**
   * Accounts for bytes and returns when they may pass, looking at the token and the pace while it
   * waits: a large record that began to wait at a low pace goes on when the pace is higher.
   */
  void acquire(long bytes, CancelToken token) throws CompactionCancelledException {
    token.check();
    long waitNanos = settle(bytes);
    while (waitNanos > 0) {
      long before = nanoTime.getAsLong();
      sleeper.sleep(Math.min(waitNanos, STEP_NANOS));
      pace.waited(nanoTime.getAsLong() - before);
      token.check();
      waitNanos = settle(0);
    }
  }

  /** Pays with the time that has passed, adds bytes, and returns how long to wait for them. */
  private long settle(long bytes) {
    long now = nanoTime.getAsLong();
    long bytesPerSecond = pace.bytesPerSecond(now);
    double paid = (now - settledAt) / SECOND_NANOS * bytesPerSecond;
    double savedMost = BURST_NANOS / SECOND_NANOS * bytesPerSecond;
    settledAt = now;
    if (bytesPerSecond == 0) {
      owedBytes = 0;
      return 0;
    }
    owedBytes = Math.max(owedBytes - paid, -savedMost) + bytes;
    return (long) Math.ceil(owedBytes / bytesPerSecond * SECOND_NANOS);
  }
}
