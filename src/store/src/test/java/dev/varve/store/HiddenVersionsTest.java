package dev.varve.store;

import static dev.varve.store.StoreFixture.bytes;
import static dev.varve.store.StoreFixture.delete;
import static dev.varve.store.StoreFixture.get;
import static dev.varve.store.StoreFixture.keyspace;
import static dev.varve.store.StoreFixture.put;
import static dev.varve.store.StoreFixture.value;
import static dev.varve.store.StoreFixture.write;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.store.compaction.CancelToken;
import dev.varve.store.compaction.CompactionOptions;
import dev.varve.store.compaction.Strategy;
import dev.varve.store.simulation.SimulatedStorage;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * A compaction that takes only some segments must keep what hides an older version in another one
 * (pitfalls 1 and 3). The guards are the bound below which {@code SegmentRewriter.copy} drops and
 * {@code CompactionPlanner.lowestOutside}, which gives it; the index of a running store would not
 * show that either is gone, so the store is opened again.
 */
@ExtendWith(QuietLog.class)
class HiddenVersionsTest {
  private final StoreFixture fixture = new StoreFixture();
  private final SimulatedStorage storage = new SimulatedStorage();

  /** Fills a segment that stays: one small record of it dies, which is not worth a rewrite. */
  private static void fillSegmentThatStays(Store store) throws IOException {
    put(store, "main", "hidden", "old");
    for (int i = 0; keyspace(store, "main").segments().size() < 2; i++) {
      put(store, "main", "live-" + i, value(i, 300));
    }
  }

  /** Fills the rest of the active segment with versions that are soon dead, and seals it. */
  private static void fillSegmentThatGoes(Store store) throws IOException {
    for (int i = 0; keyspace(store, "main").segments().size() < 3; i++) {
      put(store, "main", "overwritten", value(i, 300));
    }
  }

  private void compactAllButTheFirst(Store store) throws IOException {
    List<KeyspaceStatus.SegmentStatus> before = keyspace(store, "main").segments();
    CompactionOptions worthwhile =
        new CompactionOptions("main", Strategy.REWRITE, 0, 0, 0, 0, false);
    CompactionEvent end =
        store.compact(
            new CompactionRequest("partial", worthwhile, true, 0),
            event -> {},
            CancelToken.unbounded());
    assertEquals(CompactionEvent.Type.COMPLETED, end.type(), end.message());
    List<KeyspaceStatus.SegmentStatus> after = keyspace(store, "main").segments();
    assertTrue(
        after.stream().anyMatch(s -> s.file().equals(before.getFirst().file())),
        "the segment with the old version was to stay: " + after);
    assertTrue(
        after.stream().noneMatch(s -> s.file().equals(before.get(1).file())),
        "the segment that hides it was to be rewritten: " + after);
  }

  @Test
  void aDeletedValueInAnUntouchedSegmentStaysDeleted() throws IOException {
    try (Store store = fixture.standalone(storage)) {
      fillSegmentThatStays(store);
      delete(store, "main", "hidden");
      fillSegmentThatGoes(store);
      compactAllButTheFirst(store);
      assertEquals("absent", get(store, "main", "hidden"));
    }
    try (Store store = fixture.standalone(storage)) {
      assertEquals("absent", get(store, "main", "hidden"));
    }
  }

  @Test
  void aValueInAnUntouchedSegmentStaysHiddenByTheNewerOneThatExpired() throws IOException {
    try (Store store = fixture.standalone(storage)) {
      fillSegmentThatStays(store);
      long soon = fixture.nowMs.get() + 10;
      write(
          store,
          new WriteBatch()
              .put("main", bytes("hidden"), bytes("new"), soon, WriteBatch.ANY_VERSION));
      fillSegmentThatGoes(store);
      fixture.nowMs.set(soon);
      compactAllButTheFirst(store);
      assertEquals("absent", get(store, "main", "hidden"));
    }
    try (Store store = fixture.standalone(storage)) {
      assertEquals("absent", get(store, "main", "hidden"));
    }
  }
}
