package dev.varve.store;

import static dev.varve.store.StoreFixture.bytes;
import static dev.varve.store.StoreFixture.contents;
import static dev.varve.store.StoreFixture.delete;
import static dev.varve.store.StoreFixture.get;
import static dev.varve.store.StoreFixture.keyspace;
import static dev.varve.store.StoreFixture.put;
import static dev.varve.store.StoreFixture.value;
import static dev.varve.store.StoreFixture.write;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.store.manifest.KeyspaceType;
import dev.varve.store.retention.RetentionRules;
import dev.varve.store.retention.TrustedClock;
import dev.varve.store.simulation.SimulatedStorage;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Retention hides, compaction removes (pitfalls 1, 3 and 14). */
@ExtendWith(QuietLog.class)
class RetentionTest {
  private static final long HOUR_MS = 3_600_000;

  private final SimulatedStorage storage = new SimulatedStorage();

  private static StoreFixture fixture(RetentionRules rules) {
    return new StoreFixture(
        List.of(
            new KeyspaceOptions("main", KeyspaceType.KEY_VALUE, StoreFixture.SEGMENT_BYTES)
                .withRetention(rules)));
  }

  private static RetentionDecision retain(Store store) throws IOException {
    return store.retain().getFirst();
  }

  private static long totalBytes(Store store) {
    return keyspace(store, "main").totalBytes();
  }

  @Test
  void keepsTheYoungestRecordsAndRemovesNothingItself() throws IOException {
    try (Store store = fixture(new RetentionRules(0, 0, 5)).standalone(storage)) {
      for (int i = 0; i < 40; i++) {
        put(store, "main", "k" + i, value(i, 300));
      }
      long before = totalBytes(store);
      RetentionDecision decision = retain(store);
      assertEquals(RetentionDecision.MAX_RECORDS, decision.reason());
      assertEquals(35 * (40 + 2 + 300) + 25, decision.bytesHidden());
      assertEquals("absent", get(store, "main", "k34"));
      assertEquals(value(35, 300), get(store, "main", "k35"));
      assertEquals(5, contents(store).size());
      assertEquals(5, keyspace(store, "main").liveKeys());
      assertEquals(before, totalBytes(store), "only compaction removes");
      assertEquals(RetentionDecision.WITHIN_LIMITS, retain(store).reason());
    }
  }

  @Test
  void isTheSameAfterARestartWithAndWithoutHints() throws IOException {
    StoreFixture fixture = fixture(new RetentionRules(0, 0, 5));
    Map<String, String> visible;
    KeyspaceStatus figures;
    try (Store store = fixture.standalone(storage)) {
      for (int i = 0; i < 60; i++) {
        put(store, "main", "k" + i % 23, value(i, 300));
        if (i % 7 == 6) {
          delete(store, "main", "k" + i % 5);
        }
      }
      retain(store);
      visible = contents(store);
      figures = keyspace(store, "main");
    }
    try (Store store = fixture.standalone(storage)) {
      assertEquals(visible, contents(store));
      assertEquals(figures.liveBytes(), keyspace(store, "main").liveBytes());
      assertEquals(figures.segments(), keyspace(store, "main").segments());
    }
    for (String file : storage.list("main")) {
      if (file.endsWith(".hint")) {
        storage.delete("main/" + file);
      }
    }
    try (Store store = fixture.standalone(storage)) {
      assertEquals(visible, contents(store));
      assertEquals(figures.liveBytes(), keyspace(store, "main").liveBytes());
    }
  }

  @Test
  void compactionRemovesWhatIsHiddenAndBringsNothingBack() throws IOException {
    StoreFixture fixture = fixture(new RetentionRules(0, 0, 4));
    try (Store store = fixture.standalone(storage)) {
      for (int round = 0; round < 6; round++) {
        for (int i = 0; i < 12; i++) {
          put(store, "main", "k" + i, value(round * 100 + i, 300));
        }
        delete(store, "main", "k" + round);
        retain(store);
        Map<String, String> visible = contents(store);
        assertEquals(4, visible.size());
        CompactionEvent end = fixture.compact(store, "main", round % 2 == 0);
        assertEquals(CompactionEvent.Type.COMPLETED, end.type(), end::toString);
        assertEquals(visible, contents(store), "round " + round);
        assertTrue(totalBytes(store) < 4 * 400, () -> "left " + totalBytes(store));
      }
    }
    try (Store store = fixture.standalone(storage)) {
      assertEquals(4, contents(store).size());
    }
  }

