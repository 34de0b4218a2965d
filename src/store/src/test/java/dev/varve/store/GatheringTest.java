package dev.varve.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class GatheringTest {
  private static final long SYNC_NANOS = 1_000_000;
  private static final long STEP_NANOS = 50_000;

  private final AtomicLong nanos = new AtomicLong();
  private final AtomicLong wakesLateBy = new AtomicLong();
  private final Gathering gathering =
      new Gathering(nanos::get, park -> nanos.addAndGet(park + wakesLateBy.get()));

  GatheringTest() {
    gathering.synced(SYNC_NANOS);
  }

  /** How many operations a group of {@code had} finds with {@code perStep} more in each step. */
  private int gathered(int had, int perStep, int most) {
    gathering.await(
        () -> (int) Math.min(most, had + nanos.get() / STEP_NANOS * perStep), () -> false);
    return (int) Math.min(most, had + nanos.get() / STEP_NANOS * perStep);
  }

  @Test
  void aWriterAloneNeverWaits() {
    gathering.answered(1, 0);
    assertEquals(1, gathered(1, 1, 2));
    assertEquals(0, nanos.get());
  }

  @Test
  void waitsUntilAllWhoWereAnsweredAreBack() {
    gathering.answered(32, 32);
    assertEquals(64, gathered(32, 8, 100));
    assertEquals(4 * STEP_NANOS, nanos.get());
  }

  @Test
  void endsWithTheFirstStepThatBringsFewerThanTheStoreServes() {
    gathering.answered(32, 32);
    // 32 in a sync of 20 steps are 1.6 a step.
    assertEquals(33, gathered(32, 1, 100));
  }

  @Test
  void goesOnWhileAStepBringsMoreThanTheStoreServes() {
    gathering.answered(32, 32);
    assertEquals(64, gathered(32, 2, 100));
  }

  @Test
  void waitsNoLongerThanASyncTakes() {
    gathering.answered(1000, 1);
    assertEquals(1 + 20 * 5, gathered(1, 5, 1000));
    assertEquals(SYNC_NANOS, nanos.get());
  }

  @Test
  void countsWhatASleepTookAndNotWhatItWasToTake() {
    wakesLateBy.set(SYNC_NANOS);
    gathering.answered(1000, 40);
    gathered(40, 5, 1000);
    assertEquals(STEP_NANOS + SYNC_NANOS, nanos.get());
  }

  @Test
  void doesNotWaitTwiceForTheSameAnswers() {
    gathering.answered(32, 32);
    gathered(32, 0, 100);
    long waited = nanos.get();
    gathered(32, 8, 100);
    assertEquals(waited, nanos.get());
  }

  @Test
  void stopsWhenTheWriterIsWantedElsewhere() {
    gathering.answered(32, 32);
    gathering.await(() -> 32, () -> true);
    assertEquals(0, nanos.get());
  }

  @Test
  void aWriterIsAloneFromItsSecondGroupOn() {
    assertFalse(gathering.alone(1, 0));
    assertTrue(gathering.alone(1, 0));
    assertFalse(gathering.alone(1, 1), "another one waits");
    assertTrue(gathering.alone(1, 0));
    assertFalse(gathering.alone(2, 0));
    assertFalse(gathering.alone(1, 0), "there were two just now");
  }
}
