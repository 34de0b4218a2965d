package dev.varve.store;

import static dev.varve.store.StoreFixture.bytes;
import static dev.varve.store.StoreFixture.contents;
import static dev.varve.store.StoreFixture.delete;
import static dev.varve.store.StoreFixture.keyspace;
import static dev.varve.store.StoreFixture.put;
import static dev.varve.store.StoreFixture.value;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.store.manifest.KeyspaceType;
import dev.varve.store.simulation.SimulatedStorage;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** A store that holds as much as it may: it says so, stays valid and can be emptied. */
@ExtendWith(QuietLog.class)
class CapacityTest {
  private static final long CAPACITY_BYTES = 20_000;

  private final StoreFixture fixture =
      new StoreFixture(
          List.of(
              new KeyspaceOptions("main", KeyspaceType.KEY_VALUE, StoreFixture.SEGMENT_BYTES),
              new KeyspaceOptions("events", KeyspaceType.STREAM, StoreFixture.SEGMENT_BYTES)));
  private final SimulatedStorage storage = new SimulatedStorage();

  private Store open() throws IOException {
    return Store.openStandalone(
        fixture.options.withCapacityBytes(CAPACITY_BYTES),
        storage,
        Trampoline.runtime(fixture.nowMs::get));
  }

  private static int fill(Store store) throws IOException {
    int written = 0;
    while (true) {
      try {
        put(store, "main", "key-" + written, value(written, 300));
        written++;
      } catch (StoreFullException e) {
        return written;
      }
    }
  }

  private static long segmentBytes(Store store) {
    return store.status().keyspaces().stream().mapToLong(KeyspaceStatus::totalBytes).sum();
  }

  /** Guard: {@code GroupBuilder.requireRoom}, and its exception for deletes. */
  @Test
  void refusesWhatAddsAndTakesWhatDeletes() throws IOException {
    Map<String, String> before;
    try (Store store = open()) {
      int written = fill(store);
      assertTrue(written > 50, "wrote " + written);
      long used = segmentBytes(store);
      assertTrue(used <= CAPACITY_BYTES && used > CAPACITY_BYTES - 400, "holds " + used);
      StoreFullException refusal =
          assertThrows(StoreFullException.class, () -> put(store, "main", "key-0", value(1, 300)));
      assertTrue(String.valueOf(refusal.getMessage()).contains("capacity of " + CAPACITY_BYTES));
      CompletionException stream =
          assertThrows(
              CompletionException.class,
              () -> store.stream("events").append(List.of(bytes(value(1, 300)))).join());
      assertInstanceOf(StoreFullException.class, stream.getCause());
      assertEquals(written, contents(store, "main").size());
      assertFalse(store.log().state().poisoned());

      for (int i = 0; i < 30; i++) {
        delete(store, "main", "key-" + i);
      }
      before = contents(store, "main");
      assertEquals(written - 30, before.size());
    }
    try (Store store = open()) {
      assertEquals(before, contents(store, "main"));
      assertThrows(StoreFullException.class, () -> put(store, "main", "more", value(1, 300)));
      CompactionEvent end = fixture.compact(store, "main", false);
      assertEquals(CompactionEvent.Type.COMPLETED, end.type(), end.message());
      assertThrows(
          StoreFullException.class,
          () -> put(store, "main", "more", value(1, 300)),
          "what was replaced is there until a checkpoint");
      store.checkpoint().join();
      put(store, "main", "more", value(1, 300));
      store.stream("events").append(List.of(bytes(value(1, 300)))).join();
      assertEquals(before.size() + 1, contents(store, "main").size());
      assertTrue(segmentBytes(store) <= CAPACITY_BYTES);
    }
  }

  @Test
  void otherWritesOfAGroupGoOn() throws IOException {
    Trampoline executor = new Trampoline();
    try (Store store =
        Store.openStandalone(
            fixture.options.withCapacityBytes(CAPACITY_BYTES),
            storage,
            executor.on(fixture.nowMs::get))) {
      put(store, "main", "a", value(1, 300));
      executor.hold();
      var big = store.write(new WriteBatch().put("main", bytes("big"), new byte[30_000]));
      var small = store.write(new WriteBatch().put("main", bytes("b"), bytes("1")));
      executor.release();
      assertInstanceOf(StoreFullException.class, big.exceptionNow());
      assertTrue(small.join() > 0);
      assertEquals(2, keyspace(store, "main").liveKeys());
    }
  }

  /** What the primary's capacity let in is in the log of all. */
  @Test
  void aReplicaTakesWhatThePrimaryTook() throws IOException {
    SimulatedStorage disk = new SimulatedStorage();
    try (Store leader = fixture.standalone(new SimulatedStorage());
        Store follower =
            Store.open(
                fixture.options.withCapacityBytes(1000),
                disk,
                Trampoline.runtime(fixture.nowMs::get))) {
      for (int i = 0; i < 20; i++) {
        put(leader, "main", "key-" + i, value(i, 300));
      }
      follower.log().append(Replica.entriesAfter(leader.log(), 0)).join();
      follower.log().commit(Long.MAX_VALUE);
      assertEquals(contents(leader, "main"), contents(follower, "main"));
    }
  }
}
