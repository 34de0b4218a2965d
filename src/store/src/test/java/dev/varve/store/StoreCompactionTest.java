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
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.store.compaction.CancelToken;
import dev.varve.store.compaction.CompactionOptions;
import dev.varve.store.compaction.CompactionPlan;
import dev.varve.store.simulation.Fault;
import dev.varve.store.simulation.Operation;
import dev.varve.store.simulation.SimulatedStorage;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(QuietLog.class)
class StoreCompactionTest {
  private final StoreFixture fixture = new StoreFixture();

  private static void load(Store store) throws IOException {
    for (int i = 0; i < 100; i++) {
      put(store, "main", "key-" + i % 25, value(i, 300));
    }
  }

  @Test
  void reclaimsDeadBytesAndKeepsWhatIsLive() throws IOException {
    SimulatedStorage storage = new SimulatedStorage();
    try (Store store = fixture.standalone(storage)) {
      load(store);
      Map<String, String> before = contents(store);
      KeyspaceStatus full = keyspace(store, "main");
      List<CompactionEvent> events = new ArrayList<>();
      CompactionEvent end =
          store.compact(fixture.request("main", false), events::add, CancelToken.unbounded());
      KeyspaceStatus after = keyspace(store, "main");
      assertEquals(CompactionEvent.Type.COMPLETED, end.type(), end.message());
      assertEquals(CompactionEvent.Type.STARTED, events.getFirst().type());
      assertEquals(end, events.getLast());
      assertEquals(full.totalBytes(), end.bytesBefore());
      assertEquals(after.totalBytes(), end.bytesAfter());
      assertEquals(full.totalBytes() - after.totalBytes(), end.spaceSaved());
      assertEquals(0, after.deadRatio());
      assertEquals(25, after.liveKeys());
      assertTrue(after.retiredSegments() > 0);
      assertEquals(before, contents(store));
      assertEquals(end, store.events(1).getFirst());
    }
    try (Store store = fixture.standalone(storage)) {
      assertEquals(CompactionEvent.Type.COMPLETED, store.events(1).getFirst().type());
    }
  }

  @Test
  void retiredSegmentsStayUntilACheckpoint() throws IOException {
    SimulatedStorage storage = new SimulatedStorage();
    try (Store store = fixture.standalone(storage)) {
      load(store);
      CompactionEvent end = fixture.compact(store, "main", false);
      for (String file : end.files()) {
        assertTrue(storage.exists(file), file);
      }
      CheckpointResult checkpoint = store.checkpoint().join();
      assertEquals(end.files().size(), checkpoint.segmentsDeleted());
      assertTrue(checkpoint.bytesDeleted() > 0);
      for (String file : end.files()) {
        assertFalse(storage.exists(file), file);
      }
      assertEquals(0, keyspace(store, "main").retiredSegments());
    }
  }

  @Test
  void retiredSegmentsOfAnEarlierOpeningGoAtTheNextCheckpoint() throws IOException {
    SimulatedStorage storage = new SimulatedStorage();
    CompactionEvent end;
    try (Store store = fixture.standalone(storage)) {
      load(store);
      end = fixture.compact(store, "main", false);
    }
    try (Store store = fixture.standalone(storage)) {
      assertEquals(end.files().size(), keyspace(store, "main").retiredSegments());
      assertEquals(end.files().size(), store.checkpoint().join().segmentsDeleted());
      for (String file : end.files()) {
        assertFalse(storage.exists(file), file);
      }
    }
  }

  @Test
  void forceDeleteSkipsTheCheckpointAlone() throws IOException {
    SimulatedStorage storage = new SimulatedStorage();
    try (Store store = fixture.standalone(storage)) {
      load(store);
      for (int i = 0; i < 25; i += 6) {
        put(store, "main", "key-" + i, "a dead record in every segment");
      }
      CompactionEvent end;
      try (Scan reader = store.scan("main", new byte[0], false)) {
        reader.next();
        end = fixture.compact(store, "main", true);
        assertTrue(end.files().stream().anyMatch(file -> exists(storage, file)));
        while (reader.next() != null) {
          // what the scan still needs stays readable
        }
      }
      for (String file : end.files()) {
        assertFalse(exists(storage, file), file);
      }
    }
  }

