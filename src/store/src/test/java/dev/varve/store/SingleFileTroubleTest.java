package dev.varve.store;

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
import dev.varve.store.format.SegmentId;
import dev.varve.store.manifest.Layout;
import dev.varve.store.simulation.Fault;
import dev.varve.store.simulation.Operation;
import dev.varve.store.simulation.SimulatedStorage;
import dev.varve.store.storage.PosixStorage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Swaps of single files beside writes, failures and crashes. */
@ExtendWith(QuietLog.class)
class SingleFileTroubleTest {
  private final StoreFixture fixture = StoreFixture.of(Layout.SINGLE_FILE);
  private final SimulatedStorage storage = new SimulatedStorage();
  private final Trampoline executor = new Trampoline();

  private Store open(SimulatedStorage in, Trampoline on) throws IOException {
    return Store.openStandalone(fixture.options, in, on.on(fixture.nowMs::get));
  }

  private interface Step {
    void run() throws IOException;
  }

  /** Runs a step once, before the first operation of a compaction for which this holds. */
  private void before(Predicate<Operation> when, Step step) {
    AtomicBoolean done = new AtomicBoolean();
    storage.failWhen(
        operation -> {
          if (executor.idle() && when.test(operation) && done.compareAndSet(false, true)) {
            try {
              step.run();
            } catch (IOException e) {
              throw new AssertionError(e);
            }
          }
          return false;
        },
        Fault.IO_ERROR);
  }

  private static boolean syncsTheCopy(Operation operation) {
    return operation.kind() == Operation.Kind.SYNC && operation.path().endsWith(".log.tmp");
  }

  @Test
  void whatIsWrittenMeanwhileIsInTheNewFile() throws IOException {
    Map<String, String> expected;
    try (Store store = open(storage, executor)) {
      SingleFileTest.load(store);
      List<String> steps = new ArrayList<>();
      before(
          SingleFileTroubleTest::syncsTheCopy,
          () -> {
            steps.add("first round over");
            put(store, "main", "key-1", "overwritten");
            put(store, "main", "new", "added");
          });
      before(
          op -> op.kind() == Operation.Kind.RENAME,
          () -> {
            steps.add("caught up");
            put(store, "main", "key-2", "at the last moment");
            delete(store, "main", "key-3");
          });
      CompactionEvent end = fixture.compact(store, "main", false);
      assertEquals(CompactionEvent.Type.COMPLETED, end.type(), end.message());
      assertEquals(List.of("first round over", "caught up"), steps);
      storage.clearFaults();
      assertEquals("overwritten", get(store, "main", "key-1"));
      assertEquals("at the last moment", get(store, "main", "key-2"));
      assertEquals("absent", get(store, "main", "key-3"));
      expected = contents(store);
    }
    try (Store store = open(storage, new Trampoline())) {
      assertEquals(expected, contents(store));
    }
  }

  /** The guard is GroupCommit.putBackOpen: what is staged ahead then is for the file before. */
  @Test
  void aWriteThatComesInTheLastRoundGoesToTheNewFile() throws IOException {
    try (Store store = open(storage, executor)) {
      SingleFileTest.load(store);
      AtomicLong syncs = new AtomicLong();
      List<CompletableFuture<Long>> answers = new ArrayList<>();
      storage.failWhen(
          op -> {
            if (syncsTheCopy(op) && syncs.incrementAndGet() == 2) {
              assertFalse(executor.idle(), "the round runs where syncs do");
              answers.add(
                  store.write(
                      new WriteBatch()
                          .put("main", StoreFixture.bytes("late"), StoreFixture.bytes("1"))));
            }
            return false;
          },
          Fault.IO_ERROR);
      assertEquals(CompactionEvent.Type.COMPLETED, fixture.compact(store, "main", false).type());
      storage.clearFaults();
      assertEquals(1, answers.size());
      assertTrue(answers.getFirst().isDone());
      assertTrue(answers.getFirst().join() > 0);
      assertEquals("1", get(store, "main", "late"));
    }
    try (Store store = open(storage, new Trampoline())) {
      assertEquals("1", get(store, "main", "late"));
      assertEquals(26, keyspace(store, "main").liveKeys());
    }
  }

