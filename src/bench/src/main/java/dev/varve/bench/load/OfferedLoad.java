package dev.varve.bench.load;

import java.io.IOException;
import java.time.Duration;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongConsumer;
import org.HdrHistogram.ConcurrentHistogram;
import org.HdrHistogram.Histogram;

/**
 * A fixed number of operations a second, whatever the store does. Each operation has a time at
 * which it is meant to start; its latency counts from there, so a stalled store is charged for all
 * that had to wait meanwhile (no coordinated omission).
 */
public final class OfferedLoad {
  private static final long PARK_NANOS_MIN = 300_000;
  private static final long WAKE_UP_NANOS = 150_000;
  private static final long LATENCY_NANOS_MAX = TimeUnit.MINUTES.toNanos(10);

  private OfferedLoad() {}

  /**
   * Offers load and returns its latencies in nanoseconds.
   *
   * @param perSecond operations a second over all threads
   * @param taken told each latency as well, by any thread
   * @throws IOException the first failure of any thread
   */
  public static Histogram latencies(
      int threads, double perSecond, Duration length, ClosedLoad.Work work, LongConsumer taken)
      throws IOException {
    Histogram latencies = new ConcurrentHistogram(LATENCY_NANOS_MAX, 3);
    double intervalNanos = 1e9 * threads / perSecond;
    long begin = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(1);
    Workers.run(
        threads,
        (worker, running) -> {
          SplittableRandom random = new SplittableRandom(7_000_003L * worker + 29);
          double offset = intervalNanos * worker / threads;
          for (long n = 0; running.getAsBoolean(); n++) {
            long after = (long) (offset + n * intervalNanos);
            if (after > length.toNanos()) {
              return;
            }
            waitUntil(begin + after);
            work.run(worker, random);
            long latency = System.nanoTime() - (begin + after);
            latencies.recordValue(Math.min(latency, LATENCY_NANOS_MAX));
            taken.accept(latency);
          }
        });
    return latencies;
  }

  @SuppressWarnings("ThreadPriorityCheck") // the clock decides; yielding leaves others the core
  private static void waitUntil(long intended) {
    long left;
    while ((left = intended - System.nanoTime()) > 0) {
      if (left > PARK_NANOS_MIN) {
        LockSupport.parkNanos(left - WAKE_UP_NANOS);
      } else {
        Thread.yield();
      }
    }
  }
}
