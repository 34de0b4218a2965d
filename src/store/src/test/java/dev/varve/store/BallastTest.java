package dev.varve.store;

import static dev.varve.store.StoreFixture.contents;
import static dev.varve.store.StoreFixture.keyspace;
import static dev.varve.store.StoreFixture.put;
import static dev.varve.store.StoreFixture.value;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.store.compaction.CancelToken;
import dev.varve.store.simulation.Fault;
import dev.varve.store.simulation.Operation;
import dev.varve.store.simulation.SimulatedStorage;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Pitfall 12: what frees space works on a full disk, as it has room that nobody else could take.
 */
@ExtendWith(QuietLog.class)
class BallastTest {
  private static final long BALLAST_BYTES = 16_000;

  private final StoreFixture fixture = new StoreFixture();
  private final SimulatedStorage storage = new SimulatedStorage(100_000);

  private Store open(long ballastBytes) throws IOException {
    return Store.openStandalone(
        fixture.options.withBallastBytes(ballastBytes),
        storage,
        Trampoline.runtime(fixture.nowMs::get));
  }

  /** Overwrites and some that live, until the disk refuses. */
  private static void fill(Store store) throws IOException {
    int i = 0;
    while (true) {
      try {
        put(store, "main", i % 6 == 0 ? "lives-" + i : "dies-" + i % 7, value(i, 300));
        i++;
      } catch (StoreFullException e) {
        break;
      }
    }
    while (true) {
      try {
        put(store, "main", "small", "1");
      } catch (StoreFullException e) {
        return;
      }
    }
  }

  private boolean hasBallast() throws IOException {
    return storage.exists(Ballast.PATH);
  }

  private void assertNoTemporaries() throws IOException {
    assertTrue(storage.list("main").stream().noneMatch(name -> name.endsWith(".tmp")));
  }

  @Test
  void itIsMadeWhenTheStoreIsOpenedAndIsNoWriteOfTheUsers() throws IOException {
    try (Store store = open(BALLAST_BYTES)) {
      assertEquals(BALLAST_BYTES, storage.contents(Ballast.PATH).length);
      assertTrue(store.status().written().toDisk() < BALLAST_BYTES);
    }
    try (Store store = open(2 * BALLAST_BYTES)) {
      assertEquals(2 * BALLAST_BYTES, storage.contents(Ballast.PATH).length);
      assertTrue(store.status().written().toDisk() < BALLAST_BYTES);
    }
    try (Store store = open(StoreOptions.BALLAST_AUTOMATIC)) {
      assertEquals(2 * BALLAST_BYTES, storage.contents(Ballast.PATH).length, "it serves");
      assertFalse(store.log().state().poisoned());
    }
    try (Store store = open(0)) {
      assertFalse(hasBallast());
      assertFalse(store.log().state().poisoned());
    }
    try (Store store = open(StoreOptions.BALLAST_AUTOMATIC)) {
      long bytes = storage.contents(Ballast.PATH).length;
      assertTrue(bytes > 900 && bytes <= 1000, "a hundredth of the disk: " + bytes);
      assertFalse(store.log().state().poisoned());
    }
  }

  /** Guards pitfall 12: {@code Ballast.release}, and {@code EventLog.append} on a full disk. */
  @Test
  void aCompactionOnAFullDiskEndsWell() throws IOException {
    try (Store store = open(BALLAST_BYTES)) {
      fill(store);
      Map<String, String> before = contents(store);
      assertTrue(hasBallast(), "writes do not take it");
      CompactionEvent end = fixture.compact(store, "main", false);
      assertEquals(CompactionEvent.Type.COMPLETED, end.type(), end.message());
      assertTrue(end.spaceSaved() > 0);
      assertFalse(hasBallast());
      assertEquals(before, contents(store));
      store.checkpoint().join();
      assertTrue(hasBallast(), "made again from what was freed");
      put(store, "main", "more", value(1, 300));
      CompactionEvent next = fixture.compact(store, "main", true);
      assertEquals(CompactionEvent.Type.COMPLETED, next.type(), next.message());
      assertTrue(keyspace(store, "main").deadRatio() < 0.1);
    }
  }

  /** The guard of the one before: without a ballast there is no way out. */
  @Test
  void withoutItACompactionOnAFullDiskIsRolledBack() throws IOException {
    try (Store store = open(0)) {
      fill(store);
      Map<String, String> before = contents(store);
      CompactionEvent end = fixture.compact(store, "main", false);
      assertEquals(CompactionEvent.Type.FAILED, end.type(), end.message());
      assertEquals("DiskFull", end.reason());
      assertNoTemporaries();
      assertEquals(before, contents(store));
    }
  }

  @Test
  void whereEvenItsRoomIsTooLittleTheRunIsRolledBackAndItIsMadeAgain() throws IOException {
    try (Store store = open(BALLAST_BYTES)) {
      put(store, "main", "before", "1");
      fill(store);
      Map<String, String> before = contents(store);
      // Somebody else is as quick as the run.
      storage.failWhen(
          op -> op.kind() == Operation.Kind.WRITE && op.path().endsWith(".tmp"), Fault.DISK_FULL);
      CompactionEvent end = fixture.compact(store, "main", false);
      storage.clearFaults();
      assertEquals(CompactionEvent.Type.FAILED, end.type(), end.message());
      assertEquals("DiskFull", end.reason());
      assertNoTemporaries();
      assertEquals(before, contents(store));
      storage.capacity(150_000);
      store.checkpoint().join();
      assertTrue(hasBallast());
    }
  }

