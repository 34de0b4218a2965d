package dev.varve.store;

import static dev.varve.store.StoreFixture.bytes;
import static dev.varve.store.StoreFixture.contents;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.store.simulation.Fault;
import dev.varve.store.simulation.Operation;
import dev.varve.store.simulation.SimulatedStorage;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What a leader encodes while the group before is synced, and what becomes of it. */
@ExtendWith(QuietLog.class)
class StagingAheadTest {
  private final StoreFixture fixture = new StoreFixture();
  private final SimulatedStorage storage = new SimulatedStorage();
  private final Trampoline writer = new Trampoline();
  private final Trampoline syncer = new Trampoline();
  private final StoreRuntime runtime =
      new StoreRuntime(writer, syncer, writer, fixture.nowMs::get, fixture.nanos::get);

  private Store standalone() throws IOException {
    return Store.openStandalone(fixture.options, storage, runtime);
  }

  private static CompletableFuture<Long> put(Store store, String key, String value) {
    return store.write(new WriteBatch().put("main", bytes(key), bytes(value)));
  }

  private static void assertFails(
      Class<? extends Exception> expected, CompletableFuture<?> future) {
    assertInstanceOf(expected, assertThrows(CompletionException.class, future::join).getCause());
  }

  @Test
  void oneGroupTakesAllThatComesDuringASync() throws IOException {
    try (Store store = standalone()) {
      AtomicInteger writes = new AtomicInteger();
      storage.failWhen(
          op -> {
            if (op.kind() == Operation.Kind.WRITE && op.path().startsWith("main/")) {
              writes.incrementAndGet();
            }
            return false;
          },
          Fault.IO_ERROR);
      syncer.hold();
      List<CompletableFuture<Long>> done =
          List.of(put(store, "a", "1"), put(store, "b", "2"), put(store, "c", "3"));
      assertEquals(1, writes.get(), "the second group is not written before the first is durable");
      assertFalse(done.getFirst().isDone());
      syncer.release();
      assertEquals(2, writes.get());
      assertEquals(done.getFirst().join() + 1, done.get(1).join());
      assertEquals(done.getFirst().join() + 2, done.getLast().join());
    }
    try (Store recovered = fixture.standalone(storage.kill())) {
      assertEquals(Map.of("main/a", "1", "main/b", "2", "main/c", "3"), contents(recovered));
    }
  }

  @Test
  void conditionsSeeWhatIsStagedBeforeThem() throws IOException {
    try (Store store = standalone()) {
      syncer.hold();
      CompletableFuture<Long> first = put(store, "a", "1");
      CompletableFuture<Long> staged = put(store, "b", "2");
      CompletableFuture<Long> refused =
          store.write(new WriteBatch().put("main", bytes("b"), bytes("3"), 0, 0));
      assertFalse(refused.isDone(), "it would name a version that nobody can read yet");
      syncer.release();
      assertTrue(first.isDone() && staged.isDone());
      assertEquals(staged.join(), refusal(refused).current());
      assertEquals("2", StoreFixture.get(store, "main", "b"));
    }
  }

  /** Guard: {@code LeaderGroup.refused}, and {@code HeldRefusals.add} that compares. */
  @Test
  void aRefusalWaitsForWhatIsWrittenAndNotCommitted() throws IOException {
    try (Store store = Store.open(fixture.options, storage, runtime)) {
      ShardLog log = store.log();
      log.lead(1, new Uncommitted()).join();
      log.commit(log.state().last().sequence());
      CompletableFuture<Long> written = put(store, "a", "1");
      CompletableFuture<Long> refused = putIfAbsent(store, "a");
      CompletableFuture<Long> other = putIfSequence(store, "b", 7);
      assertFalse(written.isDone() || refused.isDone() || other.isDone());
      long sequence = log.state().last().sequence();
      log.commit(sequence);
      assertEquals(sequence, written.join());
      assertEquals(sequence, refusal(refused).current());
      assertEquals(0, refusal(other).current());
      assertEquals(0, refusal(putIfSequence(store, "b", 7)).current(), "nothing to wait for");
    }
  }

  /** Guard: {@code HeldRefusals.fail}. */
  @Test
  void whoResignsRefusesNothingForAVersionThatMayBeCut() throws IOException {
    try (Store store = Store.open(fixture.options, storage, runtime)) {
      ShardLog log = store.log();
      log.lead(1, new Uncommitted()).join();
      log.commit(log.state().last().sequence());
      long kept = log.state().last().sequence();
      CompletableFuture<Long> written = put(store, "a", "1");
      CompletableFuture<Long> refused = putIfAbsent(store, "a");
      log.resign().join();
      assertFails(OutcomeUnknownException.class, written);
      assertFails(NotLeaderException.class, refused);
      log.cut(kept).join();
      log.lead(2, LogListener.commitWhenDurable(log)).join();
      assertTrue(putIfAbsent(store, "a").join() > kept);
    }
  }

  /** Guard: {@code taken.add} of what is refused. */
  @Test
  void aRefusalThatIsPutBackIsComparedAgain() throws IOException {
    try (Store store = standalone()) {
      syncer.hold();
      CompletableFuture<Long> written = put(store, "a", "1");
      CompletableFuture<Long> staged = put(store, "b", "2");
      CompletableFuture<Long> refused = putIfAbsent(store, "b");
      CompletableFuture<Long> deleted =
          store.write(new WriteBatch().delete("main", bytes("b"), WriteBatch.ANY_VERSION));
      CompletableFuture<CheckpointResult> checkpoint = store.checkpoint();
      syncer.release();
      assertTrue(written.isDone() && staged.isDone() && deleted.isDone() && checkpoint.isDone());
      assertEquals(staged.join(), refusal(refused).current());
      assertEquals(staged.join() + 1, deleted.join());
    }
  }

