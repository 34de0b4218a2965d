package dev.varve.store.compaction;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class RecentLatencyTest {
  private static final long SECOND_NANOS = 1_000_000_000;

  private long nowNanos = 5 * SECOND_NANOS;
  private final RecentLatency latency = new RecentLatency(() -> nowNanos);

  @Test
  void isAtMostAnEighthAboveThePercentile() {
    for (long seed = 0; seed < 200; seed++) {
      nowNanos += 3 * SECOND_NANOS;
      SplittableRandom random = new SplittableRandom(seed);
      int operations = 20 + random.nextInt(3000);
      long[] took = new long[operations];
      for (int i = 0; i < operations; i++) {
        took[i] = random.nextLong(1L << random.nextInt(1, 45));
        latency.record(took[i]);
      }
      Arrays.sort(took);
      long exact = took[operations - 1 - operations / 100];
      long said = latency.p99Nanos();
      assertTrue(said >= exact && said <= exact + exact / 8 + 1, exact + " and not " + said);
    }
  }

  @Test
  void forgetsWhatIsOver() {
    for (int i = 0; i < 100; i++) {
      latency.record(1_000_000);
    }
    assertTrue(latency.p99Nanos() >= 1_000_000);
    nowNanos += SECOND_NANOS;
    assertTrue(latency.p99Nanos() >= 1_000_000, "a second later it still counts");
    for (int i = 0; i < 100; i++) {
      latency.record(1_000);
    }
    nowNanos += SECOND_NANOS;
    assertTrue(latency.p99Nanos() < 1_200, "two seconds later it does not");
    nowNanos += 10 * SECOND_NANOS;
    assertEquals(0, latency.p99Nanos());
  }

  @Test
  void saysNothingOfAFew() {
    for (int i = 0; i < RecentLatency.OPERATIONS_MIN - 1; i++) {
      latency.record(1_000);
    }
    assertEquals(0, latency.p99Nanos());
    latency.record(1_000);
    assertTrue(latency.p99Nanos() > 0);
  }

  /** Guard: {@code LONG_NANOS}. */
  @Test
  void aFewThatTakeLongSaySomething() {
    latency.record(150_000_000);
    assertEquals(0, latency.p99Nanos());
    latency.record(150_000_000);
    assertTrue(latency.p99Nanos() >= 150_000_000);
  }

  /** Guard: the clock's older value in {@code RecentLatency.turn}. */
  @Test
  void aThreadThatRestedAfterItReadTheClockForgetsNothing() {
    nowNanos = 7 * SECOND_NANOS;
    for (int i = 0; i < 100; i++) {
      latency.record(1_000_000);
    }
    nowNanos -= 1;
    latency.record(1_000_000);
    nowNanos += 1;
    assertTrue(latency.p99Nanos() >= 1_000_000);
  }

  @Test
  void addsUpHowLongCompactionsWaited() {
    latency.yielded(3);
    latency.yielded(4);
    assertEquals(7, latency.yieldedNanos());
  }
}
