package dev.varve.store;

import static dev.varve.store.StoreFixture.bytes;
import static dev.varve.store.StoreFixture.contents;
import static dev.varve.store.StoreFixture.delete;
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
import dev.varve.store.format.KeydirCheckpointWriter;
import dev.varve.store.retention.TrustedClock;
import dev.varve.store.simulation.SimulatedStorage;
import java.io.IOException;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What has expired counts as dead, and goes where nothing older can come back. */
@ExtendWith(QuietLog.class)
class ExpiredRecordsTest {
  private static final long TTL_MS = 60_000;

  private final StoreFixture fixture = new StoreFixture();
  private final SimulatedStorage storage = new SimulatedStorage();
  private int runs;

  private void expiring(Store store, String key, int length, long ttlMs) throws IOException {
    StoreFixture.write(
        store,
        new WriteBatch()
            .put(
                "main",
                bytes(key),
                bytes(value(length, length)),
                fixture.nowMs.get() + ttlMs,
                WriteBatch.ANY_VERSION));
  }

  private static CompactionOptions options(Strategy strategy) {
    return new CompactionOptions("main", strategy, 0.3, 0, 0.1, 0, false);
  }

  private CompactionEvent run(Store store, CompactionOptions options) throws IOException {
    return store.compact(
        new CompactionRequest("expired-" + ++runs, options, true, 0),
        event -> {},
        CancelToken.unbounded());
  }

  /** Guard: {@code Plans.stats} hands expired bytes to the planner. */
  @ParameterizedTest
  @EnumSource(names = {"REWRITE", "LOOKUP", "SCAN"})
  void aStoreOfExpiredRecordsPassesTheThresholdAndLeavesNothing(Strategy strategy)
      throws IOException {
    try (Store store = fixture.standalone(storage)) {
      for (int i = 0; i < 60; i++) {
        expiring(store, "session-" + i, 300, TTL_MS);
      }
      assertEquals(CompactionPlan.BELOW_THRESHOLD, store.plan(options(strategy)).reason());
      assertEquals(0, keyspace(store, "main").expiredBytes());

      fixture.pass(TTL_MS);
      KeyspaceStatus expired = keyspace(store, "main");
      assertEquals(1, expired.deadRatio());
      assertEquals(expired.totalBytes(), expired.expiredBytes());
      CompactionPlan plan = store.plan(options(strategy));
      assertEquals(CompactionPlan.THRESHOLDS_MET, plan.reason(), plan.message());
      assertEquals(0, plan.bytesToCopy());
      CompactionEvent end = run(store, options(strategy));
      assertEquals(CompactionEvent.Type.COMPLETED, end.type(), end.message());
      assertEquals(plan.expectedSpaceSaved(), end.spaceSaved());
      assertEquals(0, keyspace(store, "main").totalBytes());
      assertEquals(0, keyspace(store, "main").expiredBytes());
    }
    try (Store store = fixture.standalone(storage)) {
      assertEquals(Map.of(), contents(store));
    }
  }

  /** Guard: {@code OldestSegments.freeing} in {@code CompactionPlanner.selectWithOlder}. */
  @Test
  void aFewOldRecordsThatNeverExpireDoNotKeepTheExpiredOnes() throws IOException {
    try (Store store = fixture.standalone(storage)) {
      for (int i = 0; i < 12; i++) {
        put(store, "main", "config-" + i, value(i, 300));
      }
      for (int i = 0; i < 60; i++) {
        expiring(store, "session-" + i, 300, TTL_MS);
      }
      Map<String, String> before = contents(store);
      fixture.pass(TTL_MS);
      CompactionPlan plan = store.plan(options(Strategy.REWRITE));
      CompactionEvent end = run(store, options(Strategy.REWRITE));
      assertEquals(CompactionEvent.Type.COMPLETED, end.type(), end.message());
      assertEquals(plan.expectedSpaceSaved(), end.spaceSaved());
      assertTrue(end.spaceSaved() > 60 * 300, end.message());
      before.keySet().removeIf(key -> key.startsWith("main/session"));
      assertEquals(before, contents(store));
      assertEquals(0, keyspace(store, "main").expiredBytes());
    }
  }

  @Test
  void whatMayHideSomethingOlderStaysAndIsNotRewrittenAgainAndAgain() throws IOException {
    try (Store store = fixture.standalone(storage)) {
      for (int i = 0; i < 300; i++) {
        put(store, "main", "lasting-" + i, value(i, 300));
      }
      for (int i = 0; i < 60; i++) {
        expiring(store, "lasting-" + i, 300, TTL_MS);
      }
      fixture.pass(TTL_MS);
      Map<String, String> before = contents(store);
      assertEquals(240, before.size());
      for (int i = 0; i < 3; i++) {
        run(store, options(Strategy.REWRITE));
        assertEquals(before, contents(store));
      }
      assertTrue(keyspace(store, "main").expiredBytes() > 60 * 300);
      long written = keyspace(store, "main").written().toDisk();
      CompactionEvent again = run(store, options(Strategy.REWRITE));
      assertEquals(CompactionEvent.Type.SKIPPED, again.type(), again.message());
      assertEquals(written, keyspace(store, "main").written().toDisk());
    }
    try (Store store = fixture.standalone(storage)) {
      assertEquals(240, contents(store).size(), "no older value came back");
    }
  }

