package dev.varve.store.compaction;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/** A run beside operations that take the longer the faster it goes. */
class YieldingPaceTest {
  private static final long MIB = 1 << 20;
  private static final long IDLE_NANOS = 1_000_000;

  private long nowNanos;
  private long ownNanos = IDLE_NANOS;
  private long nanosPerMib = 10_000;
  private long pace;
  private boolean load = true;

  /** 1 ms, and 10 µs more for each MiB a second that the run reads. */
  private long p99Nanos() {
    return load ? ownNanos + pace / MIB * nanosPerMib : 0;
  }

  private YieldingPace start(long most) {
    return new YieldingPace(this::p99Nanos, most, nowNanos);
  }

  /** Goes on for so long and returns the mean pace of the last half. */
  private long go(YieldingPace yielding, int steps) {
    long sum = 0;
    for (int i = 0; i < steps; i++) {
      nowNanos += YieldingPace.STEP_NANOS;
      pace = yielding.bytesPerSecond(nowNanos);
      sum += i >= steps / 2 ? pace : 0;
    }
    return sum / (steps - steps / 2);
  }

  @Test
  void goesAsFastAsOperationsTolerate() {
    YieldingPace yielding = start(0);
    long mean = go(yielding, 1000);
    // A fifth of 1 ms is reached at 20 MiB a second.
    assertTrue(mean > 12 * MIB && mean < 21 * MIB, "mean pace " + mean);
    nanosPerMib = 1_000;
    mean = go(yielding, 1000);
    assertTrue(mean > 120 * MIB && mean < 210 * MIB, "mean pace " + mean);
  }

  @Test
  void givesWayWithinASecondAndNeverStops() {
    nanosPerMib = 0;
    YieldingPace yielding = start(0);
    go(yielding, 100);
    assertTrue(pace > 100 * MIB);
    ownNanos = 10 * IDLE_NANOS; // it is not said whether that is the run's fault
    go(yielding, 15);
    assertEquals(YieldingPace.LEAST_BYTES_PER_SECOND, pace);
    go(yielding, 100);
    assertTrue(pace > 100 * MIB, "at the least pace it was still slow: " + pace);
  }

  @Test
  void nobodyThereMeansAsFastAsMayBe() {
    load = false;
    assertEquals(0, start(0).bytesPerSecond(nowNanos));
    YieldingPace bounded = start(50 * MIB);
    assertEquals(50 * MIB, go(bounded, 10));
    load = true;
    go(bounded, 1);
    assertEquals(YieldingPace.LEAST_BYTES_PER_SECOND, pace);
    long mean = go(bounded, 1000);
    assertTrue(mean > 12 * MIB && mean < 21 * MIB, "mean pace " + mean);
    load = false;
    assertEquals(50 * MIB, go(bounded, 10));
  }

  @Test
  void keepsTheBoundThatItIsGiven() {
    nanosPerMib = 0;
    assertEquals(3 * MIB, go(start(3 * MIB), 200));
    assertEquals(1000, go(start(1000), 200));
  }
}
