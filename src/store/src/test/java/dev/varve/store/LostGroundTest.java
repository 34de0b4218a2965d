package dev.varve.store;

import static dev.varve.store.StoreFixture.contents;
import static dev.varve.store.StoreFixture.put;
import static dev.varve.store.StoreFixture.value;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;

import dev.varve.store.compaction.CancelToken;
import dev.varve.store.compaction.CompactionOptions;
import dev.varve.store.compaction.ForegroundLatency;
import dev.varve.store.compaction.Strategy;
import dev.varve.store.format.SegmentId;
import dev.varve.store.manifest.Layout;
import dev.varve.store.simulation.SimulatedStorage;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * How a compaction on a caller's thread ends whose store closes, stops leading or leads another
 * term under it: early, rolled back, and with the reason.
 */
class LostGroundTest {
  private final StoreFixture fixture = new StoreFixture();
  private final SimulatedStorage storage = new SimulatedStorage();

  private static void load(Store store) throws IOException {
    for (int i = 0; i < 100; i++) {
      put(store, "main", "key-" + i % 25, value(i, 300));
    }
  }

  /** Tells of the first progress, in the middle of the copying. */
  private static CompactionListener atFirstProgress(Runnable action) {
    AtomicInteger told = new AtomicInteger();
    return event -> {
      if (event.type() == CompactionEvent.Type.PROGRESS && told.getAndIncrement() == 0) {
        action.run();
      }
    };
  }

  private static List<String> segmentFiles(SimulatedStorage of) throws IOException {
    return of.list("main").stream().filter(name -> !name.endsWith(SegmentId.HINT_SUFFIX)).toList();
  }

  private static void assertFailed(String reason, CompactionEvent end) {
    assertEquals(CompactionEvent.Type.FAILED, end.type(), end.message());
    assertEquals(reason, end.reason(), end.message());
  }

  /** Guard: {@code closed} in {@link Compactor}. */
  @Test
  void aStoreThatClosesWhileItCopiesEndsItWithThatReason() throws IOException {
    for (Layout layout : List.of(Layout.SEGMENTED, Layout.SINGLE_FILE)) {
      for (Strategy strategy : List.of(Strategy.REWRITE, Strategy.LOOKUP, Strategy.SCAN)) {
        StoreFixture of = StoreFixture.of(layout);
        SimulatedStorage disk = new SimulatedStorage();
        Store store = of.standalone(disk);
        load(store);
        Map<String, String> before = contents(store);
        CompactionRequest request =
            new CompactionRequest(
                "run", new CompactionOptions("main", strategy, 0, 0, 0, 0, true), false, 0);
        CompactionEvent end =
            store.compact(
                request, atFirstProgress(() -> store.closeAsync().join()), CancelToken.unbounded());
        assertFailed("ShuttingDown", end);
        assertFalse(
            disk.list("main").stream().anyMatch(n -> n.endsWith(SegmentId.TEMPORARY_SUFFIX)),
            layout + " " + strategy + " left " + disk.list("main"));
        try (Store again = of.standalone(disk)) {
          assertEquals(before, contents(again), layout + " " + strategy);
        }
      }
    }
  }

  /** Guard: {@code close} in {@link Adoption}. */
  @Test
  void aStoreThatClosesEndsWhatWaitsForAnEarlierAdoption() throws Exception {
    Trampoline trampoline = new Trampoline();
    Queue<Runnable> late = new ConcurrentLinkedQueue<>();
    CountDownLatch waits = new CountDownLatch(1);
    AtomicBoolean byTheFutureAlone = new AtomicBoolean(); // as a simulation waits
    StoreRuntime runtime =
        new StoreRuntime(trampoline, trampoline, late::add, fixture.nowMs::get, fixture.nanos::get)
            .withWaiting(
                done -> {
                  if (byTheFutureAlone.get() && !done.isDone()) {
                    waits.countDown();
                    boolean _ = done.handle((_, _) -> true).join();
                  }
                });
    Store store = Store.openStandalone(fixture.options, storage, runtime);
    load(store);
    Map<String, String> before = contents(store);
    CancelToken overOnceCommitted = CancelToken.withTimeout(() -> store.log().adoptionBacklog(), 1);
    CompactionEvent first =
        store.compact(fixture.request("main", false), event -> {}, overOnceCommitted);
    assertEquals(CompactionEvent.Type.COMPLETED, first.type(), first.message());
    byTheFutureAlone.set(true);
    CompletableFuture<CompactionEvent> second = new CompletableFuture<>();
    Thread thread =
        Thread.ofPlatform()
            .daemon()
            .start(
                () -> {
                  try {
                    second.complete(fixture.compact(store, "main", false));
                  } catch (IOException | RuntimeException | Error e) {
                    second.completeExceptionally(e);
                  }
                });
    waits.await();
    CompletableFuture<Void> closed = store.closeAsync();
    for (Runnable task = late.poll(); task != null; task = late.poll()) {
      task.run();
    }
    closed.join();
    assertFailed("ShuttingDown", second.get(20, TimeUnit.SECONDS));
    thread.join();
    try (Store again = fixture.standalone(storage)) {
      assertEquals(before, contents(again));
    }
  }

