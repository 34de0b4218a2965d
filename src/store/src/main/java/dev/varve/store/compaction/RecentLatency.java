package dev.varve.store.compaction;

import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;

/**
 * How long operations took in the last one to two seconds, as a program records them: in buckets of
 * an eighth of a power of two, so that a percentile is at most an eighth too high. Two windows of a
 * second take turns. Besides it adds up how long compactions have waited for operations. Safe for
 * several threads; what is recorded while windows change may be lost, and recording takes no lock.
 */
public final class RecentLatency implements ForegroundLatency {
  /** With fewer operations a 99th percentile says nothing, unless they took {@link #LONG_NANOS}. */
  public static final int OPERATIONS_MIN = 20;

  /**
   * So much time of all operations together in one or two seconds means that somebody waits,
   * however few they are: they may be few because each waits for a compaction's reading and
   * writing.
   */
  static final long LONG_NANOS = 200_000_000;

  private static final long WINDOW_NANOS = 1_000_000_000;
  private static final int FINE_BITS = 3;
  private static final int BUCKETS = Long.SIZE << FINE_BITS;

  private final LongSupplier nanoTime;
  private final AtomicLongArray[] windows = {
    new AtomicLongArray(BUCKETS), new AtomicLongArray(BUCKETS)
  };

  private final LongAdder yielded = new LongAdder();

  /** The number of the window that is recorded to. */
  private final AtomicLong current = new AtomicLong();

  /**
   * @param nanoTime a monotonic clock such as {@code System::nanoTime}
   */
  public RecentLatency(LongSupplier nanoTime) {
    this.nanoTime = nanoTime;
    current.set(window());
  }

  /** An operation that has just ended took so long. */
  public void record(long durationNanos) {
    windows[(int) (turn() & 1)].incrementAndGet(bucket(Math.max(0, durationNanos)));
  }

  @Override
  public long p99Nanos() {
    turn();
    long operations = 0;
    double tookNanos = 0;
    for (int i = 0; i < BUCKETS; i++) {
      long count = count(i);
      operations += count;
      tookNanos += (double) count * highest(i);
    }
    if (operations < OPERATIONS_MIN && tookNanos < LONG_NANOS) {
      return 0;
    }
    long above = operations / 100;
    for (int i = BUCKETS - 1; i >= 0; i--) {
      above -= count(i);
      if (above < 0) {
        return Math.max(1, highest(i));
      }
    }
    return 0;
  }

  @Override
  public void yielded(long nanos) {
    yielded.add(nanos);
  }

  /** How long compactions have waited for the sake of operations since this was made. */
  public long yieldedNanos() {
    return yielded.sum();
  }

  private long count(int bucket) {
    return windows[0].get(bucket) + windows[1].get(bucket);
  }

  /** Empties what is over, and returns the window to record to. */
  private long turn() {
    long now = window();
    long before = current.get();
    // A thread that read the clock and then rested must not turn back what others have turned.
    if (now > before && current.compareAndSet(before, now)) {
      clear(windows[(int) (now & 1)]);
      if (now != before + 1) {
        clear(windows[(int) (~now & 1)]);
      }
    }
    return Math.max(now, before);
  }

  private long window() {
    return Math.floorDiv(nanoTime.getAsLong(), WINDOW_NANOS);
  }

  private static void clear(AtomicLongArray window) {
    for (int i = 0; i < BUCKETS; i++) {
      window.set(i, 0);
    }
  }

  private static int bucket(long nanos) {
    if (nanos < 1 << FINE_BITS) {
      return (int) nanos;
    }
    int power = Long.SIZE - 1 - Long.numberOfLeadingZeros(nanos);
    int fine = (int) (nanos >>> (power - FINE_BITS)) & ((1 << FINE_BITS) - 1);
    return ((power - FINE_BITS + 1) << FINE_BITS) + fine;
  }

  /** The longest duration that is counted in a bucket. */
  private static long highest(int bucket) {
    if (bucket < 1 << FINE_BITS) {
      return bucket;
    }
    int shift = (bucket >>> FINE_BITS) - 1;
    long fine = (1L << FINE_BITS) + (bucket & ((1 << FINE_BITS) - 1));
    return ((fine + 1) << shift) - 1;
  }
}
