package dev.varve.client;

import java.time.Duration;
import java.util.random.RandomGenerator;

/**
 * How long to wait before the next attempt: doubling from 20 ms to 1 s, with full jitter over the
 * upper half.
 */
final class Backoff {
  private static final long FIRST_NANOS = Duration.ofMillis(20).toNanos();
  private static final long LONGEST_NANOS = Duration.ofSeconds(1).toNanos();

  private final RandomGenerator random;
  private int attempts;

  Backoff(RandomGenerator random) {
    this.random = random;
  }

  /** Whether anything was waited for. */
  boolean isUsed() {
    return attempts > 0;
  }

  long nextNanos() {
    long whole = Math.min(LONGEST_NANOS, FIRST_NANOS << Math.min(attempts, 6));
    attempts++;
    return whole / 2 + random.nextLong(whole / 2);
  }
}
