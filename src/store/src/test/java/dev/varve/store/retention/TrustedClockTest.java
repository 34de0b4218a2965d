package dev.varve.store.retention;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class TrustedClockTest {
  private static final long HOUR_MS = 3_600_000;
  private static final long DAY_MS = 24 * HOUR_MS;

  private long wallMs = 100 * DAY_MS;
  private long nanos = 77;
  private final TrustedClock clock = new TrustedClock(() -> wallMs, () -> nanos);

  private void pass(long ms) {
    wallMs += ms;
    nanos += ms * 1_000_000;
  }

  private TrustedClock.Reading read() {
    return clock.read(1, 0);
  }

  private void isBelieved() {
    assertEquals(new TrustedClock.Reading(wallMs, wallMs, 0), read());
  }

  @Test
  void isBelievedWhileItKeepsStep() {
    isBelieved();
    for (int hour = 0; hour < 1000; hour++) {
      pass(HOUR_MS);
      wallMs += 2_000; // drifts by more than the bound in the end
      isBelieved();
    }
  }

  @Test
  void aJumpAheadMakesNothingOlderUntilItHasKeptStep() {
    isBelieved();
    long before = wallMs;
    wallMs += 30 * DAY_MS;
    assertEquals(new TrustedClock.Reading(before, wallMs, 30 * DAY_MS), read());
    pass(TrustedClock.SETTLE_MS - 1);
    assertEquals(before + TrustedClock.SETTLE_MS - 1, read().hideMs());
    pass(1);
    isBelieved();
  }

  @Test
  void aJumpThatIsTakenBackLeavesNothingBehind() {
    isBelieved();
    wallMs += 30 * DAY_MS;
    assertEquals(30 * DAY_MS, read().aheadMs());
    pass(1000);
    wallMs -= 30 * DAY_MS;
    isBelieved();
  }

  @Test
  void everyFurtherJumpBeginsTheWaitingAnew() {
    isBelieved();
    long before = wallMs;
    wallMs += DAY_MS;
    assertEquals(before, read().hideMs());
    pass(TrustedClock.SETTLE_MS - 1);
    wallMs += DAY_MS;
    assertEquals(before + TrustedClock.SETTLE_MS - 1, read().hideMs());
    pass(TrustedClock.SETTLE_MS - 1);
    assertEquals(2 * DAY_MS, read().aheadMs());
  }

  @Test
  void aClockThatWasSetBackStampsNothingAsOlder() {
    isBelieved();
    long before = wallMs;
    wallMs -= DAY_MS;
    assertEquals(new TrustedClock.Reading(wallMs, before, -DAY_MS), read());
  }

  @Test
  void aStartFarFromWhatTheStoreKnowsIsAJump() {
    long known = wallMs - 3 * DAY_MS;
    assertEquals(known, clock.read(5, known).hideMs());
    pass(TrustedClock.SETTLE_MS);
    assertEquals(wallMs, clock.read(5, known).hideMs());
  }

  @Test
  void anotherTermComparesWithWhatTheLastPrimaryKnew() {
    assertEquals(0, clock.read(1, wallMs).aheadMs());
    long known = wallMs - DAY_MS;
    assertEquals(DAY_MS, clock.read(2, known).aheadMs(), "this clock was a day ahead all along");
  }
}