  /**
   * The guard is that only the first round of a copy drops tombstones: by the time this one is in
   * the file, the value that it hides is in the copy.
   */
  @Test
  void aKeyDeletedWhileItIsCopiedStaysDeletedAfterARestart() throws IOException {
    try (Store store = open(storage, executor)) {
      put(store, "main", "deleted", "copied first");
      for (int i = 0; i < 400; i++) { // more than one buffer
        put(store, "main", "key-" + i % 300, value(i, 2000));
      }
      AtomicLong reads = new AtomicLong();
      before(
          op ->
              op.kind() == Operation.Kind.READ
                  && op.path().endsWith(".log")
                  && reads.incrementAndGet() == 2,
          () -> delete(store, "main", "deleted"));
      assertEquals(CompactionEvent.Type.COMPLETED, fixture.compact(store, "main", true).type());
      assertTrue(reads.get() > 2, "it was deleted in the first round");
      storage.clearFaults();
      assertEquals("absent", get(store, "main", "deleted"));
    }
    try (Store store = open(storage, new Trampoline())) {
      assertEquals("absent", get(store, "main", "deleted"));
      assertEquals(300, keyspace(store, "main").liveKeys());
      assertEquals(CompactionEvent.Type.COMPLETED, fixture.compact(store, "main", true).type());
      assertEquals("absent", get(store, "main", "deleted"));
    }
  }

  private void assertRolledBack(Store store, Map<String, String> before, String reason)
      throws IOException {
    CompactionEvent end = store.events(1).getFirst();
    assertEquals(CompactionEvent.Type.FAILED, end.type(), end.message());
    assertEquals(reason, end.reason());
    assertEquals(before, contents(store));
    assertEquals(1, SingleFileTest.files(storage, "").size(), () -> storage.files().toString());
    storage.clearFaults();
    assertEquals(CompactionEvent.Type.COMPLETED, fixture.compact(store, "main", false).type());
    assertEquals(before, contents(store));
  }

  @Test
  void aFailureAtAnyCallRollsBackOrTheRunIsCompleted() throws IOException {
    long calls = 0;
    for (Fault fault : List.of(Fault.IO_ERROR, Fault.DISK_FULL)) {
      for (long n = 1; ; n++) {
        SimulatedStorage in = new SimulatedStorage();
        Trampoline on = new Trampoline();
        Map<String, String> before;
        try (Store store = open(in, on)) {
          SingleFileTest.load(store);
          before = contents(store);
          long at = in.operations() + n;
          in.failOperation(at, fault);
          CompactionEvent end = fixture.compact(store, "main", false);
          boolean over = in.operations() < at;
          in.clearFaults();
          assertEquals(before, contents(store), "call " + n);
          if (end.type() == CompactionEvent.Type.FAILED && !store.log().state().poisoned()) {
            assertEquals(1, SingleFileTest.files(in, "").size(), "call " + n + ": " + in.files());
            assertEquals(
                CompactionEvent.Type.COMPLETED, fixture.compact(store, "main", false).type());
            assertEquals(before, contents(store), "call " + n);
          }
          if (over) {
            assertEquals(CompactionEvent.Type.COMPLETED, end.type());
            calls += n;
            break;
          }
        } catch (StorePoisonedException e) {
          continue; // closing one says so
        }
        try (Store store = open(in, new Trampoline())) {
          assertEquals(before, contents(store), "call " + n);
          assertEquals(1, SingleFileTest.files(in, ".log").size(), "call " + n + in.files());
        }
      }
    }
    assertTrue(calls > 40, calls + " calls");
  }

