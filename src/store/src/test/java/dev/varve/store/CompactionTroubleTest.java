package dev.varve.store;

import static dev.varve.store.StoreFixture.contents;
import static dev.varve.store.StoreFixture.delete;
import static dev.varve.store.StoreFixture.keyspace;
import static dev.varve.store.StoreFixture.put;
import static dev.varve.store.StoreFixture.value;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.store.compaction.CancelToken;
import dev.varve.store.compaction.CompactionOptions;
import dev.varve.store.compaction.CompactionPlan;
import dev.varve.store.format.SegmentId;
import dev.varve.store.simulation.Fault;
import dev.varve.store.simulation.Operation;
import dev.varve.store.simulation.SimulatedStorage;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What becomes of a compaction when something around it fails, is late or is over. */
@ExtendWith(QuietLog.class)
class CompactionTroubleTest {
  private final StoreFixture fixture = new StoreFixture();
  private final SimulatedStorage storage = new SimulatedStorage();

  private static void load(Store store) throws IOException {
    for (int i = 0; i < 100; i++) {
      put(store, "main", "key-" + i % 25, value(i, 300));
    }
  }

  private long segmentFiles() throws IOException {
    return storage.list("main").stream()
        .filter(name -> name.endsWith(SegmentId.LOG_SUFFIX))
        .count();
  }

  @Test
  void aPlanOfOverwrittenTombstonesSaysWhatTheRunWillFree() throws IOException {
    try (Store store = fixture.standalone(storage)) {
      for (int i = 0; i < 200; i++) {
        put(store, "main", "key-" + i % 20, value(i, 100));
        delete(store, "main", "key-" + (i + 7) % 20);
      }
      put(store, "main", "last", "seals nothing");
      CompactionPlan plan = store.plan(CompactionOptions.defaults("main").forced());
      CompactionEvent end = fixture.compact(store, "main", false);
      assertEquals(CompactionEvent.Type.COMPLETED, end.type());
      assertEquals(end.spaceSaved(), plan.expectedSpaceSaved());
      assertEquals(keyspace(store, "main").totalBytes(), plan.bytesToCopy());
    }
  }

  @Test
  void aRunIsCompletedOnceItsEditIsInTheLogAndTheNextAdoptsItFirst() throws IOException {
    try (Store store = fixture.standalone(storage)) {
      load(store);
      Map<String, String> before = contents(store);
      storage.failWhen(
          op -> op.kind() == Operation.Kind.OPEN && op.path().endsWith(SegmentId.RUNS_SUFFIX),
          Fault.IO_ERROR);
      CompactionEvent end = fixture.compact(store, "main", false);
      assertEquals(CompactionEvent.Type.COMPLETED, end.type(), end.message());
      assertTrue(end.message().contains("tried again: simulated"), end.message());
      assertEquals(end.bytesBefore() - end.spaceSaved(), end.bytesAfter());
      assertEquals(1, store.log().adoptionBacklog());
      assertEquals(before, contents(store));

      CompactionEvent blocked = fixture.compact(store, "main", false);
      assertEquals(CompactionEvent.Type.FAILED, blocked.type());
      assertEquals("IoError", blocked.reason());

      storage.clearFaults();
      load(store);
      Map<String, String> loaded = contents(store);
      assertEquals(CompactionEvent.Type.COMPLETED, fixture.compact(store, "main", true).type());
      assertEquals(0, store.log().adoptionBacklog());
      assertEquals(loaded, contents(store));
    }
  }

  @Test
  void aRunThatWaitsForAnEarlierOneCanBeCancelled() throws IOException {
    Trampoline trampoline = new Trampoline();
    Queue<Runnable> late = new ArrayDeque<>();
    StoreRuntime runtime =
        new StoreRuntime(trampoline, trampoline, late::add, fixture.nowMs::get, fixture.nanos::get);
    Store store = Store.openStandalone(fixture.options, storage, runtime);
    load(store);
    CancelToken overOnceCommitted = CancelToken.withTimeout(() -> store.log().adoptionBacklog(), 1);
    CompactionEvent first =
        store.compact(fixture.request("main", false), event -> {}, overOnceCommitted);
    assertEquals(CompactionEvent.Type.COMPLETED, first.type(), first.message());
    CancelToken token = CancelToken.unbounded();
    CompactionEvent second =
        store.compact(
            fixture.request("main", false), event -> token.cancel(CancelToken.CANCELLED), token);
    assertEquals(CompactionEvent.Type.FAILED, second.type());
    assertEquals(CancelToken.CANCELLED, second.reason());
    late.forEach(Runnable::run);
    late.clear();
    assertEquals(0, store.log().adoptionBacklog());
    CompletableFuture<Void> closed = store.closeAsync();
    late.forEach(Runnable::run);
    closed.join();
  }

