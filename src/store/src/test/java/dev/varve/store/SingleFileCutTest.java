package dev.varve.store;

import static dev.varve.store.StoreFixture.contents;
import static dev.varve.store.StoreFixture.put;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.store.manifest.Layout;
import dev.varve.store.simulation.SimulatedStorage;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** A swap that is in the log and not committed, as an embedder's own protocol may leave one. */
@ExtendWith(QuietLog.class)
class SingleFileCutTest {
  private final StoreFixture fixture = StoreFixture.of(Layout.SINGLE_FILE);
  private final SimulatedStorage storage = new SimulatedStorage();
  private final AtomicBoolean committing = new AtomicBoolean(true);

  private LogListener commits(ShardLog log) {
    LogListener always = LogListener.commitWhenDurable(log);
    return new LogListener() {
      @Override
      public void appended(List<LogEntry> entries) {
        always.appended(entries);
      }

      @Override
      public void durable(long sequence) {
        if (committing.get()) {
          always.durable(sequence);
        }
      }

      @Override
      public void failed(Throwable cause) {
        always.failed(cause);
      }
    };
  }

  private CompletableFuture<CompactionEvent> swapUncommitted(Store store) throws IOException {
    long before = store.log().state().last().sequence();
    committing.set(false);
    CompletableFuture<CompactionEvent> ended = new CompletableFuture<>();
    CompactionRequest request = fixture.request("main", false);
    Thread.ofPlatform()
        .start(
            () -> {
              try {
                ended.complete(
                    store.compact(
                        request, event -> {}, dev.varve.store.compaction.CancelToken.unbounded()));
              } catch (IOException | RuntimeException e) {
                ended.completeExceptionally(e);
              }
            });
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    while (store.log().state().last().sequence() == before && System.nanoTime() < deadline) {
      Thread.onSpinWait();
    }
    assertEquals(before + 1, store.log().state().last().sequence(), "the swap is durable");
    return ended;
  }

  @Test
  void isCutAndTheOldFileGoesOn() throws Exception {
    Map<String, String> before;
    try (StoreRuntime runtime = StoreRuntime.threads("single-file-cut");
        Store store = Store.open(fixture.options, storage, runtime)) {
      ShardLog log = store.log();
      log.lead(1, commits(log)).join();
      SingleFileTest.load(store);
      before = contents(store);
      List<String> file = SingleFileTest.files(storage, ".log");
      long committed = log.state().committed();
      CompletableFuture<CompactionEvent> ended = swapUncommitted(store);
      assertEquals(2, SingleFileTest.files(storage, ".log").size());
      log.resign().join();
      assertEquals("OutcomeUnknown", ended.get(30, TimeUnit.SECONDS).reason());
      log.cut(committed).join();
      assertEquals(file, SingleFileTest.files(storage, ""), "the copy is gone");
      assertEquals(before, contents(store));
      committing.set(true);
      log.lead(2, commits(log)).join();
      put(store, "main", "goes-on", "1");
      before.put("main/goes-on", "1");
      assertEquals(CompactionEvent.Type.COMPLETED, fixture.compact(store, "main", false).type());
      assertEquals(before, contents(store));
    }
    try (Store store = fixture.standalone(storage)) {
      assertEquals(before, contents(store));
      assertEquals(1, SingleFileTest.files(storage, ".log").size());
    }
  }

  @Test
  void isCommittedByTheNextOpening() throws Exception {
    Map<String, String> before;
    SimulatedStorage left;
    try (StoreRuntime runtime = StoreRuntime.threads("single-file-cut");
        Store store = Store.open(fixture.options, storage, runtime)) {
      ShardLog log = store.log();
      log.lead(1, commits(log)).join();
      SingleFileTest.load(store);
      before = contents(store);
      CompletableFuture<CompactionEvent> ended = swapUncommitted(store);
      long last = log.state().last().sequence();
      CompletableFuture<Long> _ =
          store.write(
              new WriteBatch().put("main", StoreFixture.bytes("k"), StoreFixture.bytes("v")));
      long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
      while (log.state().last().sequence() == last && System.nanoTime() < deadline) {
        Thread.onSpinWait();
      }
      assertEquals(last + 1, log.state().last().sequence(), "the write after it is durable");
      left = storage.crashClone(5);
      log.resign().join();
      assertEquals("OutcomeUnknown", ended.get(30, TimeUnit.SECONDS).reason());
    }
    before.put("main/k", "v");
    for (SimulatedStorage found : List.of(left, storage)) {
      try (Store store = fixture.standalone(found)) {
        assertEquals(before, contents(store));
        assertEquals(0, store.log().adoptionBacklog());
        assertEquals(1, SingleFileTest.files(found, ".log").size(), found.files().toString());
        assertTrue(SingleFileTest.files(found, ".old").size() == 1, found.files().toString());
      }
      assertTrue(RecoveryFixture.verify(found).clean());
    }
  }
}
