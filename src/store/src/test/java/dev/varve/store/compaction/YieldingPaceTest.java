package dev.varve.store.compaction;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * A run beside operations that take the longer the faster it goes, and which are told of at once.
 */
class YieldingPaceTest {
  private static final long MIB = 1 << 20;
  private static final long IDLE_NANOS = 1_000_000;
  private static final int SETTLE_STEPS =
      (int) (YieldingPace.SETTLE_NANOS / YieldingPace.STEP_NANOS);

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
    return new YieldingPace(List.of(this::p99Nanos), most, nowNanos);
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

  /** Guard: a percentile for each kind. Of both together, reads are too many to tell of writes. */
  @Test
  void theKindThatSuffersMostDecides() {
    ForegroundLatency writes = () -> 50 * IDLE_NANOS + pace / MIB * 50 * nanosPerMib;
    ForegroundLatency reads = () -> IDLE_NANOS;
    YieldingPace yielding = new YieldingPace(List.of(reads, writes), 0, nowNanos);
    long mean = go(yielding, 1000);
    assertTrue(mean > 12 * MIB && mean < 21 * MIB, "mean pace " + mean);
  }

  /** Guard: {@code hasNewcomers}. */
  @Test
  void aKindThatComesLaterIsMeasuredFirst() {
    boolean[] writing = {false};
    ForegroundLatency writes =
        () -> writing[0] ? 50 * IDLE_NANOS + pace / MIB * 50 * nanosPerMib : 0;
    ForegroundLatency reads = () -> IDLE_NANOS;
    YieldingPace yielding = new YieldingPace(List.of(reads, writes), 0, nowNanos);
    go(yielding, 300);
    assertTrue(pace > 100 * MIB, "pace " + pace);
    writing[0] = true;
    go(yielding, 1);
    assertEquals(YieldingPace.LEAST_BYTES_PER_SECOND, pace);
    long mean = go(yielding, 1000);
    assertTrue(mean > 12 * MIB && mean < 21 * MIB, "mean pace " + mean);
  }

  @Test
  void givesWayWithinASecondAndNeverStops() {
    nanosPerMib = 0;
    YieldingPace yielding = start(0);
    go(yielding, 100);
    assertTrue(pace > 100 * MIB);
    ownNanos = 10 * IDLE_NANOS; // it is not said whether that is the run's fault
    go(yielding, 1);
    assertEquals(YieldingPace.LEAST_BYTES_PER_SECOND, pace);
    go(yielding, 100);
    assertTrue(pace > 100 * MIB, "at the least pace it was still slow: " + pace);
  }

  /** Guard: the measurement at the least pace when operations are slow there. */
  @Test
  void operationsThatGetSlowerByAndByDoNotStopIt() {
    nanosPerMib = 0;
    YieldingPace yielding = start(0);
    go(yielding, 100);
    ownNanos = IDLE_NANOS * 3 / 2; // slow, but not by far
    long mean = go(yielding, 400);
    assertTrue(mean > 100 * MIB, "mean pace " + mean);
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
    go(bounded, SETTLE_STEPS + 1);
    assertEquals(50 * MIB, go(bounded, 10));
  }

  /** Guard: vanished operations lead to a measurement first. */
  @Test
  void operationsThatVanishMayHaveBeenStoppedByIt() {
    YieldingPace yielding = start(0);
    go(yielding, 200);
    load = false;
    go(yielding, 1);
    assertEquals(YieldingPace.LEAST_BYTES_PER_SECOND, pace, "it gives them room to come back");
    go(yielding, SETTLE_STEPS - 2);
    assertEquals(YieldingPace.LEAST_BYTES_PER_SECOND, pace);
    go(yielding, 2);
    assertEquals(0, pace, "they do not");
  }

  /** Guard: a run measures before it goes faster. */
  @Test
  void runsInTurnDoNotEachTolerateAFifthMore() {
    for (int run = 0; run < 20; run++) {
      // What is told at its start is still the disturbance of the one before.
      go(start(0), 150);
    }
    assertTrue(pace < 25 * MIB, "pace " + pace);
  }

  /** Guard: {@code MEASURE_EACH_NANOS}. */
  @Test
  void aMeasureOfABadMomentIsNotKept() {
    ownNanos = 100 * IDLE_NANOS;
    YieldingPace yielding = start(0);
    go(yielding, SETTLE_STEPS + 1);
    ownNanos = IDLE_NANOS; // a hundred times as long would be tolerated now
    long mean = go(yielding, 2000);
    assertTrue(mean < 21 * MIB, "mean pace " + mean);
  }

  @Test
  void keepsTheBoundThatItIsGiven() {
    nanosPerMib = 0;
    assertEquals(3 * MIB, go(start(3 * MIB), 200));
    assertEquals(1000, go(start(1000), 200));
  }
}