  /** Guard: {@code Plans.planSealed}. */
  @Test
  void writesWhileTheActiveSegmentIsSealedDoNotFailTheRun() throws IOException {
    AtomicReference<@Nullable Store> opened = new AtomicReference<>();
    StoreRuntime runtime =
        Trampoline.runtime(fixture.nowMs::get)
            .withWaiting(
                done -> {
                  Store running = opened.get();
                  if (running != null) {
                    for (int i = 0; i < 4; i++) {
                      byte[] value = StoreFixture.bytes("v".repeat(200));
                      running
                          .write(new WriteBatch().put("main", StoreFixture.bytes("hot"), value))
                          .join();
                    }
                  }
                });
    try (Store store = Store.openStandalone(fixture.options, storage, runtime)) {
      load(store);
      opened.set(store);
      CompactionEvent end = fixture.compact(store, "main", true);
      assertEquals(CompactionEvent.Type.COMPLETED, end.type(), end.reason() + " " + end.message());
      opened.set(null);
    }
  }

  @Test
  void noEventThatCanNotBeWrittenKeepsAFullDiskFromBeingCompacted() throws IOException {
    try (Store store = fixture.standalone(storage)) {
      load(store);
      storage.failWhen(op -> op.path().startsWith(EventLog.PATH), Fault.DISK_FULL);
      CompactionEvent end = fixture.compact(store, "main", true);
      assertEquals(CompactionEvent.Type.COMPLETED, end.type(), end.message());
      assertEquals(end, store.events(1).getFirst());
    }
  }

  @Test
  void aFileThatCanNotBeDeletedKeepsNoOtherAndGoesLater() throws IOException {
    try (Store store = fixture.standalone(storage)) {
      load(store);
      CompactionEvent end = fixture.compact(store, "main", false);
      String stuck = end.files().getFirst();
      storage.failWhen(
          op -> op.kind() == Operation.Kind.DELETE && op.path().equals(stuck), Fault.IO_ERROR);
      store.checkpoint().join();
      for (String file : end.files()) {
        assertEquals(file.equals(stuck), storage.exists(file), file);
      }
      storage.clearFaults();
      store.checkpoint().join();
      assertEquals(keyspace(store, "main").segments().size(), segmentFiles());
    }
  }

  @Test
  void leftoversThatCanNotBeDeletedKeepNoOtherAndGoLater() throws IOException {
    CompactionEvent end;
    try (Store store = fixture.standalone(storage)) {
      load(store);
      end = fixture.compact(store, "main", false);
    }
    try (Store store = fixture.standalone(storage)) {
      String stuck = end.files().getFirst();
      storage.failWhen(
          op -> op.kind() == Operation.Kind.DELETE && op.path().equals(stuck), Fault.IO_ERROR);
      store.checkpoint().join();
      for (String file : end.files()) {
        assertEquals(file.equals(stuck), storage.exists(file), file);
      }
      storage.clearFaults();
      store.checkpoint().join();
      assertEquals(keyspace(store, "main").segments().size(), segmentFiles());
    }
  }

  @Test
  void forcedDeletionWaitsForDurabilityButForNoCheckpoint() throws IOException {
    try (Store store = fixture.open(storage)) {
      LogListener commitsBeforeTheSync =
          new LogListener() {
            @Override
            public void appended(List<LogEntry> group) {
              store.log().commit(group.getLast().sequence());
            }

            @Override
            public void durable(long sequence) {}

            @Override
            public void failed(Throwable cause) {}
          };
      store.log().lead(1, commitsBeforeTheSync).join();
      load(store);
      CompactionEvent end = fixture.compact(store, "main", true);
      assertEquals(CompactionEvent.Type.COMPLETED, end.type(), end.message());
      assertEquals(keyspace(store, "main").segments().size(), segmentFiles());
    }
  }

  @Test
  void openingDeletesNothingThatACrashCouldMakeNeededAgain() throws IOException {
    for (long seed = 0; seed < 50; seed++) {
      SimulatedStorage machine = new SimulatedStorage();
      Store store = fixture.standalone(machine);
      load(store);
      // Retirement can't note durably what is committed, so the inputs stay.
      machine.failWhen(
          op -> op.kind() == Operation.Kind.SYNC && op.path().equals("_durable"), Fault.IO_ERROR);
      fixture.compact(store, "main", true);
      put(store, "main", "last", "tells in the mark that the edit is committed");
      Map<String, String> before = contents(store);
      SimulatedStorage killed = machine.kill();
      fixture.open(killed); // deletes the inputs
      SimulatedStorage crashed = killed.crash(seed);
      try (Store recovered = fixture.standalone(crashed)) {
        assertEquals(before, contents(recovered), "seed " + seed);
      } catch (IOException e) {
        throw new AssertionError("seed " + seed, e);
      }
    }
  }
}