  private static boolean exists(SimulatedStorage storage, String file) {
    try {
      return storage.exists(file);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  @Test
  void deletedAndExpiredKeysStayAwayAfterPartialCompactionsAndRestarts() throws IOException {
    SimulatedStorage storage = new SimulatedStorage();
    Store store = fixture.standalone(storage);
    put(store, "main", "deleted", "old");
    put(store, "main", "expired", "old");
    load(store); // the old values are in a segment of their own age
    delete(store, "main", "deleted");
    StoreFixture.write(
        store,
        new WriteBatch()
            .put(
                "main",
                bytes("expired"),
                bytes("new"),
                fixture.nowMs.get() + 1,
                WriteBatch.ANY_VERSION));
    load(store);
    fixture.nowMs.addAndGet(10);
    for (int i = 0; i < 4; i++) {
      fixture.compact(store, "main", true);
      assertEquals("absent", get(store, "main", "deleted"));
      assertEquals("absent", get(store, "main", "expired"));
      store.close();
      store = fixture.standalone(storage);
      assertEquals("absent", get(store, "main", "deleted"));
      assertEquals("absent", get(store, "main", "expired"));
      load(store);
    }
    store.close();
  }

  @Test
  void everythingDeletedLeavesNothing() throws IOException {
    SimulatedStorage storage = new SimulatedStorage();
    try (Store store = fixture.standalone(storage)) {
      load(store);
      for (int i = 0; i < 25; i++) {
        delete(store, "main", "key-" + i);
      }
      fixture.compact(store, "main", true);
      fixture.compact(store, "main", true);
      KeyspaceStatus status = keyspace(store, "main");
      assertEquals(0, status.totalBytes(), status.toString());
      assertEquals(0, status.liveKeys());
      put(store, "main", "again", "1");
    }
    try (Store store = fixture.standalone(storage)) {
      assertEquals(Map.of("main/again", "1"), contents(store));
    }
  }

  @Test
  void plansWithoutDoingAndSkipsWithTheReason() throws IOException {
    try (Store store = fixture.standalone(new SimulatedStorage())) {
      load(store);
      CompactionOptions usual = CompactionOptions.defaults("main");
      assertEquals(CompactionPlan.FILE_TOO_SMALL, store.plan(usual).reason());
      CompactionEvent end =
          store.compact(
              new CompactionRequest("r", usual, false, 0), event -> {}, CancelToken.unbounded());
      assertEquals(CompactionEvent.Type.SKIPPED, end.type());
      assertEquals(CompactionPlan.FILE_TOO_SMALL, end.reason());
      assertTrue(store.plan(usual.forced()).wouldCompact());
      assertEquals(CompactionEvent.Type.COMPLETED, fixture.compact(store, "main", false).type());
      assertEquals(
          CompactionPlan.NOTHING_TO_RECLAIM, fixture.compact(store, "main", false).reason());
    }
  }

  @Test
  void theSameRunAgainReturnsItsFirstEnd() throws IOException {
    try (Store store = fixture.standalone(new SimulatedStorage())) {
      load(store);
      CompactionRequest request = fixture.request("main", false);
      CompactionEvent first = store.compact(request, event -> {}, CancelToken.unbounded());
      load(store);
      assertEquals(first, store.compact(request, event -> {}, CancelToken.unbounded()));
    }
  }

  @Test
  void oneRunOfAKeyspaceAtATime() throws IOException {
    try (Store store = fixture.standalone(new SimulatedStorage())) {
      load(store);
      AtomicReference<Exception> second = new AtomicReference<>(new IOException("not tried"));
      AtomicBoolean other = new AtomicBoolean();
      store.compact(
          fixture.request("main", false),
          event -> {
            if (event.type() == CompactionEvent.Type.STARTED) {
              try {
                other.set(
                    fixture.compact(store, "objects", false).type()
                        == CompactionEvent.Type.SKIPPED);
                fixture.compact(store, "main", false);
              } catch (IOException e) {
                second.set(e);
              }
            }
          },
          CancelToken.unbounded());
      assertEquals(CompactionBusyException.class, second.get().getClass());
      assertTrue(other.get(), "another keyspace is not busy");
    }
  }

  @Test
  void onlyLeadersCompact() throws IOException {
    SimulatedStorage storage = new SimulatedStorage();
    try (Store store = fixture.standalone(storage)) {
      load(store);
    }
    try (Store store = fixture.open(storage)) {
      store.log().commit(Long.MAX_VALUE);
      assertThrows(NotLeaderException.class, () -> fixture.compact(store, "main", false));
      assertEquals(2, store.status().keyspaces().size());
    }
  }

  @Test
  void aCancelledRunChangesNothing() throws IOException {
    SimulatedStorage storage = new SimulatedStorage();
    try (Store store = fixture.standalone(storage)) {
      load(store);
      Map<String, String> before = contents(store);
      final CancelToken token = CancelToken.unbounded();
      CompactionEvent end =
          store.compact(
              fixture.request("main", false),
              event -> {
                if (event.type() == CompactionEvent.Type.PROGRESS) {
                  token.cancel(CancelToken.CANCELLED);
                }
              },
              token);
      assertRolledBack(storage, store, end, CancelToken.CANCELLED, before);
    }
  }

  @Test
  void aTimedOutRunChangesNothing() throws IOException {
    SimulatedStorage storage = new SimulatedStorage();
    try (Store store = fixture.standalone(storage)) {
      load(store);
      Map<String, String> before = contents(store);
      AtomicLong nanos = new AtomicLong();
      CompactionEvent end =
          store.compact(
              fixture.request("main", false),
              event -> nanos.addAndGet(600),
              CancelToken.withTimeout(nanos::get, 1000));
      assertRolledBack(storage, store, end, CancelToken.TIMEOUT, before);
    }
  }

  @Test
  void aFullDiskDuringARunAbortsItAndReadsGoOn() throws IOException {
    SimulatedStorage storage = new SimulatedStorage();
    try (Store store = fixture.standalone(storage)) {
      load(store);
      Map<String, String> before = contents(store);
      store.compact(fixture.request("objects", false), event -> {}, CancelToken.unbounded());
      // Full as soon as the run has begun to write.
      storage.failWhen(
          op -> op.kind() == Operation.Kind.WRITE && op.path().endsWith(".tmp"), Fault.DISK_FULL);
      CompactionEvent end = fixture.compact(store, "main", false);
      assertRolledBack(storage, store, end, "DiskFull", before);
      storage.clearFaults();
      assertEquals(CompactionEvent.Type.COMPLETED, fixture.compact(store, "main", true).type());
      assertEquals(before, contents(store));
    }
  }

  @Test
  void aDamagedInputFailsTheRunNamingTheFile() throws IOException {
    SimulatedStorage storage = new SimulatedStorage();
    try (Store store = fixture.standalone(storage)) {
      load(store);
      String damaged = keyspace(store, "main").segments().getFirst().file();
      storage.flipBit(damaged, 8 * 100L);
      CompactionEvent end = fixture.compact(store, "main", false);
      assertEquals("Corruption", end.reason());
      assertTrue(end.message().contains(damaged), end.message());
      assertTrue(storage.list("main").stream().noneMatch(name -> name.endsWith(".tmp")));
    }
  }

  private static void assertRolledBack(
      SimulatedStorage storage,
      Store store,
      CompactionEvent end,
      String reason,
      Map<String, String> before)
      throws IOException {
    assertEquals(CompactionEvent.Type.FAILED, end.type());
    assertEquals(reason, end.reason());
    assertEquals(1, end.errors());
    List<String> names = storage.list("main");
    List<String> live =
        keyspace(store, "main").segments().stream()
            .map(segment -> segment.file().substring("main/".length()))
            .toList();
    assertEquals(live, names.stream().filter(name -> name.endsWith(".log")).toList());
    assertTrue(
        names.stream().noneMatch(name -> name.endsWith(".tmp") || name.endsWith(".runs")),
        names.toString());
    assertEquals(before, contents(store));
  }
}
