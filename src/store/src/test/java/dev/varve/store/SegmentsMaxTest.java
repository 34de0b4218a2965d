package dev.varve.store;

import static dev.varve.store.StoreFixture.bytes;
import static dev.varve.store.StoreFixture.contents;
import static dev.varve.store.StoreFixture.delete;
import static dev.varve.store.StoreFixture.get;
import static dev.varve.store.StoreFixture.keyspace;
import static dev.varve.store.StoreFixture.put;
import static dev.varve.store.StoreFixture.value;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.store.manifest.KeyspaceType;
import dev.varve.store.manifest.Layout;
import dev.varve.store.simulation.Fault;
import dev.varve.store.simulation.SimulatedStorage;
import dev.varve.store.storage.MemoryStorage;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** A keyspace with as many segments as it may have: it says so, stays valid and can be emptied. */
@ExtendWith(QuietLog.class)
class SegmentsMaxTest {
  private static final int MAX = 6;

  /** Enough for several times the bound. */
  private static final int TRIES_MAX = 2000;

  private final StoreFixture fixture =
      new StoreFixture(
          List.of(
              new KeyspaceOptions("main", KeyspaceType.KEY_VALUE, StoreFixture.SEGMENT_BYTES),
              new KeyspaceOptions("objects", KeyspaceType.KEY_VALUE, StoreFixture.SEGMENT_BYTES),
              new KeyspaceOptions("events", KeyspaceType.STREAM, StoreFixture.SEGMENT_BYTES)));
  private final StoreOptions options = fixture.options.withSegmentsMax(MAX);
  private final SimulatedStorage storage = new SimulatedStorage();

  private Store open() throws IOException {
    return open(options);
  }

  private Store open(StoreOptions with) throws IOException {
    return Store.openStandalone(with, storage, Trampoline.runtime(fixture.nowMs::get));
  }

  private static int fill(Store store) throws IOException {
    for (int written = 0; written < TRIES_MAX; written++) {
      try {
        put(store, "main", "key-" + written, value(written, 300));
      } catch (StoreFullException e) {
        return written;
      }
    }
    throw new AssertionError("nothing was refused");
  }

  private static int segments(Store store) {
    KeyspaceStatus main = keyspace(store, "main");
    return main.segments().size() + main.retiredSegments();
  }

  /** Guard: {@code SegmentTable.requireRoom} in {@code GroupBuilder.stageBatch}. */
  @Test
  void refusesWhatWouldBeginAnotherSegment() throws IOException {
    int written;
    try (Store store = open()) {
      written = fill(store);
      assertEquals(MAX, segments(store));
      StoreFullException refusal =
          assertThrows(StoreFullException.class, () -> put(store, "main", "key-0", value(1, 300)));
      assertTrue(
          String.valueOf(refusal.getMessage())
              .contains("keyspace main has 6 segments, replaced ones included, and may have 6"),
          refusal.getMessage());
      put(store, "main", "tiny", "fits");
      long before = store.log().state().last().sequence();
      WriteBatch both =
          new WriteBatch()
              .put("objects", bytes("a"), bytes("1"))
              .put("main", bytes("b"), bytes(value(1, 300)));
      CompletionException whole =
          assertThrows(CompletionException.class, () -> store.write(both).join());
      assertInstanceOf(StoreFullException.class, whole.getCause());
      assertEquals(before, store.log().state().last().sequence(), "nothing of it was written");
      assertEquals("absent", get(store, "objects", "a"));
      put(store, "objects", "a", "1");
      assertFalse(store.log().state().poisoned());
    }
    try (Store store = open()) {
      assertEquals(written + 1, contents(store, "main").size());
      assertThrows(StoreFullException.class, () -> put(store, "main", "key-0", value(1, 300)));
    }
  }