  @Test
  void aCancelledRunLeavesNothing() throws IOException {
    try (Store store = open(storage, executor)) {
      SingleFileTest.load(store);
      Map<String, String> before = contents(store);
      CancelToken token = CancelToken.unbounded();
      before(SingleFileTroubleTest::syncsTheCopy, () -> token.cancel(CancelToken.CANCELLED));
      store.compact(fixture.request("main", false), event -> {}, token);
      assertRolledBack(store, before, "Cancelled");
    }
  }

  @Test
  void aRunThatTakesTooLongLeavesNothing() throws IOException {
    try (Store store = open(storage, executor)) {
      SingleFileTest.load(store);
      Map<String, String> before = contents(store);
      AtomicLong nanos = new AtomicLong();
      CancelToken token = CancelToken.withTimeout(nanos::get, 5);
      before(op -> op.kind() == Operation.Kind.RENAME, () -> nanos.set(6));
      store.compact(fixture.request("main", false), event -> {}, token);
      assertRolledBack(store, before, "Timeout");
    }
  }

  @Test
  void aFullDiskLeavesNothing() throws IOException {
    try (Store store = open(storage, executor)) {
      SingleFileTest.load(store);
      Map<String, String> before = contents(store);
      storage.failWhen(
          op -> op.kind() == Operation.Kind.WRITE && op.path().endsWith(".log.tmp"),
          Fault.DISK_FULL);
      fixture.compact(store, "main", false);
      assertRolledBack(store, before, "DiskFull");
    }
  }

  /** The manifest alone has no room: the swap is taken back after its file was opened. */
  @Test
  void aFullDiskAtTheCommitPointLeavesNothing() throws IOException {
    try (Store store = open(storage, executor)) {
      SingleFileTest.load(store);
      Map<String, String> before = contents(store);
      storage.failWhen(
          op -> op.kind() == Operation.Kind.WRITE && op.path().startsWith("_manifest"),
          Fault.DISK_FULL);
      fixture.compact(store, "main", false);
      assertRolledBack(store, before, "DiskFull");
      put(store, "main", "goes-on", "1");
      assertEquals("1", get(store, "main", "goes-on"));
    }
  }

  @Test
  void aCopyThatCanNotBeOpenedLeavesNothingAndPoisonsNothing() throws IOException {
    try (Store store = open(storage, executor)) {
      SingleFileTest.load(store);
      Map<String, String> before = contents(store);
      storage.failWhen(
          op -> op.kind() == Operation.Kind.OPEN && op.path().endsWith(".log"), Fault.IO_ERROR);
      fixture.compact(store, "main", false);
      assertFalse(store.log().state().poisoned());
      assertRolledBack(store, before, "IoError");
    }
  }

  @Test
  void whatCanNotBeMovedYetStaysReadableAndIsMovedLater() throws IOException {
    try (Store store = open(storage, executor)) {
      SingleFileTest.load(store);
      Map<String, String> before = contents(store);
      storage.failWhen(
          op -> op.kind() == Operation.Kind.OPEN && op.path().endsWith(SegmentId.RUNS_SUFFIX),
          Fault.IO_ERROR);
      CompactionEvent end = fixture.compact(store, "main", false);
      assertEquals(CompactionEvent.Type.COMPLETED, end.type(), end.message());
      assertTrue(end.message().contains("tried again"), end.message());
      assertEquals(1, store.log().adoptionBacklog());
      put(store, "main", "key-1", "newer");
      before.put("main/key-1", "newer");
      assertEquals(before, contents(store));
      assertEquals(2, SingleFileTest.files(storage, ".log").size());
      storage.clearFaults();
      put(store, "main", "key-1", "newest");
      before.put("main/key-1", "newest");
      assertEquals(CompactionEvent.Type.COMPLETED, fixture.compact(store, "main", false).type());
      assertEquals(before, contents(store));
      assertEquals(1, SingleFileTest.files(storage, ".log").size());
      assertEquals(1, SingleFileTest.files(storage, ".old").size());
    }
  }