  /** Guards pitfall 14: {@code StoreParts.status} and plans go by the trusted clock. */
  @Test
  void aClockThatJumpsMakesNothingDead() throws IOException {
    try (Store store = fixture.standalone(storage)) {
      for (int i = 0; i < 60; i++) {
        expiring(store, "session-" + i, 300, 10 * TTL_MS);
      }
      fixture.nowMs.addAndGet(20 * TTL_MS); // and the monotonic clock says no
      assertEquals(0, keyspace(store, "main").expiredBytes());
      CompactionOptions forced = options(Strategy.REWRITE).forced();
      assertEquals(CompactionPlan.NOTHING_TO_RECLAIM, store.plan(forced).reason());
      assertEquals(CompactionEvent.Type.SKIPPED, run(store, forced).type());
      fixture.pass(TrustedClock.SETTLE_MS);
      KeyspaceStatus believed = keyspace(store, "main");
      assertEquals(believed.totalBytes(), believed.expiredBytes());
      assertEquals(CompactionEvent.Type.COMPLETED, run(store, forced).type());
    }
  }

  /** Guards: the expiry in {@code SegmentLoader.put} and {@code KeydirRestore.ofCovered}. */
  @Test
  void planAndRunAgreeWhateverWasWrittenAndHoweverItWasLoaded() throws IOException {
    int fromCheckpoint = 0;
    for (long seed = 0; seed < 30; seed++) {
      SplittableRandom random = new SplittableRandom(seed);
      SimulatedStorage disk = new SimulatedStorage();
      Store store = fixture.standalone(disk);
      for (int round = 0; round < 4; round++) {
        for (int i = 0; i < 80; i++) {
          String key = "key-" + random.nextInt(40);
          switch (random.nextInt(6)) {
            case 0 -> delete(store, "main", key);
            case 1, 2 -> put(store, "main", key, value(i, random.nextInt(300)));
            default -> expiring(store, key, random.nextInt(300), 1 + random.nextLong(40_000));
          }
        }
        fixture.pass(random.nextLong(50_000)); // not so long that the next opening wonders
        Map<String, String> before = contents(store);
        KeyspaceStatus counted = keyspace(store, "main");
        store.close();
        if (random.nextBoolean()) {
          disk.delete(KeydirCheckpointWriter.path("main"));
        } else {
          fromCheckpoint++;
        }
        store = fixture.standalone(disk);
        KeyspaceStatus loaded = keyspace(store, "main");
        assertEquals(counted.liveBytes(), loaded.liveBytes(), "seed " + seed);
        assertEquals(counted.expiredBytes(), loaded.expiredBytes(), "seed " + seed);
        CompactionOptions forced = options(Strategy.REWRITE).forced();
        CompactionPlan plan = store.plan(forced);
        CompactionEvent end = run(store, forced);
        assertTrue(end.spaceSaved() >= plan.expectedSpaceSaved(), "seed " + seed);
        assertFalse(end.spaceSaved() == 0 && plan.wouldCompact(), "seed " + seed);
        assertEquals(before, contents(store), "seed " + seed);
        run(store, forced); // tombstones that hid what the first one took
        assertEquals(0, run(store, forced).spaceSaved(), "seed " + seed);
        if (random.nextBoolean()) {
          store.checkpoint().join();
        }
      }
      store.close();
    }
    assertTrue(fromCheckpoint > 20 && fromCheckpoint < 100, "by either way: " + fromCheckpoint);
  }

  @Test
  void replicasCountTheSame() throws IOException {
    Replica pair = new Replica(fixture);
    for (int i = 0; i < 60; i++) {
      expiring(pair.leader, "session-" + i % 50, 300, i < 30 ? TTL_MS : 5 * TTL_MS);
    }
    put(pair.leader, "main", "session-7", "for good");
    pair.replicate();
    fixture.pass(TTL_MS);
    KeyspaceStatus leading = keyspace(pair.leader, "main");
    assertTrue(leading.expiredBytes() > 0);
    assertEquals(leading.expiredBytes(), keyspace(pair.follower, "main").expiredBytes());
    run(pair.leader, options(Strategy.REWRITE).forced());
    pair.replicate();
    fixture.pass(5 * TTL_MS);
    leading = keyspace(pair.leader, "main");
    assertEquals(leading.liveBytes(), keyspace(pair.follower, "main").liveBytes());
    assertEquals(leading.expiredBytes(), keyspace(pair.follower, "main").expiredBytes());
    assertTrue(leading.expiredBytes() > 0);
  }
}