  /** Without raising the lowest sequence that hides by the cut-off this tombstone would stay. */
  @Test
  void aTombstoneNeedsNotHideWhatIsCutOff() throws IOException {
    StoreFixture fixture = fixture(new RetentionRules(0, 1, 0));
    try (Store store = fixture.standalone(storage)) {
      put(store, "main", "old", value(0, 3000));
      put(store, "main", "live", value(1, 3000));
      retain(store);
      delete(store, "main", "old");
      put(store, "main", "young", value(2, 3000));
      delete(store, "main", "young");
      CompactionEvent end = fixture.compact(store, "main", true);
      assertEquals(CompactionEvent.Type.COMPLETED, end.type(), end::toString);
      assertEquals(0, totalBytes(store));
      assertEquals(Map.of(), contents(store));
    }
    try (Store store = fixture.standalone(storage)) {
      assertEquals(Map.of(), contents(store));
    }
  }

  @Test
  void aHiddenKeyIsAbsentForConditions() throws IOException {
    try (Store store = fixture(new RetentionRules(0, 0, 1)).standalone(storage)) {
      long old = put(store, "main", "a", "1");
      put(store, "main", "b", "1");
      retain(store);
      assertThrows(
          VersionMismatchException.class,
          () -> write(store, new WriteBatch().put("main", bytes("a"), bytes("2"), 0, old)));
      write(store, new WriteBatch().put("main", bytes("a"), bytes("2"), 0, 0));
      assertEquals("2", get(store, "main", "a"));
    }
  }

  @Test
  void aScanPassesOverWhatIsHiddenMeanwhile() throws IOException {
    try (Store store = fixture(new RetentionRules(0, 0, 3)).standalone(storage)) {
      for (int i = 0; i < 10; i++) {
        put(store, "main", "k" + i, "1");
      }
      try (Scan scan = store.scan("main", new byte[0], false)) {
        retain(store);
        put(store, "main", "k0", "2");
        int seen = 0;
        for (Scan.Entry e = scan.next(); e != null; e = scan.next()) {
          assertTrue(e.versioned().sequence() >= keyspace(store, "main").firstSequence());
          seen++;
        }
        assertEquals(3, seen, "k7, k8 and k9: k0 as the scan knew it is hidden");
      }
    }
  }

  @Test
  void keepsNoMoreBytesThanAsked() throws IOException {
    try (Store store = fixture(new RetentionRules(0, 2000, 0)).standalone(storage)) {
      for (int i = 0; i < 40; i++) {
        put(store, "main", "k" + i, value(i, 300));
      }
      assertEquals(RetentionDecision.MAX_BYTES, retain(store).reason());
      assertEquals(5, contents(store).size());
      assertTrue(keyspace(store, "main").liveBytes() <= 2000);
    }
  }

  @Test
  void hidesByAgeAndNeverWhatIsYounger() throws IOException {
    StoreFixture fixture = fixture(new RetentionRules(HOUR_MS, 0, 0));
    try (Store store = fixture.standalone(storage)) {
      for (int minute = 0; minute < 300; minute++) {
        put(store, "main", "minute-" + minute, "1");
        RetentionDecision decision = retain(store);
        assertEquals(0, decision.clockAheadMs());
        assertEquals("1", get(store, "main", "minute-" + Math.max(0, minute - 59)));
        if (minute >= 65) {
          assertEquals("absent", get(store, "main", "minute-" + (minute - 65)));
        }
        fixture.pass(60_000);
      }
    }
  }

  /** Guards pitfall 14: {@code TrustedClock.isInStep} tells a jump from time that passes. */
  @Test
  void aJumpOfTheClockExpiresNothing() throws IOException {
    StoreFixture fixture = fixture(new RetentionRules(HOUR_MS, 0, 0));
    try (Store store = fixture.standalone(storage)) {
      put(store, "main", "k", "1");
      retain(store);
      fixture.pass(60_000);
      retain(store);
      fixture.nowMs.addAndGet(1000 * HOUR_MS);
      RetentionDecision decision = retain(store);
      assertEquals(RetentionDecision.WITHIN_LIMITS, decision.reason());
      assertEquals(1000 * HOUR_MS, decision.clockAheadMs());
      assertEquals(1000 * HOUR_MS, store.status().clockAheadMs());
      assertEquals("1", get(store, "main", "k"));

      fixture.nowMs.addAndGet(-1000 * HOUR_MS);
      assertEquals(0, retain(store).clockAheadMs());
      fixture.pass(2 * HOUR_MS);
      assertEquals(RetentionDecision.MAX_AGE, retain(store).reason());
      assertEquals("absent", get(store, "main", "k"));
    }
  }

