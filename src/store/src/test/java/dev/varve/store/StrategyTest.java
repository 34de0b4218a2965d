package dev.varve.store;

import static dev.varve.store.StoreFixture.bytes;
import static dev.varve.store.StoreFixture.contents;
import static dev.varve.store.StoreFixture.delete;
import static dev.varve.store.StoreFixture.drain;
import static dev.varve.store.StoreFixture.get;
import static dev.varve.store.StoreFixture.keyspace;
import static dev.varve.store.StoreFixture.put;
import static dev.varve.store.StoreFixture.value;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.store.compaction.CancelToken;
import dev.varve.store.compaction.CompactionOptions;
import dev.varve.store.compaction.CompactionPlan;
import dev.varve.store.compaction.Strategy;
import dev.varve.store.simulation.Fault;
import dev.varve.store.simulation.SimulatedStorage;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What each strategy takes, keeps and loses. */
@ExtendWith(QuietLog.class)
class StrategyTest {
  private final StoreFixture fixture = new StoreFixture();
  private final SimulatedStorage storage = new SimulatedStorage();
  private int runs;

  private static void load(Store store) throws IOException {
    for (int i = 0; i < 160; i++) {
      put(store, "main", "key-" + i % 40, value(i, 300));
      if (i % 10 == 9) {
        delete(store, "main", "key-" + (i + 3) % 40);
      }
    }
  }

  private static CompactionOptions options(Strategy strategy, int segmentsMax, boolean force) {
    return new CompactionOptions("main", strategy, 0.3, 0, 0.1, segmentsMax, force);
  }

  private CompactionEvent run(Store store, CompactionOptions options, CompactionListener listener)
      throws IOException {
    return store.compact(
        new CompactionRequest("strategy-" + ++runs, options, true, 0),
        listener,
        CancelToken.unbounded());
  }

  @ParameterizedTest
  @EnumSource(names = {"REWRITE", "LOOKUP", "SCAN"})
  void keepsWhatIsLiveAndASecondRunCopiesNothing(Strategy strategy) throws IOException {
    Map<String, String> before;
    try (Store store = fixture.standalone(storage)) {
      load(store);
      before = contents(store);
      CompactionEvent end = run(store, options(strategy, 0, true), event -> {});
      assertEquals(CompactionEvent.Type.COMPLETED, end.type(), end.message());
      assertEquals(strategy, end.strategy());
      assertTrue(end.spaceSaved() > end.bytesBefore() / 3, end.message());
      assertEquals(before, contents(store));
      CompactionEvent second = run(store, options(strategy, 0, true), event -> {});
      assertEquals(CompactionEvent.Type.SKIPPED, second.type());
      assertEquals(0, second.spaceSaved());
    }
    try (Store store = fixture.standalone(storage)) {
      assertEquals(before, contents(store));
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"REWRITE", "LOOKUP", "SCAN"})
  void aRecordOverwrittenWhileItIsCopiedStaysOverwritten(Strategy strategy) throws IOException {
    Map<String, String> expected = new HashMap<>();
    AtomicInteger written = new AtomicInteger();
    try (Store store = fixture.standalone(storage)) {
      load(store);
      expected.putAll(contents(store));
      CompactionEvent end =
          run(
              store,
              options(strategy, 0, true),
              event -> {
                if (event.type() == CompactionEvent.Type.PROGRESS) {
                  String key = "key-" + written.incrementAndGet() % 40;
                  try {
                    put(store, "main", key, "new");
                  } catch (IOException e) {
                    throw new AssertionError(e);
                  }
                  expected.put("main/" + key, "new");
                }
              });
      assertEquals(CompactionEvent.Type.COMPLETED, end.type(), end.message());
      assertTrue(written.get() > 0);
      assertEquals(expected, contents(store));
    }
    try (Store store = fixture.standalone(storage)) {
      assertEquals(new TreeMap<>(expected), contents(store));
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"LOOKUP", "SCAN"})
  void leavesNoMoreSegmentsThanMayRemainUnlessLiveBytesNeedThem(Strategy strategy)
      throws IOException {
    try (Store store = fixture.standalone(storage)) {
      load(store);
      int live = (int) (keyspace(store, "main").liveBytes() / StoreFixture.SEGMENT_BYTES) + 1;
      CompactionPlan plan = store.plan(options(strategy, live + 3, false));
      assertEquals(CompactionPlan.THRESHOLDS_MET, plan.reason());
      run(store, options(strategy, live + 3, false), event -> {});
      assertTrue(keyspace(store, "main").segments().size() <= live + 3);
      assertEquals(
          CompactionPlan.NOTHING_TO_RECLAIM, store.plan(options(strategy, 1, false)).reason());
    }
  }

