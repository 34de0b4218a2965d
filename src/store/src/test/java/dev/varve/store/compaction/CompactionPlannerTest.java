package dev.varve.store.compaction;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.store.format.SegmentId;
import java.util.List;
import org.junit.jupiter.api.Test;

class CompactionPlannerTest {

  private static final long MB = 1L << 20;
  private static final CompactionOptions DEFAULTS = CompactionOptions.defaults("main");

  @Test
  void skipsASmallKeyspace() {
    CompactionPlan plan = plan(DEFAULTS, sealed(1, 9 * MB, MB, 1, 100));
    assertSkipped(plan, CompactionPlan.FILE_TOO_SMALL);
  }

  @Test
  void skipsBelowTheDeadRatioAndSaysBoth() {
    CompactionPlan plan = plan(DEFAULTS, sealed(1, 100 * MB, 71 * MB, 1, 100));
    assertSkipped(plan, CompactionPlan.BELOW_THRESHOLD);
    assertEquals("dead ratio 0.29 < 0.30", plan.message());
  }

  @Test
  void compactsAtExactlyTheThreshold() {
    assertTrue(plan(DEFAULTS, sealed(1, 100 * MB, 70 * MB, 1, 100)).wouldCompact());
  }

  @Test
  void forceLeavesThresholdsAside() {
    CompactionPlan plan =
        plan(DEFAULTS.forced(), sealed(1, MB, MB - 40, 1, 9), sealed(2, MB, MB, 10, 19));
    assertEquals(List.of(id(1)), plan.selected());
    assertEquals(CompactionPlan.FORCED, plan.reason());
  }

  @Test
  void strategyNoneDoesNothingEvenWhenForced() {
    CompactionOptions none = new CompactionOptions("main", Strategy.NONE, 0, 0, 0, 0, true);
    assertSkipped(plan(none, sealed(1, MB, 0, 1, 9)), CompactionPlan.DISABLED);
  }

  /** Guards pitfall 15: what is all live is never rewritten, however often it is asked. */
  @Test
  void neverTakesWhatIsAllLive() {
    CompactionOptions always = new CompactionOptions("main", Strategy.REWRITE, 0, 0, 0, 0, true);
    assertSkipped(
        plan(always, sealed(1, MB, MB, 1, 9), active(2, MB, MB, 10, 19)),
        CompactionPlan.NOTHING_TO_RECLAIM);
  }

  /**
   * Guards pitfall 15's other half: the active segment is one candidate among all, ranked by value.
   */
  @Test
  void ranksOldGarbageBeforeYoung() {
    CompactionPlan plan =
        plan(
            DEFAULTS,
            active(3, 20 * MB, 10 * MB, 900, 1000),
            sealed(2, 20 * MB, 20 * MB, 500, 899),
            sealed(1, 20 * MB, 10 * MB, 1, 499));
    assertEquals(List.of(id(1), id(3)), plan.selected());
    assertEquals(20 * MB, plan.expectedSpaceSaved());
    assertEquals(20 * MB, plan.bytesToCopy());
  }

  @Test
  void leavesUncommittedSegmentsAlone() {
    SegmentStats uncommitted =
        new SegmentStats(id(1), 100 * MB, 0, 0, 0, 1, 9, 0, false, /* committed= */ false);
    assertSkipped(plan(DEFAULTS, uncommitted), CompactionPlan.NOTHING_TO_RECLAIM);
  }

  @Test
  void skipsARunThatWouldSaveTooLittle() {
    CompactionOptions picky =
        new CompactionOptions("main", Strategy.REWRITE, 0.1, 0, 0.5, 0, false);
    assertSkipped(plan(picky, sealed(1, 100 * MB, 60 * MB, 1, 9)), CompactionPlan.LOW_YIELD);
  }

  /** Everything was deleted: the tombstones go in the same run, not in a second one. */
  @Test
  void takesTombstonesThatHideNothingOnceTheInputsAreGone() {
    SegmentStats tombstones = new SegmentStats(id(2), MB, MB, MB, 0, 1001, 2000, 2000, false, true);
    CompactionPlan plan = plan(DEFAULTS, sealed(1, 99 * MB, 0, 1, 1000), tombstones);
    assertEquals(List.of(id(1), id(2)), plan.selected());
    assertEquals(100 * MB, plan.expectedSpaceSaved());
    assertEquals(0, plan.bytesToCopy());
  }

  /** Guards pitfall 1: an older segment outside the inputs may hold what a tombstone hides. */
  @Test
  void leavesTombstonesThatMayHideSomethingOutside() {
    SegmentStats live = sealed(1, 20 * MB, 20 * MB, 1, 500);
    SegmentStats tombstones = new SegmentStats(id(3), MB, MB, MB, 0, 1001, 2000, 2000, false, true);
    CompactionPlan plan = plan(DEFAULTS, live, sealed(2, 80 * MB, 0, 501, 1000), tombstones);
    assertEquals(List.of(id(2)), plan.selected());
    assertEquals(1, CompactionPlanner.lowestOutside(List.of(live, tombstones), List.of(id(3))));
  }

