package dev.varve.store.compaction;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.LongUnaryOperator;
import org.junit.jupiter.api.Test;

/** Runs beside simulated operations that are told of as {@link RecentLatency} does. */
class RateLimiterTest {
  private static final long MIB = 1 << 20;
  private static final long SECOND_NANOS = 1_000_000_000;
  private static final int CHUNK = 256 << 10;
  private static final long SEED = 20261125;

  private long nowNanos = 3 * SECOND_NANOS;
  private final RecentLatency latency = new RecentLatency(() -> nowNanos);
  private final SplittableRandom random = new SplittableRandom(SEED);

  /** How long an operation takes while the run reads so many bytes a second. */
  private LongUnaryOperator tookNanos = pace -> SECOND_NANOS / 1000;

  private long operationsASecond;
  private long readBytes;
  private long readBefore;
  private long pacedAt;
  private long pace;
  private double pendingOperations;
  private final long[] took = new long[1_000_000];
  private int operations;

  private RateLimiter start(long most) {
    return RateLimiter.yieldingTo(List.of(latency), most, () -> nowNanos, this::pass);
  }

  /** Time passes; operations end meanwhile, and are recorded. */
  private void pass(long nanos) {
    long until = nowNanos + nanos;
    while (nowNanos < until) {
      long step = Math.min(until - nowNanos, 1_000_000);
      nowNanos += step;
      if (nowNanos - pacedAt >= 100_000_000) {
        pace = (readBytes - readBefore) * SECOND_NANOS / (nowNanos - pacedAt);
        readBefore = readBytes;
        pacedAt = nowNanos;
      }
      pendingOperations += (double) operationsASecond * step / SECOND_NANOS;
      for (; pendingOperations >= 1; pendingOperations--) {
        long nanosNow = tookNanos.applyAsLong(pace);
        latency.record(nanosNow);
        took[operations++ % took.length] = nanosNow;
      }
    }
  }

  /** A run that reads 1 GiB a second at most goes on until then; returns its mean pace. */
  private long run(RateLimiter limiter, long nanos) throws CompactionCancelledException {
    long began = nowNanos;
    long from = readBytes;
    while (nowNanos - began < nanos) {
      readBytes += CHUNK;
      pass((long) CHUNK * SECOND_NANOS / (1 << 30));
      limiter.acquire(CHUNK, CancelToken.unbounded());
    }
    return (readBytes - from) * SECOND_NANOS / (nowNanos - began);
  }

  private long p99() {
    long[] sorted = Arrays.copyOf(took, operations);
    Arrays.sort(sorted);
    operations = 0;
    return sorted[sorted.length - 1 - sorted.length / 100];
  }

  /** As at a queue that can serve 100 MiB a second, with some noise. */
  private long queued(long bytesPerSecond) {
    double load = Math.min(0.98, bytesPerSecond / (100.0 * MIB));
    return (long) (1_000_000 * Math.exp(0.25 * gaussian()) / (1 - load));
  }

  private double gaussian() {
    double sum = -6;
    for (int i = 0; i < 12; i++) {
      sum += random.nextDouble();
    }
    return sum;
  }

  /** Guards: halving once in what is told of, and slow growth after the limit was met. */
  @Test
  void operationsKeepTheirPercentileAndTheRunMostOfItsPace() throws CompactionCancelledException {
    operationsASecond = 1000;
    tookNanos = this::queued;
    pass(10 * SECOND_NANOS);
    long idle = p99();
    long mean = run(start(0), 180 * SECOND_NANOS);
    double ratio = (double) p99() / idle;
    assertTrue(ratio < 1.2, "seed " + SEED + ": " + ratio + " times the percentile without it");
    // A fifth more is reached at a sixth of 100 MiB a second.
    assertTrue(mean > 9 * MIB, "seed " + SEED + ": mean pace " + mean);
  }

  /** Guard: {@code LONG_NANOS} in {@code RecentLatency}. */
  @Test
  void fewOperationsBecauseOfTheRunAreNotNobody() throws CompactionCancelledException {
    // Three clients that each wait for an answer, at full speed a second long.
    tookNanos = bytesPerSecond -> bytesPerSecond > 200 * MIB ? SECOND_NANOS : 5_000_000;
    RateLimiter limiter = start(0);
    run(limiter, 3 * SECOND_NANOS);
    assertTrue(pace > 900 * MIB, "alone at first: " + pace);
    operationsASecond = 3;
    run(limiter, 3 * SECOND_NANOS);
    assertTrue(pace < 2 * MIB, "pace " + pace);
  }

  /** Guard: the pace is asked for again while it waits. */
  @Test
  void aLargeRecordDoesNotWaitLongerThanThereIsAReason() throws CompactionCancelledException {
    operationsASecond = 100;
    RateLimiter limiter = start(0);
    pass(SECOND_NANOS);
    run(limiter, SECOND_NANOS);
    operationsASecond = 0;
    long began = nowNanos;
    limiter.acquire(16 * MIB, CancelToken.unbounded());
    long waited = nowNanos - began;
    assertTrue(waited <= 5 * SECOND_NANOS, "at 1 MiB a second it were 16 s: " + waited);
  }

  @Test
  void tellsHowLongItWaitsForOperationsAndNotForItsLimit() throws CompactionCancelledException {
    run(start(0), SECOND_NANOS);
    run(start(10 * MIB), SECOND_NANOS);
    assertEquals(0, latency.yieldedNanos(), "alone, at full speed and at a limit");
    operationsASecond = 1000;
    pass(2 * SECOND_NANOS);
    run(start(MIB / 2), 5 * SECOND_NANOS);
    assertEquals(0, latency.yieldedNanos(), "its limit is below the least pace");
    run(start(0), 2 * SECOND_NANOS);
    long yielded = latency.yieldedNanos();
    assertTrue(yielded > 1.8e9 && yielded < 2.3e9, "most of two seconds of measuring: " + yielded);
    run(start(2 * MIB), 100 * SECOND_NANOS);
    yielded = latency.yieldedNanos() - yielded;
    // At most two measurements; between them it goes at its limit.
    assertTrue(yielded < 5 * SECOND_NANOS, "nothing is slow: " + yielded);
  }
}