  @Test
  void aStartWithAClockFarAheadExpiresNothingBeforeItHasKeptStep() throws IOException {
    StoreFixture fixture = fixture(new RetentionRules(HOUR_MS, 0, 0));
    try (Store store = fixture.standalone(storage)) {
      put(store, "main", "k", "1");
      retain(store);
    }
    fixture.nowMs.addAndGet(1000 * HOUR_MS);
    try (Store store = fixture.standalone(storage)) {
      assertEquals(RetentionDecision.WITHIN_LIMITS, retain(store).reason());
      assertEquals("1", get(store, "main", "k"));
      fixture.pass(TrustedClock.SETTLE_MS);
      assertEquals(RetentionDecision.MAX_AGE, retain(store).reason());
    }
  }

  /** Guard: the compactor asks the trusted clock, not the wall clock. */
  @Test
  void compactionDropsNoRecordThatOnlyAJumpingClockCallsExpired() throws IOException {
    StoreFixture fixture = fixture(RetentionRules.NONE);
    try (Store store = fixture.standalone(storage)) {
      long expiresAtMs = fixture.nowMs.get() + HOUR_MS;
      write(
          store,
          new WriteBatch()
              .put("main", bytes("k"), bytes("1"), expiresAtMs, WriteBatch.ANY_VERSION));
      for (String other : List.of("a", "b", "c")) {
        put(store, "main", other, value(1, 500));
      }
      fixture.nowMs.addAndGet(1000 * HOUR_MS);
      assertEquals("absent", get(store, "main", "k"), "hidden");
      delete(store, "main", "a");
      fixture.compact(store, "main", true);
      fixture.nowMs.addAndGet(-1000 * HOUR_MS);
      assertEquals("1", get(store, "main", "k"), "and back");
      fixture.pass(2 * HOUR_MS);
      delete(store, "main", "b");
      fixture.compact(store, "main", true);
      assertEquals(1, keyspace(store, "main").liveKeys());
    }
  }

  @Test
  void marksOfTimeAreFew() throws IOException {
    StoreFixture fixture = fixture(new RetentionRules(1000, 0, 0));
    try (Store store = fixture.standalone(storage)) {
      long editsBefore = store.log().state().last().sequence();
      for (int i = 0; i < 2000; i++) {
        put(store, "main", "k", "1");
        retain(store);
        fixture.pass(10);
      }
      long edits = store.log().state().last().sequence() - editsBefore - 2000;
      long rolls = keyspace(store, "main").segments().size();
      // A mark and a cut-off each second.
      assertTrue(edits - rolls >= 2 * 18 && edits - rolls <= 2 * 21, () -> edits + " in 20 s");
    }
  }

  @Test
  void replicasHideTheSameAndDecideNothing() throws IOException {
    Replica replica = new Replica(fixture(new RetentionRules(0, 0, 5)));
    for (int i = 0; i < 40; i++) {
      put(replica.leader, "main", "k" + i, value(i, 300));
    }
    replica.replicate();
    assertThrows(NotLeaderException.class, replica.follower::retain);
    assertEquals(40, contents(replica.follower).size());
    retain(replica.leader);
    replica.replicate();
    assertEquals(contents(replica.leader), contents(replica.follower));
    CompactionEvent end = replica.fixture.compact(replica.leader, "main", false);
    assertEquals(CompactionEvent.Type.COMPLETED, end.type(), end::toString);
    replica.replicate();
    assertNotNull(replica.leader.checkpoint().join());
    replica.replicate();
    assertEquals(contents(replica.leader), contents(replica.follower));
    assertEquals(
        keyspace(replica.leader, "main").liveBytes(),
        keyspace(replica.follower, "main").liveBytes());
    assertEquals(
        Replica.files(replica.leaderStorage, replica.leader),
        Replica.files(replica.storage, replica.follower));
    replica.reopenFollower();
    assertEquals(contents(replica.leader), contents(replica.follower));
  }
}