  @Test
  void whatHasExpiredCountsAsDeadAndIsFreed() {
    CompactionPlan plan =
        plan(DEFAULTS, expired(1, 20 * MB, 20 * MB, 1, 9), active(2, MB, MB, 10, 19));
    assertEquals(List.of(id(1)), plan.selected());
    assertEquals(CompactionPlan.THRESHOLDS_MET, plan.reason());
    assertEquals(20 * MB, plan.expectedSpaceSaved());
    assertEquals(0, plan.bytesToCopy());
  }

  /** Guards pitfall 1, for expired records: an older segment may hold what one hides. */
  @Test
  void whatHasExpiredStaysWhereMuchWouldHaveToBeCopiedForIt() {
    CompactionPlan plan =
        plan(DEFAULTS, sealed(1, 60 * MB, 60 * MB, 1, 9), expired(2, 20 * MB, 20 * MB, 10, 19));
    assertSkipped(plan, CompactionPlan.BELOW_THRESHOLD);
    plan = plan(DEFAULTS, sealed(1, 60 * MB, 60 * MB, 1, 9), expired(2, 40 * MB, 20 * MB, 10, 19));
    assertSkipped(plan, CompactionPlan.BELOW_THRESHOLD);
    CompactionPlan blocked =
        plan(
            DEFAULTS,
            sealed(1, 60 * MB, 60 * MB, 1, 9),
            sealed(2, 30 * MB, MB, 10, 19),
            expired(3, 20 * MB, 20 * MB, 20, 29));
    assertEquals(List.of(id(2)), blocked.selected());
    assertEquals(29 * MB, blocked.expectedSpaceSaved());
  }

  @Test
  void littleThatLivesIsCopiedSoThatMuchThatHasExpiredGoes() {
    CompactionPlan plan =
        plan(
            DEFAULTS,
            sealed(1, 5 * MB, 5 * MB, 1, 9),
            expired(2, 20 * MB, 20 * MB, 10, 19),
            expired(3, 20 * MB, 0, 20, 29));
    assertEquals(List.of(id(1), id(2)), plan.selected());
    assertEquals(20 * MB, plan.expectedSpaceSaved());
    assertEquals(5 * MB, plan.bytesToCopy());
  }

  @Test
  void mergesWhenMoreSegmentsThanMayRemain() {
    CompactionOptions two = new CompactionOptions("main", Strategy.REWRITE, 0.3, 0, 0.1, 2, false);
    CompactionPlan plan =
        plan(
            two,
            sealed(1, MB, MB, 1, 9),
            sealed(2, 2 * MB, 2 * MB, 10, 19),
            sealed(3, 60 * MB, 60 * MB, 20, 29),
            active(4, MB, MB, 30, 39));
    assertEquals(CompactionPlan.TOO_MANY_SEGMENTS, plan.reason());
    assertEquals(List.of(id(1), id(2), id(3)), plan.selected());
  }

  @Test
  void doesNotMergeWhenLiveBytesNeedTheSegments() {
    CompactionOptions one = new CompactionOptions("main", Strategy.REWRITE, 0.3, 0, 0.1, 1, false);
    assertSkipped(
        plan(one, sealed(1, 64 * MB, 64 * MB, 1, 9), sealed(2, 64 * MB, 64 * MB, 10, 19)),
        CompactionPlan.NOTHING_TO_RECLAIM);
  }

  @Test
  void refusesRatiosOutOfRangeNamingTheField() {
    IllegalArgumentException e =
        assertThrows(
            IllegalArgumentException.class,
            () -> new CompactionOptions("main", Strategy.REWRITE, 1.5, 0, 0, 0, false));
    assertEquals("minDeadRatio must be from 0 to 1: 1.5", e.getMessage());
    assertThrows(
        IllegalArgumentException.class,
        () -> new CompactionOptions("main", Strategy.REWRITE, 0, 0, Double.NaN, 0, false));
  }

  private static void assertSkipped(CompactionPlan plan, String reason) {
    assertEquals(reason, plan.reason());
    assertFalse(plan.wouldCompact());
    assertEquals(List.of(), plan.selected());
    assertEquals(0, plan.bytesToCopy());
  }

  private static CompactionPlan plan(CompactionOptions options, SegmentStats... segments) {
    return CompactionPlanner.plan(options, 64 * MB, List.of(segments));
  }

  private static SegmentStats sealed(int n, long total, long live, long from, long to) {
    return new SegmentStats(id(n), total, live, 0, 0, from, to, 0, false, true);
  }

  private static SegmentStats expired(int n, long live, long expired, long from, long to) {
    return new SegmentStats(id(n), live, live, 0, expired, from, to, 0, false, true);
  }

  private static SegmentStats active(int n, long total, long live, long from, long to) {
    return new SegmentStats(id(n), total, live, 0, 0, from, to, 0, true, true);
  }

  private static SegmentId id(int number) {
    return new SegmentId(1, number);
  }
}