  @Test
  void aRestartMovesWhatWasNot() throws IOException {
    Map<String, String> before;
    try (Store store = open(storage, executor)) {
      SingleFileTest.load(store);
      storage.failWhen(
          op -> op.kind() == Operation.Kind.OPEN && op.path().endsWith(SegmentId.RUNS_SUFFIX),
          Fault.IO_ERROR);
      fixture.compact(store, "main", false);
      put(store, "main", "key-1", "newer");
      before = contents(store);
      storage.clearFaults();
    }
    try (Store store = open(storage, new Trampoline())) {
      assertEquals(before, contents(store));
      assertEquals(0, store.log().adoptionBacklog());
      assertEquals(1, SingleFileTest.files(storage, ".log").size());
      assertEquals(1, SingleFileTest.files(storage, ".old").size());
      assertEquals(List.of(), SingleFileTest.files(storage, SegmentId.RUNS_SUFFIX));
    }
  }

  /**
   * At every operation of a compaction with writes within it the machine crashes on a copy: what is
   * found is the old file or the new one, with everything acknowledged and nothing deleted back.
   */
  @Test
  void aCrashAtAnyOperationLeavesTheOldOrTheNewFile() throws IOException {
    Map<String, String> acknowledged = new TreeMap<>();
    AtomicLong crashes = new AtomicLong();
    AtomicBoolean watching = new AtomicBoolean();
    AtomicBoolean writing = new AtomicBoolean();
    AtomicLong writes = new AtomicLong();
    try (Store store = open(storage, executor)) {
      SingleFileTest.load(store);
      delete(store, "main", "key-24");
      acknowledged.putAll(contents(store));
      storage.failWhen(
          operation -> {
            if (!watching.get() || !operation.kind().isChange()) {
              return false;
            }
            if (executor.idle() && writing.compareAndSet(false, true)) {
              long n = writes.incrementAndGet();
              try {
                watching.set(false);
                put(store, "main", "key-" + n % 20, "during-" + n);
                acknowledged.put("main/key-" + n % 20, "during-" + n);
                delete(store, "main", "key-" + (n + 7) % 20);
                acknowledged.remove("main/key-" + (n + 7) % 20);
              } catch (IOException e) {
                throw new AssertionError(e);
              } finally {
                watching.set(true);
                writing.set(false);
              }
            }
            watching.set(false);
            try {
              for (long seed = 0; seed < 6; seed++) {
                recovers(storage.crashClone(31 * operation.number() + seed), acknowledged);
                crashes.incrementAndGet();
              }
              recovers(storage.killClone(), acknowledged);
            } catch (IOException | AssertionError e) {
              throw new AssertionError("a crash before " + operation + ": " + e.getMessage(), e);
            } finally {
              watching.set(true);
            }
            return false;
          },
          Fault.IO_ERROR);
      for (int i = 0; i < 4; i++) {
        watching.set(true);
        CompactionEvent end = fixture.compact(store, "main", i == 2);
        watching.set(false);
        assertEquals(CompactionEvent.Type.COMPLETED, end.type(), end.message());
        assertEquals(acknowledged, contents(store));
      }
      storage.clearFaults();
    }
    assertTrue(crashes.get() > 300, crashes + " crashes");
    assertTrue(writes.get() > 20, writes + " writes within");
  }