  /** Guard: {@code obstacle} in {@link Compactor}: nobody copies on for a term that is over. */
  @Test
  void aRunEndsSoonAfterItsStoreStoppedLeading() throws IOException {
    try (Store store = fixture.standalone(storage)) {
      load(store);
      Map<String, String> before = contents(store);
      List<String> files = segmentFiles(storage);
      AtomicInteger told = new AtomicInteger();
      CompactionListener stops = atFirstProgress(() -> store.log().resign().join());
      CompactionEvent end =
          store.compact(
              fixture.request("main", false),
              event -> {
                told.addAndGet(event.type() == CompactionEvent.Type.PROGRESS ? 1 : 0);
                stops.on(event);
              },
              CancelToken.unbounded());
      assertFailed("NotPrimary", end);
      assertEquals(1, told.get());
      assertEquals(files, segmentFiles(storage));
      assertEquals(before, contents(store));
    }
  }

  @Test
  void aRunEndsWhenItsStoreLeadsAnotherTerm() throws IOException {
    try (Store store = fixture.standalone(storage)) {
      load(store);
      CompactionEvent end =
          store.compact(
              fixture.request("main", false),
              atFirstProgress(
                  () -> {
                    store.log().resign().join();
                    long term = store.log().state().last().term() + 1;
                    store.log().lead(term, LogListener.commitWhenDurable(store.log())).join();
                  }),
              CancelToken.unbounded());
      assertFailed("StaleTerm", end);
      assertEquals(CompactionEvent.Type.COMPLETED, fixture.compact(store, "main", false).type());
    }
  }

  /**
   * The term changes, and another primary compacts the same inputs, when the run has nothing left
   * to do but to propose its edit. Guards: {@code explained} and the second catch of {@code
   * publish} in {@link Compactor}, and {@code SegmentRewriter.discard} (pitfall 8).
   */
  @Test
  void inputsThatAnotherPrimaryCompactedAreNotReplacedTwice() throws IOException {
    AtomicReference<@Nullable Runnable> whenInstalled = new AtomicReference<>();
    WallClock clock =
        () -> {
          if (isInstalled(storage)) {
            Runnable action = whenInstalled.getAndSet(null);
            if (action != null) {
              action.run();
            }
          }
          return fixture.nowMs.get();
        };
    SimulatedStorage otherStorage = new SimulatedStorage();
    try (Store store = Store.open(fixture.options, storage, Trampoline.runtime(clock));
        Store other = fixture.open(otherStorage)) {
      store.log().lead(1, LogListener.commitWhenDurable(store.log())).join();
      load(store);
      Map<String, String> before = contents(store);
      whenInstalled.set(
          () -> {
            try {
              store.log().resign().join();
              copy(store, other);
              other.log().lead(2, LogListener.commitWhenDurable(other.log())).join();
              CompactionEvent theirs = fixture.compact(other, "main", false);
              assertEquals(CompactionEvent.Type.COMPLETED, theirs.type(), theirs.message());
              other.log().resign().join();
              copy(other, store);
              store.log().lead(3, LogListener.commitWhenDurable(store.log())).join();
            } catch (IOException e) {
              throw new AssertionError(e);
            }
          });
      CompactionEvent end = fixture.compact(store, "main", false);
      assertFailed("StaleTerm", end);
      assertEquals(segmentFiles(otherStorage), segmentFiles(storage), "what it made is left");
      assertEquals(before, contents(store));
      assertEquals(before, contents(other));
    }
  }

  /** Whether the outputs have their names: it is the last that gets one. */
  private static boolean isInstalled(SimulatedStorage disk) {
    try {
      return disk.list("main").stream().anyMatch(name -> name.endsWith(SegmentId.RUNS_SUFFIX));
    } catch (IOException e) {
      return false; // the keyspace has no directory yet
    }
  }

  private static void copy(Store from, Store to) throws IOException {
    List<LogEntry> entries = Replica.entriesAfter(from.log(), to.log().state().last().sequence());
    for (Attachment missing : to.log().missingAttachments(entries)) {
      to.log()
          .installAttachment(
              missing, (offset, target) -> from.log().read(missing.path(), offset, target));
    }
    to.log().append(entries).join();
    to.log().commit(from.log().state().committed());
  }

  /** What nobody foresaw is told with its stack: the event has room for a message alone. */
  @Test
  void whatNobodyForesawIsLoggedWithItsStack() throws IOException {
    IllegalStateException unforeseen = new IllegalStateException("made by a test");
    ForegroundLatency broken =
        () -> {
          throw unforeseen;
        };
    StoreRuntime runtime = Trampoline.runtime(fixture.nowMs::get).withForegroundLatency(broken);
    try (Store store = Store.openStandalone(fixture.options, storage, runtime)) {
      load(store);
      List<LogRecord> logged = new ArrayList<>();
      CompactionEvent end =
          listening(
              logged::add,
              () ->
                  store.compact(
                      fixture.request("main", false), event -> {}, CancelToken.unbounded()));
      assertFailed("InternalError", end);
      assertEquals(1, logged.size());
      assertSame(unforeseen, logged.getFirst().getThrown());
    }
  }

  private interface Compaction {
    CompactionEvent run() throws IOException;
  }

  private static CompactionEvent listening(Consumer<LogRecord> sink, Compaction compaction)
      throws IOException {
    Logger logger = Logger.getLogger(CompactionReport.class.getName());
    Handler handler =
        new Handler() {
          @Override
          public void publish(LogRecord entry) {
            sink.accept(entry);
          }

          @Override
          public void flush() {}

          @Override
          public void close() {}
        };
    logger.addHandler(handler);
    logger.setUseParentHandlers(false);
    try {
      return compaction.run();
    } finally {
      logger.setUseParentHandlers(true);
      logger.removeHandler(handler);
    }
  }
}