  @Test
  void otherWritesOfAGroupGoOn() throws IOException {
    Trampoline executor = new Trampoline();
    try (Store store = Store.openStandalone(options, storage, executor.on(fixture.nowMs::get))) {
      fill(store);
      executor.hold();
      CompletableFuture<Long> first =
          store.write(new WriteBatch().put("objects", bytes("a"), bytes("1")));
      CompletableFuture<Long> refused =
          store.write(new WriteBatch().put("main", bytes("b"), bytes(value(1, 300))));
      CompletableFuture<Long> last =
          store.write(new WriteBatch().put("objects", bytes("c"), bytes("2")));
      executor.release();
      assertInstanceOf(StoreFullException.class, refused.exceptionNow());
      assertEquals(first.join() + 1, last.join());
    }
  }

  @Test
  void refusesEntriesOfStreamsAndTrimsThem() throws IOException {
    try (Store store = open()) {
      EventStream events = store.stream("events");
      CompletionException refusal =
          assertThrows(
              CompletionException.class,
              () -> {
                for (int i = 0; i < TRIES_MAX; i++) {
                  events.append(List.of(bytes(value(1, 300)))).join();
                }
              });
      assertInstanceOf(StoreFullException.class, refusal.getCause());
      long last = keyspace(store, "events").lastId();
      assertTrue(last > 40, "entries: " + last);
      events.trim(new TrimBound.MinId(last), false);
      CompactionEvent end = fixture.compact(store, "events", true);
      assertEquals(CompactionEvent.Type.COMPLETED, end.type(), end.message());
      store.checkpoint().join();
      events.append(List.of(bytes(value(1, 300)))).join();
      assertEquals(last + 1, keyspace(store, "events").lastId());
    }
  }

  /** Guards: what only deletes may go on, and outputs are beyond the bound. */
  @Test
  void deletesCompactsAndGoesOn() throws IOException {
    Map<String, String> before;
    try (Store store = open()) {
      int written = fill(store);
      for (int i = 0; i < written; i++) {
        if (i % 4 > 0) {
          delete(store, "main", "key-" + i);
        }
      }
      for (int i = 0; i < 100; i++) {
        delete(store, "main", "key-0"); // no bytes of a value, but segments are begun for them
      }
      before = contents(store, "main");
      assertTrue(segments(store) > MAX, "segments: " + segments(store));
    }
    try (Store store = open()) {
      CompactionEvent end = fixture.compact(store, "main", false);
      assertEquals(CompactionEvent.Type.COMPLETED, end.type(), end.message());
      assertEquals(before, contents(store, "main"));
      assertThrows(
          StoreFullException.class,
          () -> fill(store, 20),
          "what was replaced is there until a checkpoint");
      before = contents(store, "main"); // some of it was in the active segment's room
      store.checkpoint().join();
      assertTrue(segments(store) < MAX, "segments: " + segments(store));
      fill(store, 25);
      for (int i = 0; i < 25; i++) {
        before.put("main/more-" + i, value(i, 300));
      }
      assertEquals(before, contents(store, "main"));
    }
    try (Store store = open()) {
      assertEquals(before, contents(store, "main"));
    }
  }

  private static void fill(Store store, int more) throws IOException {
    for (int i = 0; i < more; i++) {
      put(store, "main", "more-" + i, value(i, 300));
    }
  }

