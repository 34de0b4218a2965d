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
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.store.compaction.CancelToken;
import dev.varve.store.recovery.CorruptionException;
import dev.varve.store.simulation.Fault;
import dev.varve.store.simulation.Operation;
import dev.varve.store.simulation.SimulatedStorage;
import dev.varve.store.storage.PosixStorage;
import dev.varve.store.storage.StoreLockedException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StoreTest {
  private final StoreFixture fixture = new StoreFixture();

  @Test
  void readsBackWhatWasWrittenAfterReopening() throws IOException {
    SimulatedStorage storage = new SimulatedStorage();
    try (Store store = fixture.standalone(storage)) {
      put(store, "main", "a", "1");
      put(store, "main", "b", "2");
      put(store, "objects", "a", "3");
      put(store, "main", "a", "4");
      delete(store, "main", "b");
      assertEquals(Map.of("main/a", "4", "objects/a", "3"), contents(store));
    }
    try (Store store = fixture.standalone(storage)) {
      assertEquals(Map.of("main/a", "4", "objects/a", "3"), contents(store));
      assertEquals("absent", get(store, "main", "b"));
      assertEquals(1, keyspace(store, "main").liveKeys());
    }
  }

  @Test
  void rollsSegmentsAndLoadsThemFromHints() throws IOException {
    SimulatedStorage storage = new SimulatedStorage();
    Map<String, String> expected = new TreeMap<>();
    try (Store store = fixture.standalone(storage)) {
      for (int i = 0; i < 200; i++) {
        put(store, "main", "key-" + i % 50, value(i, 100));
        expected.put("main/key-" + i % 50, value(i, 100));
      }
      assertTrue(keyspace(store, "main").segments().size() > 5);
    }
    assertTrue(storage.list("main").stream().filter(n -> n.endsWith(".hint")).count() > 4);
    try (Store store = fixture.standalone(storage)) {
      assertEquals(expected, contents(store));
      KeyspaceStatus status = keyspace(store, "main");
      assertEquals(50, status.liveKeys());
      assertEquals(
          status.liveBytes(),
          status.segments().stream().mapToLong(KeyspaceStatus.SegmentStatus::liveBytes).sum());
    }
  }

  @Test
  void hidesExpiredRecordsByTheClockAlone() throws IOException {
    try (Store store = fixture.standalone(new SimulatedStorage())) {
      long expiresAtMs = fixture.nowMs.get() + 10;
      write(
          store,
          new WriteBatch()
              .put("main", bytes("k"), bytes("v"), expiresAtMs, WriteBatch.ANY_VERSION));
      assertEquals("v", get(store, "main", "k"));
      fixture.nowMs.addAndGet(10);
      assertEquals("absent", get(store, "main", "k"));
      assertEquals(Map.of(), contents(store));
      write(store, new WriteBatch().put("main", bytes("k"), bytes("w"), 0, 0));
      assertEquals("w", get(store, "main", "k"));
    }
  }

  @Test
  void checksConditionsAgainstWhatIsInFlight() throws IOException {
    try (Store store = fixture.standalone(new SimulatedStorage())) {
      long first = write(store, new WriteBatch().put("main", bytes("k"), bytes("1"), 0, 0));
      VersionMismatchException absent =
          assertThrows(
              VersionMismatchException.class,
              () -> write(store, new WriteBatch().put("main", bytes("k"), bytes("2"), 0, 0)));
      assertEquals(first, absent.current());
      long second = write(store, new WriteBatch().put("main", bytes("k"), bytes("3"), 0, first));
      write(store, new WriteBatch().delete("main", bytes("k"), second));
      write(store, new WriteBatch().put("main", bytes("k"), bytes("5"), 0, 0));
      assertEquals("5", get(store, "main", "k"));
    }
  }

  @Test
  void refusesBatchesThatBreakALimit() throws IOException {
    try (Store store = fixture.standalone(new SimulatedStorage())) {
      Map<InvalidWriteException.Reason, WriteBatch> bad = new HashMap<>();
      bad.put(InvalidWriteException.Reason.BATCH_EMPTY, new WriteBatch());
      bad.put(
          InvalidWriteException.Reason.KEY_EMPTY,
          new WriteBatch().put("main", new byte[0], bytes("v")));
      bad.put(
          InvalidWriteException.Reason.KEY_TOO_LARGE,
          new WriteBatch().put("main", new byte[4097], bytes("v")));
      bad.put(
          InvalidWriteException.Reason.VALUE_TOO_LARGE,
          new WriteBatch().put("main", bytes("k"), new byte[(16 << 20) + 1]));
      bad.put(
          InvalidWriteException.Reason.UNKNOWN_KEYSPACE,
          new WriteBatch().put("nowhere", bytes("k"), bytes("v")));
      bad.put(
          InvalidWriteException.Reason.DUPLICATE_KEY,
          new WriteBatch().put("main", bytes("k"), bytes("v")).delete("main", bytes("k")));
      for (Map.Entry<InvalidWriteException.Reason, WriteBatch> entry : bad.entrySet()) {
        InvalidWriteException refused =
            assertThrows(InvalidWriteException.class, () -> write(store, entry.getValue()));
        assertEquals(entry.getKey(), refused.reason());
      }
      assertEquals(Map.of(), contents(store));
    }
  }

  @Test
  void acceptsALargestValueAlthoughItIsLargerThanASegment() throws IOException {
    SimulatedStorage storage = new SimulatedStorage();
    try (Store store = fixture.standalone(storage)) {
      write(store, new WriteBatch().put("main", bytes("k"), new byte[16 << 20]));
      put(store, "main", "after", "it");
      Versioned large = store.get("main", bytes("k"));
      assertEquals(16 << 20, large == null ? -1 : large.value().length);
    }
    try (Store store = fixture.standalone(storage)) {
      assertEquals("it", get(store, "main", "after"));
    }
  }

  @Test
  void aFollowerRefusesWrites() throws IOException {
    try (Store store = fixture.open(new SimulatedStorage())) {
      assertThrows(NotLeaderException.class, () -> put(store, "main", "k", "v"));
    }
  }

  @Test
  void writesThatWereNotCommittedWhenLeadingEndsHaveAnUnknownOutcome() throws IOException {
    try (Store store = fixture.open(new SimulatedStorage())) {
      List<Long> durable = new ArrayList<>();
      ShardLog log = store.log();
      log.lead(1, new RecordingListener(durable)).join();
      CompletableFuture<Long> write =
          store.write(new WriteBatch().put("main", bytes("k"), bytes("v")));
      assertFalse(write.isDone());
      assertEquals(log.state().last().sequence(), durable.getLast());
      log.resign().join();
      CompletionException failure = assertThrows(CompletionException.class, write::join);
      assertTrue(failure.getCause() instanceof OutcomeUnknownException, failure.toString());
      log.commit(log.state().last().sequence());
      assertEquals("v", get(store, "main", "k"));
    }
  }

  @Test
  void uncommittedWritesAreNotVisible() throws IOException {
    try (Store store = fixture.open(new SimulatedStorage())) {
      ShardLog log = store.log();
      log.lead(1, new RecordingListener(new ArrayList<>())).join();
      CompletableFuture<Long> write =
          store.write(new WriteBatch().put("main", bytes("k"), bytes("v")));
      assertEquals("absent", get(store, "main", "k"));
      log.commit(Long.MAX_VALUE);
      assertEquals("v", get(store, "main", "k"));
      assertTrue(write.isDone());
    }
  }

  /**
   * Guards pitfall 23 in {@code GroupCommit.close}: "closed" would be taken for "not written", and
   * the write repeated.
   */
  @Test
  void writesThatWereNotCommittedWhenTheStoreClosesHaveAnUnknownOutcome() throws IOException {
    SimulatedStorage storage = new SimulatedStorage();
    CompletableFuture<Long> write;
    try (Store store = fixture.open(storage)) {
      store.log().lead(1, new RecordingListener(new ArrayList<>())).join();
      write = store.write(new WriteBatch().put("main", bytes("k"), bytes("v")));
      assertFalse(write.isDone());
    }
    CompletionException failure = assertThrows(CompletionException.class, write::join);
    assertTrue(failure.getCause() instanceof OutcomeUnknownException, failure.toString());
    try (Store store = fixture.standalone(storage)) {
      assertEquals("v", get(store, "main", "k"), "it was in the log");
    }
  }

  @Test
  void aDirectoryHasOneStoreAtATime() throws IOException {
    SimulatedStorage storage = new SimulatedStorage();
    try (Store store = fixture.standalone(storage)) {
      assertThrows(StoreLockedException.class, () -> fixture.standalone(storage));
      put(store, "main", "k", "v");
    }
  }

  @Test
  void closedStoresRefuseEverything() throws IOException {
    Store store = fixture.standalone(new SimulatedStorage());
    store.close();
    store.close();
    assertThrows(StoreClosedException.class, () -> put(store, "main", "k", "v"));
    assertThrows(StoreClosedException.class, () -> store.get("main", bytes("k")));
  }

  @Test
  void aFailedSyncPoisonsTheStoreUntilItIsOpenedAgain() throws IOException {
    SimulatedStorage storage = new SimulatedStorage();
    Store store = fixture.standalone(storage);
    put(store, "main", "before", "1");
    storage.failWhen(
        op -> op.kind() == Operation.Kind.SYNC && op.path().startsWith("main/"), Fault.FAILED_SYNC);
    assertThrows(StorePoisonedException.class, () -> put(store, "main", "k", "v"));
    storage.clearFaults();
    assertThrows(StorePoisonedException.class, () -> put(store, "main", "again", "v"));
    assertTrue(store.log().state().poisoned());
    assertEquals("1", get(store, "main", "before"));
    store.close();
    try (Store again = fixture.standalone(storage.crash(1))) {
      assertEquals("1", get(again, "main", "before"));
      put(again, "main", "again", "v");
    }
  }

  @Test
  void aFullDiskRefusesTheWriteAndNothingElse() throws IOException {
    SimulatedStorage storage = new SimulatedStorage();
    Store store = fixture.standalone(storage);
    put(store, "main", "k", "v");
    storage.failWhen(op -> op.kind() == Operation.Kind.WRITE, Fault.DISK_FULL);
    assertThrows(StoreFullException.class, () -> put(store, "main", "k", "w"));
    assertEquals("v", get(store, "main", "k"));
    storage.clearFaults();
    put(store, "main", "l", "x");
    try (Store again = fixture.standalone(storage.crash(3))) {
      assertEquals(Map.of("main/k", "v", "main/l", "x"), contents(again));
    }
  }

  @Test
  void damageInTheActiveSegmentIsReportedNotCutOff() throws IOException {
    SimulatedStorage storage = new SimulatedStorage();
    String active;
    try (Store store = fixture.standalone(storage)) {
      for (int i = 0; i < 5; i++) {
        put(store, "main", "key-" + i, "value");
      }
      active = keyspace(store, "main").segments().getLast().file();
    }
    storage.flipBit(active, 8 * 60L);
    CorruptionException damage =
        assertThrows(CorruptionException.class, () -> fixture.standalone(storage));
    assertEquals(active, damage.file());
    assertEquals(50, damage.offset()); // the second record's beginning
  }

  @Test
  void damageOfTheLastRecordIsReportedNotTakenForATornTail() throws IOException {
    SimulatedStorage storage = new SimulatedStorage();
    String active;
    long length;
    try (Store store = fixture.standalone(storage)) {
      put(store, "main", "key-1", "value");
      put(store, "main", "key-2", "value");
      active = keyspace(store, "main").segments().getLast().file();
      length = keyspace(store, "main").totalBytes();
    }
    storage.flipBit(active, (length - 1) * 8);
    CorruptionException damage =
        assertThrows(CorruptionException.class, () -> fixture.standalone(storage));
    assertEquals(active, damage.file());
    assertEquals(length / 2, damage.offset());
  }

  @Test
  void aLostManifestIsNoNewStore() throws IOException {
    SimulatedStorage storage = new SimulatedStorage();
    try (Store store = fixture.standalone(storage)) {
      put(store, "main", "k", "v");
    }
    storage.delete("_manifest/0000000000-000000000001.log");
    assertThrows(CorruptionException.class, () -> fixture.standalone(storage));
    storage.delete("_durable");
    assertThrows(CorruptionException.class, () -> fixture.standalone(storage));
  }

  @Test
  void aDamagedHintIsReplacedBySegmentAndWrittenAnew() throws IOException {
    SimulatedStorage storage = new SimulatedStorage();
    Map<String, String> expected;
    try (Store store = fixture.standalone(storage)) {
      for (int i = 0; i < 100; i++) {
        put(store, "main", "key-" + i, value(i, 100));
      }
      expected = contents(store);
    }
    String hint =
        storage.list("main").stream().filter(n -> n.endsWith(".hint")).findFirst().orElseThrow();
    storage.flipBit("main/" + hint, 300);
    try (Store store = fixture.standalone(storage)) {
      assertEquals(expected, contents(store));
    }
    byte[] written = storage.contents("main/" + hint);
    try (Store store = fixture.standalone(storage)) {
      assertEquals(expected, contents(store));
      assertEquals(written.length, storage.contents("main/" + hint).length);
    }
  }

  @Test
  void scansSeeOneSequenceWhileWritesAndCompactionGoOn() throws IOException {
    try (Store store = fixture.standalone(new SimulatedStorage())) {
      Map<String, String> then = new TreeMap<>();
      for (int i = 0; i < 100; i++) {
        put(store, "main", "key-" + i, value(i, 60));
        then.put("main/key-" + i, value(i, 60));
      }
      try (Scan scan = store.scan("main", new byte[0], false)) {
        Map<String, String> seen = new TreeMap<>();
        for (int i = 0; i < 100; i += 3) {
          delete(store, "main", "key-" + i);
        }
        for (int i = 0; i < 100; i += 2) {
          put(store, "main", "key-" + i, "new");
          put(store, "main", "key-" + (200 + i), "new");
        }
        assertEquals(CompactionEvent.Type.COMPLETED, fixture.compact(store, "main", true).type());
        for (int i = 0; i < 100; i += 5) {
          put(store, "main", "key-" + i, "newer");
        }
        StoreFixture.drain("main", scan, seen);
        assertEquals(then, seen);
      }
      assertEquals("newer", get(store, "main", "key-0"));
    }
  }

  @Test
  void aScanIsLostRatherThanWrongWhenTooMuchIsOverwritten() throws IOException {
    StoreOptions options = fixture.options.withSnapshotEntriesMax(10);
    try (Store store =
        Store.openStandalone(
            options, new SimulatedStorage(), Trampoline.runtime(fixture.nowMs::get))) {
      for (int i = 0; i < 50; i++) {
        put(store, "main", "key-" + i, "1");
      }
      try (Scan scan = store.scan("main", new byte[0], false)) {
        for (int i = 0; i < 50; i++) {
          put(store, "main", "key-" + i, "2");
        }
        assertThrows(SnapshotLostException.class, scan::next);
      }
    }
  }

  @Test
  void scansByPrefixAndKeysOnly() throws IOException {
    try (Store store = fixture.standalone(new SimulatedStorage())) {
      put(store, "main", "a-1", "x");
      put(store, "main", "b-1", "y");
      try (Scan scan = store.scan("main", bytes("a-"), true)) {
        Scan.Entry entry = scan.next();
        assertEquals("a-1", entry == null ? "" : StoreFixture.text(entry.key()));
        assertEquals(0, entry == null ? -1 : entry.versioned().value().length);
        assertNull(scan.next());
      }
    }
  }

  @Test
  void worksOnRealFilesAndThreads(@TempDir Path directory) throws Exception {
    Map<String, String> expected = new TreeMap<>();
    for (int round = 0; round < 2; round++) {
      try (StoreRuntime runtime = StoreRuntime.threads("test");
          Store store =
              Store.openStandalone(fixture.options, new PosixStorage(directory), runtime)) {
        assertEquals(expected, contents(store));
        List<CompletableFuture<Long>> writes = new ArrayList<>();
        for (int i = 0; i < 2000; i++) {
          String value = value(round * 10_000 + i, 50);
          writes.add(
              store.write(new WriteBatch().put("main", bytes("key-" + i % 300), bytes(value))));
          expected.put("main/key-" + i % 300, value);
        }
        CompletableFuture.allOf(writes.toArray(CompletableFuture<?>[]::new)).join();
        CompactionEvent end =
            store.compact(fixture.request("main", false), event -> {}, CancelToken.unbounded());
        assertEquals(CompactionEvent.Type.COMPLETED, end.type(), end.message());
        assertTrue(store.checkpoint().join().segmentsDeleted() > 0);
        assertEquals(expected, contents(store));
      }
    }
  }

  private record RecordingListener(List<Long> durableSequences) implements LogListener {
    @Override
    public void appended(List<LogEntry> group) {}

    @Override
    public void durable(long sequence) {
      durableSequences.add(sequence);
    }

    @Override
    public void failed(Throwable cause) {}
  }
}