  /** Guard: {@code CopyRoom.fitting}; all at once would not fit. */
  @Test
  void takesTheSegmentsThatFitWhereTheRoomIsNotEnoughForAll() throws IOException {
    try (Store store = open(0)) {
      for (int i = 0; i < 200; i++) {
        put(store, "main", i % 2 == 0 ? "lives-" + i : "dies", value(i, 300));
      }
      KeyspaceStatus full = keyspace(store, "main");
      long used = 100_000 - storage.usableBytes();
      storage.capacity(used + 12_000);
      Map<String, String> before = contents(store);
      CompactionEvent first = fixture.compact(store, "main", true);
      assertEquals(CompactionEvent.Type.COMPLETED, first.type(), first.message());
      assertTrue(first.files().size() < full.segments().size() / 2, first.files().toString());
      for (int i = 0; i < 20; i++) {
        fixture.compact(store, "main", true);
      }
      assertTrue(keyspace(store, "main").deadRatio() < 0.05, keyspace(store, "main").toString());
      assertEquals(before, contents(store));
    }
  }

  /** Guard: {@code Ballast.relieve} around the proposals. */
  @Test
  void theEditAndTheCheckpointGoThroughOnAFullDisk() throws IOException {
    try (Store store = open(0)) {
      fill(store);
      CompletionException refused =
          assertThrows(
              CompletionException.class,
              () -> {
                while (true) {
                  store.checkpoint().join();
                }
              });
      assertInstanceOf(StoreFullException.class, refused.getCause());
    }
    storage.capacity(200_000);
    try (Store store = open(BALLAST_BYTES)) {
      assertTrue(hasBallast());
      storage.capacity(200_000 - storage.usableBytes());
      assertEquals(0, storage.usableBytes());
      assertTrue(store.checkpoint().join().sequence() > 0);
      assertFalse(hasBallast());
    }
  }

  /** Guards: {@code Ballast.release} in {@code Store.open}, and {@code StoreLog.lead}. */
  @Test
  void aFullDirectoryCanBeOpenedAndLed() throws IOException {
    Map<String, String> before;
    try (Store store = open(BALLAST_BYTES)) {
      fill(store);
      before = contents(store);
    }
    long full = 100_000 - storage.usableBytes();
    storage.capacity(full);
    for (boolean markLost : new boolean[] {false, true}) {
      SimulatedStorage disk = storage.killClone();
      if (markLost) {
        disk.delete("_durable"); // it is written anew before the writer's first edit
        disk.capacity(full - disk.usableBytes());
      }
      try (Store store =
          Store.openStandalone(
              fixture.options.withBallastBytes(BALLAST_BYTES),
              disk,
              Trampoline.runtime(fixture.nowMs::get))) {
        assertEquals(before, contents(store));
        assertFalse(disk.exists(Ballast.PATH));
        CompactionEvent end = fixture.compact(store, "main", true);
        assertEquals(CompactionEvent.Type.COMPLETED, end.type(), end.message());
        assertEquals(before, contents(store));
      }
    }
  }

  /** Guard: {@code Ballast.relieve} in {@code StoreLog.append}, and its like for run lists. */
  @Test
  void aReplicaWhoseDiskIsFullTakesTheCompactionThatEmptiesIt() throws IOException {
    try (Store leader = fixture.standalone(new SimulatedStorage());
        Store follower =
            Store.open(
                fixture.options.withBallastBytes(BALLAST_BYTES),
                storage,
                Trampoline.runtime(fixture.nowMs::get))) {
      for (int i = 0; i < 60; i++) {
        put(leader, "main", "key-" + i % 10, value(i, 300));
      }
      replicate(leader, follower);
      long full = 100_000 - storage.usableBytes();
      storage.capacity(full);
      assertEquals(0, storage.usableBytes());
      fixture.compact(leader, "main", false);
      leader.checkpoint().join();
      replicate(leader, follower);
      assertEquals(contents(leader), contents(follower));
      assertEquals(keyspace(leader, "main").totalBytes(), keyspace(follower, "main").totalBytes());
      assertEquals(0, keyspace(follower, "main").retiredSegments());
      assertTrue(storage.usableBytes() > 0);
    }
  }

  private static void replicate(Store leader, Store follower) throws IOException {
    ShardLog to = follower.log();
    List<LogEntry> entries = Replica.entriesAfter(leader.log(), to.state().last().sequence());
    for (Attachment missing : to.missingAttachments(entries)) {
      to.installAttachment(
          missing, (offset, target) -> leader.log().read(missing.path(), offset, target));
    }
    to.append(entries).join();
    to.commit(leader.log().state().committed());
  }

  /** The run's own edit meets the full disk after its files were written. */
  @Test
  void theEditOfARunGoesThrough() throws IOException {
    try (Store store = open(BALLAST_BYTES)) {
      for (int i = 0; i < 60; i++) {
        put(store, "main", "key-" + i % 10, value(i, 300));
      }
      Map<String, String> before = contents(store);
      long used = 100_000 - storage.usableBytes();
      storage.failWhen(
          op -> {
            if (op.kind() == Operation.Kind.RENAME && op.path().endsWith(".tmp")) {
              storage.capacity(used); // others have taken the rest meanwhile
            }
            return false;
          },
          Fault.IO_ERROR);
      CompactionEvent end =
          store.compact(fixture.request("main", true), event -> {}, CancelToken.unbounded());
      assertEquals(CompactionEvent.Type.COMPLETED, end.type(), end.message());
      assertEquals(before, contents(store));
    }
  }
}