  /** Guard: {@code Compactor.sealActive} does without. */
  @Test
  void compactsTheSealedOnesWhenTheActiveOneCannotBe() throws IOException {
    StoreOptions withBallast = options.withBallastBytes(5000);
    try (Store store = open(withBallast)) {
      fill(store);
      CompletionException last =
          assertThrows(
              CompletionException.class,
              () -> {
                for (int i = 0; i < TRIES_MAX; i++) {
                  store.write(new WriteBatch().delete("main", bytes("key-1"))).join();
                }
              });
      assertInstanceOf(StoreFullException.class, last.getCause());
      int most = segments(store);
      assertEquals(MAX + 4, most, "as many more for deletes");
      CompletableFuture<Long> sealed = new CompletableFuture<>();
      store.parts().writer().submit(new Operation.Seal("main", sealed));
      assertInstanceOf(StoreFullException.class, sealed.exceptionNow());
      Map<String, String> expected = contents(store, "main");
      assertTrue(storage.exists(Ballast.PATH));
      List<String> deleted = new ArrayList<>();
      storage.failWhen(
          operation -> {
            if (operation.kind() == dev.varve.store.simulation.Operation.Kind.DELETE) {
              deleted.add(operation.path());
            }
            return false;
          },
          Fault.IO_ERROR);
      CompactionEvent end = fixture.compact(store, "main", true);
      assertEquals(CompactionEvent.Type.COMPLETED, end.type(), end.message());
      assertFalse(deleted.contains(Ballast.PATH), "it has no segments to give");
      assertEquals(expected, contents(store, "main"));
      store.checkpoint().join();
      assertTrue(segments(store) < most, "segments: " + segments(store));
      delete(store, "main", "key-2");
      end = fixture.compact(store, "main", true);
      assertEquals(CompactionEvent.Type.COMPLETED, end.type(), end.message());
      expected.remove("main/key-2");
      assertEquals(expected, contents(store, "main"));
    }
  }

  /** A store that has more than it may have now is compacted like any other. */
  @Test
  void aLowerBoundThanThereAreKeepsNothingFromCompaction() throws IOException {
    Map<String, String> expected;
    try (Store store = open(fixture.options)) {
      for (int i = 0; i < 300; i++) {
        put(store, "main", "key-" + i % 20, value(i, 300));
      }
      expected = contents(store, "main");
      assertTrue(segments(store) > 20);
    }
    try (Store store = open(fixture.options.withSegmentsMax(2))) {
      assertThrows(StoreFullException.class, () -> fill(store, 30));
      CompactionEvent end = fixture.compact(store, "main", true);
      assertEquals(CompactionEvent.Type.COMPLETED, end.type(), end.message());
      store.checkpoint().join();
      Map<String, String> found = new TreeMap<>(contents(store, "main"));
      found.keySet().removeIf(key -> key.startsWith("main/more"));
      assertEquals(expected, found);
    }
  }

  /** What the primary's bound let in is in the log of all. */
  @Test
  void aReplicaTakesWhatThePrimaryTook() throws IOException {
    try (Store leader = fixture.standalone(new SimulatedStorage());
        Store follower =
            Store.open(
                fixture.options.withSegmentsMax(1),
                storage,
                Trampoline.runtime(fixture.nowMs::get))) {
      for (int i = 0; i < 60; i++) {
        put(leader, "main", "key-" + i, value(i, 300));
      }
      follower.log().append(Replica.entriesAfter(leader.log(), 0)).join();
      follower.log().commit(Long.MAX_VALUE);
      assertEquals(contents(leader, "main"), contents(follower, "main"));
      assertTrue(keyspace(follower, "main").segments().size() > 3);
    }
  }

  private static SegmentTable main(Store store) {
    return store.parts().keyspaces().existing("main").table();
  }

  private long logs() throws IOException {
    return storage.list("main").stream().filter(name -> name.endsWith(".log")).count();
  }

  /** Guard: {@code SegmentTable.requireSlots} in {@code Compactor.publish}. */
  @Test
  void aCompactionWithoutSlotsForItsOutputsLeavesNothing() throws IOException {
    try (Store store = open()) {
      for (int i = 0; i < 60; i++) {
        put(store, "main", "key-" + i % 40, value(i, 300));
      }
      Map<String, String> expected = contents(store, "main");
      long files = logs();
      main(store).slotsMax(main(store).size());
      CompactionEvent end = fixture.compact(store, "main", false);
      assertEquals(CompactionEvent.Type.FAILED, end.type());
      assertTrue(end.message().contains("that its index can tell apart"), end.message());
      assertEquals(files, logs());
      assertFalse(store.log().state().poisoned());
      assertEquals(expected, contents(store, "main"));

      main(store).slotsMax(100);
      end = fixture.compact(store, "main", false);
      assertEquals(CompactionEvent.Type.COMPLETED, end.type(), end.message());
      assertEquals(expected, contents(store, "main"));
    }
  }