  @Test
  void aFullDiskRefusesWhatWasComparedWithTheGroupToo() throws IOException {
    try (Store store = standalone()) {
      syncer.hold();
      CompletableFuture<Long> written = put(store, "a", "1");
      CompletableFuture<Long> staged = put(store, "b", "2");
      CompletableFuture<Long> refused = putIfAbsent(store, "b");
      storage.failWhen(
          op -> op.kind() == Operation.Kind.WRITE && op.path().startsWith("main/"),
          Fault.DISK_FULL);
      syncer.release();
      storage.clearFaults();
      assertTrue(written.isDone());
      assertFails(StoreFullException.class, staged);
      assertFails(StoreFullException.class, refused);
      putIfAbsent(store, "b").join();
    }
  }

  private static CompletableFuture<Long> putIfAbsent(Store store, String key) {
    return putIfSequence(store, key, 0);
  }

  private static CompletableFuture<Long> putIfSequence(Store store, String key, long sequence) {
    return store.write(new WriteBatch().put("main", bytes(key), bytes("other"), 0, sequence));
  }

  private static VersionMismatchException refusal(CompletableFuture<Long> refused) {
    return assertInstanceOf(
        VersionMismatchException.class,
        assertThrows(CompletionException.class, refused::join).getCause());
  }

  @Test
  void aControlThatComesDuringASyncPutsBackWhatIsStaged() throws IOException {
    try (Store store = standalone()) {
      syncer.hold();
      CompletableFuture<Long> written = put(store, "a", "1");
      CompletableFuture<Long> staged = put(store, "b", "2");
      CompletableFuture<Void> resigned = store.log().resign();
      syncer.release();
      resigned.join();
      assertTrue(written.isDone());
      assertFails(NotLeaderException.class, staged);
      ShardLog log = store.log();
      log.lead(log.state().last().term() + 1, LogListener.commitWhenDurable(log)).join();
      put(store, "c", "3").join();
      assertEquals(Map.of("main/a", "1", "main/c", "3"), contents(store));
    }
    try (Store recovered = fixture.standalone(storage.kill())) {
      assertEquals(Map.of("main/a", "1", "main/c", "3"), contents(recovered));
    }
  }

  @Test
  void aFailedSyncTakesWhatIsStagedAlong() throws IOException {
    Store store = standalone();
    syncer.hold();
    CompletableFuture<Long> written = put(store, "a", "1");
    CompletableFuture<Long> staged = put(store, "b", "2");
    storage.failWhen(
        op -> op.kind() == Operation.Kind.SYNC && op.path().startsWith("main/"), Fault.FAILED_SYNC);
    syncer.release();
    assertFails(StorePoisonedException.class, written);
    assertFails(StorePoisonedException.class, staged);
    storage.clearFaults();
    try (Store recovered = fixture.standalone(storage.crash(1))) {
      assertFalse(contents(recovered).containsKey("main/b"));
    }
  }

  @Test
  void aFullDiskRefusesWhatIsStagedAndNothingElse() throws IOException {
    try (Store store = standalone()) {
      syncer.hold();
      CompletableFuture<Long> written = put(store, "a", "1");
      CompletableFuture<Long> staged = put(store, "b", "2");
      storage.failWhen(
          op -> op.kind() == Operation.Kind.WRITE && op.path().startsWith("main/"),
          Fault.DISK_FULL);
      syncer.release();
      storage.clearFaults();
      assertTrue(written.isDone());
      assertFails(StoreFullException.class, staged);
      put(store, "c", "3").join();
      assertEquals(Map.of("main/a", "1", "main/c", "3"), contents(store));
    }
  }

  @Test
  void editsKeepTheirPlaceAmongBatches() throws IOException {
    try (Store store = standalone()) {
      syncer.hold();
      CompletableFuture<Long> first = put(store, "a", "1");
      CompletableFuture<Long> before = put(store, "b", "2");
      CompletableFuture<CheckpointResult> checkpoint = store.checkpoint();
      CompletableFuture<Long> after = put(store, "c", "3");
      syncer.release();
      assertEquals(first.join() + 1, before.join());
      checkpoint.join();
      assertEquals(before.join() + 2, after.join());
    }
  }

  @Test
  void resigningIsNotHeldUpByWritesWithoutACommit() throws IOException {
    StoreOptions options =
        new StoreOptions(fixture.options.keyspaces(), 4 << 20, 1000, 32L << 20, 1000);
    try (Store store = Store.open(options, storage, runtime)) {
      ShardLog log = store.log();
      log.lead(1, new Uncommitted()).join();
      CompletableFuture<Long> written = put(store, "a", "v".repeat(2000));
      CompletableFuture<Long> waiting = put(store, "b", "2");
      log.resign().join();
      assertFails(OutcomeUnknownException.class, written);
      assertFails(NotLeaderException.class, waiting);
    }
  }

  /** A leader whose replicas never answer. */
  private static final class Uncommitted implements LogListener {
    @Override
    public void appended(List<LogEntry> entries) {}

    @Override
    public void durable(long sequence) {}

    @Override
    public void failed(Throwable cause) {
      throw new AssertionError(cause);
    }
  }
}