  /**
   * Guard: {@code OldestSegments.droppable} takes nothing that is newer than what stays. Guards
   * pitfall 17: {@code CompactionPlanner.shift} and {@code CompactionReport.reclaimed} say the
   * loss.
   */
  @Test
  void shiftDropsTheOldestWithTheirLiveRecordsAndNothingOlderComesBack() throws IOException {
    Map<String, String> after;
    try (Store store = fixture.standalone(storage)) {
      load(store);
      // Fills segments of its own order: the rewritten ones hold old and new records.
      run(store, options(Strategy.REWRITE, 0, true), event -> {});
      load(store);
      Map<String, String> before = contents(store);
      int segments = keyspace(store, "main").segments().size();
      CompactionOptions shift = options(Strategy.SHIFT, segments / 2, false);
      CompactionPlan plan = store.plan(shift);
      assertTrue(plan.wouldCompact(), plan.message());
      assertTrue(plan.message().contains("LOSES"), plan.message());
      CompactionEvent end = run(store, shift, event -> {});
      assertEquals(CompactionEvent.Type.COMPLETED, end.type(), end.message());
      assertTrue(end.message().contains("live records included"), end.message());
      assertEquals(plan.expectedSpaceSaved(), end.spaceSaved());
      after = contents(store);
      after.forEach((key, value) -> assertEquals(before.get(key), value, key));
      assertTrue(keyspace(store, "main").segments().size() <= segments / 2);
    }
    try (Store store = fixture.standalone(storage)) {
      assertEquals(after, contents(store));
    }
  }

  /** Guard: the comparison of the highest dropped with the lowest kept sequence in it. */
  @Test
  void shiftNeverDropsANewerRecordThanItKeepsOfAKey() throws IOException {
    try (Store store = fixture.standalone(storage)) {
      put(store, "main", "kept", "lives on in the rewritten segment, older than all others");
      fill(store, "often");
      put(store, "main", "contested", "old");
      fill(store, "once"); // a segment that is not worth rewriting holds the old value
      put(store, "main", "contested", "new");
      for (int round = 0; round < 4; round++) {
        fill(store, "often");
      }
      run(store, options(Strategy.REWRITE, 0, false), event -> {});
      List<KeyspaceStatus.SegmentStatus> segments = keyspace(store, "main").segments();
      assertTrue(segments.stream().anyMatch(s -> s.totalBytes() > s.liveBytes()), "old is there");
    }
    for (int most = 8; most > 0; most--) {
      try (Store store = fixture.standalone(storage)) {
        assertFalse(get(store, "main", "contested").equals("old"), "opened, at most " + most);
        run(store, options(Strategy.SHIFT, most, false), event -> {});
        assertFalse(get(store, "main", "contested").equals("old"), "shifted to " + most);
      }
    }
    try (Store store = fixture.standalone(storage)) {
      assertEquals("absent", get(store, "main", "kept"));
      assertEquals("absent", get(store, "main", "contested"));
    }
  }

  private static void fill(Store store, String keys) throws IOException {
    for (int i = 0; i < 60; i++) {
      put(store, "main", keys + i, value(i, 20));
    }
  }

  @Test
  void shiftWithoutANumberOfSegmentsDoesNothing() throws IOException {
    try (Store store = fixture.standalone(storage)) {
      load(store);
      CompactionPlan plan = store.plan(options(Strategy.SHIFT, 0, true));
      assertFalse(plan.wouldCompact());
      assertEquals(CompactionPlan.NOTHING_TO_RECLAIM, plan.reason());
      assertTrue(plan.message().contains("no such number is set"), plan.message());
    }
  }

  /** Guard: {@code Snapshot.dropped} keeps what was live. */
  @Test
  void aScanThatIsOpenSeesWhatIsShiftedAway() throws IOException {
    try (Store store = fixture.standalone(storage)) {
      load(store);
      Map<String, String> before = contents(store);
      Map<String, String> seen = new TreeMap<>();
      try (Scan scan = store.scan("main", new byte[0], false)) {
        CompactionEvent end = run(store, options(Strategy.SHIFT, 2, false), event -> {});
        assertEquals(CompactionEvent.Type.COMPLETED, end.type(), end.message());
        drain("main", scan, seen);
      }
      assertEquals(before, seen);
      assertTrue(contents(store).size() < before.size());
    }
  }

  @Test
  void followersShiftAndCopyTheSameBytes() throws IOException {
    for (Strategy strategy : Strategy.values()) {
      Replica pair = new Replica(fixture);
      load(pair.leader);
      pair.replicate();
      run(pair.leader, options(strategy, 3, true), event -> {});
      pair.replicate();
      assertEquals(contents(pair.leader), contents(pair.follower), strategy.toString());
      assertEquals(
          Replica.files(pair.leaderStorage, pair.leader),
          Replica.files(pair.storage, pair.follower),
          strategy.toString());
      pair.reopenFollower();
      pair.follower.log().commit(Long.MAX_VALUE);
      assertEquals(contents(pair.leader), contents(pair.follower), strategy.toString());
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"LOOKUP", "SCAN", "SHIFT"})
  void aPowerCutAtAnyOperationLeavesTheStateBeforeOrAfter(Strategy strategy) throws IOException {
    int both = 0;
    for (long operation = 1; operation < 140; operation++) {
      SimulatedStorage disk = new SimulatedStorage();
      Store store = fixture.standalone(disk);
      load(store);
      Map<String, String> before = contents(store);
      disk.failOperation(disk.operations() + operation, Fault.POWER_OFF);
      run(store, options(strategy, 3, false), event -> {});
      try (Store recovered = fixture.standalone(disk.crash(operation))) {
        Map<String, String> after = contents(recovered);
        if (!before.equals(after)) {
          assertEquals(Strategy.SHIFT, strategy, "operation " + operation);
          assertTrue(before.entrySet().containsAll(after.entrySet()), "operation " + operation);
          both++;
        }
        assertEquals("absent", get(recovered, "main", "never written"));
        assertTrue(recovered.write(new WriteBatch().put("main", bytes("k"), bytes("v"))).isDone());
      }
    }
    assertEquals(strategy == Strategy.SHIFT, both > 0);
  }
}