  /** Without any slot, which the bound keeps from happening, a roll is refused all the same. */
  @Test
  void aRollWithoutASlotIsRefusedAndNothingElse() throws IOException {
    try (Store store = open(fixture.options)) {
      put(store, "main", "a", "1");
      main(store).slotsMax(main(store).size());
      long files = logs();
      int written = fill(store);
      assertEquals(files, logs());
      assertFalse(store.log().state().poisoned());
      main(store).slotsMax(100);
      put(store, "main", "more", value(1, 300));
      assertEquals(written + 2, contents(store, "main").size());
    }
  }

  @Test
  void aFollowerWithoutASlotTakesTheRollLater() throws IOException {
    try (Store leader = fixture.standalone(new SimulatedStorage());
        Store follower =
            Store.open(fixture.options, storage, Trampoline.runtime(fixture.nowMs::get))) {
      put(leader, "main", "a", "1");
      follower.log().append(Replica.entriesAfter(leader.log(), 0)).join();
      main(follower).slotsMax(1);
      for (int i = 0; i < 60; i++) {
        put(leader, "main", "key-" + i, value(i, 300));
      }
      CompletionException refusal =
          assertThrows(
              CompletionException.class,
              () -> follower.log().append(Replica.entriesAfter(leader.log(), 0)).join());
      assertInstanceOf(StoreFullException.class, refusal.getCause());
      assertFalse(follower.log().state().poisoned());

      main(follower).slotsMax(100);
      follower.log().append(Replica.entriesAfter(leader.log(), 0)).join();
      follower.log().commit(Long.MAX_VALUE);
      assertEquals(contents(leader, "main"), contents(follower, "main"));
    }
  }

  /** It has one segment, whatever the bound; a swap needs no room for another. */
  @Test
  void aSingleFileIsSwappedWithABoundOfOne() throws IOException {
    StoreFixture single = fixture.with(Layout.SINGLE_FILE);
    try (Store store = open(single.options.withSegmentsMax(1))) {
      for (int i = 0; i < 60; i++) {
        put(store, "main", "key-" + i % 20, value(i, 300));
      }
      Map<String, String> expected = contents(store, "main");
      for (int i = 0; i < 3; i++) {
        CompactionEvent end = single.compact(store, "main", i == 1);
        assertEquals(CompactionEvent.Type.COMPLETED, end.type(), end.message());
        put(store, "main", "key-1", "round " + i);
        expected.put("main/key-1", "round " + i);
        assertEquals(expected, contents(store, "main"));
      }
    }
  }

  /** In memory dead segments go by themselves: overwriting never comes to the bound. */
  @Test
  void aStoreInMemoryFreesSegmentsByItself() throws IOException {
    try (MemoryStorage memory = new MemoryStorage(8 << 20);
        Store store =
            Store.openStandalone(
                options.withLayout(Layout.MEMORY),
                memory,
                Trampoline.runtime(fixture.nowMs::get))) {
      for (int i = 0; i < 1000; i++) {
        put(store, "main", "key-" + i % 5, value(i, 300));
      }
      assertEquals(5, contents(store, "main").size());
    }
  }

  @Test
  void theBoundIsFromOneToTheMost() {
    for (int wrong : new int[] {0, StoreOptions.SEGMENTS_MAX + 1}) {
      IllegalArgumentException refused =
          assertThrows(
              IllegalArgumentException.class, () -> fixture.options.withSegmentsMax(wrong));
      assertTrue(String.valueOf(refused.getMessage()).startsWith("segmentsMax"));
    }
  }
}