  /**
   * That the swap is committed is known from a mark that no sync covers: the file is put aside only
   * once that is durable, or a crash would bring back a state that needs it by its name.
   */
  @Test
  void aCrashWhileTheNextOpeningPutsTheOldFileAsideLosesNothing() throws IOException {
    Store store = open(storage, executor);
    SingleFileTest.load(store);
    storage.failWhen(
        op -> op.kind() == Operation.Kind.OPEN && op.path().endsWith(SegmentId.RUNS_SUFFIX),
        Fault.IO_ERROR);
    fixture.compact(store, "main", false);
    put(store, "main", "after", "1");
    put(store, "main", "after", "2");
    Map<String, String> acknowledged = contents(store);
    assertEquals(2, SingleFileTest.files(storage, ".log").size());
    SimulatedStorage killed = storage.kill();
    AtomicLong crashes = new AtomicLong();
    killed.failWhen(
        operation -> {
          if (operation.kind().isChange()) {
            for (long seed = 0; seed < 8; seed++) {
              try {
                recovers(killed.crashClone(31 * operation.number() + seed), acknowledged);
                crashes.incrementAndGet();
              } catch (IOException | AssertionError e) {
                throw new AssertionError("a crash before " + operation + ": " + e.getMessage(), e);
              }
            }
          }
          return false;
        },
        Fault.IO_ERROR);
    try (Store next = open(killed, new Trampoline())) {
      assertEquals(acknowledged, contents(next));
      assertEquals(1, SingleFileTest.files(killed, ".old").size());
    }
    assertTrue(crashes.get() > 100, crashes + " crashes");
    assertThrows(IOException.class, store::close, "its power is off");
  }

  private void recovers(SimulatedStorage left, Map<String, String> acknowledged)
      throws IOException {
    try (Store store = open(left, new Trampoline())) {
      assertEquals(acknowledged, contents(store));
      List<String> logs = SingleFileTest.files(left, ".log");
      assertEquals(1, logs.size(), () -> left.files().toString());
      assertTrue(SingleFileTest.files(left, ".old").size() <= 1, () -> left.files().toString());
      assertEquals(List.of(), SingleFileTest.files(left, ".tmp"));
    }
    assertTrue(RecoveryFixture.verify(left).clean());
    try (Store store = open(left, new Trampoline())) {
      assertEquals(acknowledged, contents(store));
    }
  }

  /** Real threads and files: the last round and the swap beside writers that never pause. */
  @Test
  void swapsUnderWritersAndReaders(@TempDir Path directory) throws Exception {
    Map<String, String> last = new TreeMap<>();
    long swaps = 0;
    try (StoreRuntime runtime = StoreRuntime.threads("single-file");
        Store store = Store.openStandalone(fixture.options, new PosixStorage(directory), runtime)) {
      AtomicBoolean stop = new AtomicBoolean();
      CompletableFuture<Long> writer = new CompletableFuture<>();
      Thread.ofPlatform()
          .start(
              () -> {
                long n = 0;
                try {
                  while (!stop.get() || n < 2000) {
                    List<CompletableFuture<Long>> writes = new ArrayList<>();
                    for (int i = 0; i < 20; i++) {
                      n++;
                      String key = "key-" + n % 50;
                      WriteBatch batch = new WriteBatch();
                      if (n % 7 == 0) {
                        batch.delete("main", StoreFixture.bytes(key));
                        last.remove("main/" + key);
                      } else {
                        String text = value((int) n, 500);
                        batch.put("main", StoreFixture.bytes(key), StoreFixture.bytes(text));
                        last.put("main/" + key, text);
                      }
                      writes.add(store.write(batch));
                    }
                    writes.forEach(CompletableFuture::join);
                  }
                  writer.complete(n);
                } catch (RuntimeException e) {
                  writer.completeExceptionally(e);
                }
              });
      while (swaps < 8 && !writer.isDone()) {
        CompactionEvent end = fixture.compact(store, "main", swaps % 2 == 0);
        assertFalse(end.type() == CompactionEvent.Type.FAILED, end.message());
        swaps += end.type() == CompactionEvent.Type.COMPLETED ? 1 : 0;
        try (Scan scan = store.scan("main", new byte[0], false)) {
          Map<String, String> found = new TreeMap<>();
          StoreFixture.drain("main", scan, found);
        }
      }
      stop.set(true);
      writer.get();
      assertEquals(last, contents(store, "main"));
    }
    assertTrue(swaps > 1, swaps + " swaps");
    try (StoreRuntime runtime = StoreRuntime.threads("single-file");
        Store store = Store.openStandalone(fixture.options, new PosixStorage(directory), runtime)) {
      assertEquals(last, contents(store, "main"));
    }
  }
}
