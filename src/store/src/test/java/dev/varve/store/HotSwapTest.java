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
import dev.varve.store.compaction.CompactionOptions;
import dev.varve.store.compaction.CompactionPlan;
import dev.varve.store.compaction.Strategy;
import dev.varve.store.format.KeydirCheckpointWriter;
import dev.varve.store.format.TemporaryFolder;
import dev.varve.store.simulation.Fault;
import dev.varve.store.simulation.Operation;
import dev.varve.store.simulation.SimulatedStorage;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Compactions that a store runs in the background. */
@ExtendWith(QuietLog.class)
class HotSwapTest {
  private static final String FOLDER = "_compacting-test";

  private final StoreFixture fixture = new StoreFixture();
  private final SimulatedStorage storage = new SimulatedStorage();

  /** Runs in the background wait here until the test lets them begin. */
  private final Queue<Runnable> waiting = new ArrayDeque<>();

  private static void load(Store store) throws IOException {
    for (int i = 0; i < 100; i++) {
      put(store, "main", "key-" + i % 25, value(i, 300));
    }
  }

  private Store open() throws IOException {
    return open(storage);
  }

  private Store open(SimulatedStorage disk) throws IOException {
    return Store.openStandalone(
        fixture.options,
        disk,
        Trampoline.runtime(fixture.nowMs::get, fixture.nanos::get).withCompactions(waiting::add));
  }

  private void runWaiting() {
    for (Runnable next = waiting.poll(); next != null; next = waiting.poll()) {
      next.run();
    }
  }

  private static HotSwapOptions options(String runId, String... keyspaces) {
    HotSwapOptions options = HotSwapOptions.of(runId, keyspaces);
    return options
        .withKeyspaces(options.keyspaces().stream().map(CompactionOptions::forced).toList())
        .withTemporaryDirectory(FOLDER);
  }

  private static CompactionEvent end(HotSwap swap) {
    return swap.done().join().getFirst();
  }

  private void assertNothingRemains(Store store, CompactionEvent end, String reason)
      throws IOException {
    assertEquals(CompactionEvent.Type.FAILED, end.type(), end.message());
    assertEquals(reason, end.reason());
    assertEquals(List.of(), TemporaryFolder.leftovers(storage));
    List<String> named =
        keyspace(store, "main").segments().stream()
            .map(segment -> segment.file().substring("main/".length()))
            .toList();
    assertEquals(
        named,
        storage.list("main").stream()
            .filter(name -> !name.endsWith(".hint") && !name.equals(KeydirCheckpointWriter.FILE))
            .toList());
  }

  @Test
  void freesSpaceBesideReadsAndWrites() throws IOException {
    List<CompactionEvent> events = new CopyOnWriteArrayList<>();
    try (StoreRuntime runtime = StoreRuntime.threads("hot-swap");
        Store store = Store.openStandalone(fixture.options, storage, runtime)) {
      load(store);
      long before = keyspace(store, "main").totalBytes();
      HotSwap swap = store.compactInBackground(options("beside", "main", "objects"), events::add);
      for (int i = 0; i < 50; i++) {
        put(store, "main", "meanwhile-" + i, value(i, 20));
        assertEquals(value(75 + i % 25, 300), StoreFixture.get(store, "main", "key-" + i % 25));
      }
      List<CompactionEvent> ends = swap.done().join();
      assertEquals(CompactionEvent.Type.COMPLETED, ends.getFirst().type(), ends.toString());
      assertEquals(CompactionEvent.Type.SKIPPED, ends.getLast().type());
      assertEquals("beside", swap.runId());
      assertEquals(ends.getFirst().spaceSaved(), swap.bytesReclaimed().join());
      assertTrue(ends.getFirst().spaceSaved() > before / 2, ends.getFirst().message());
      assertFalse(ends.getFirst().files().isEmpty());
      assertTrue(ends.getFirst().durationMs() >= 0);
      assertEquals(CompactionEvent.Type.STARTED, events.getFirst().type());
      assertTrue(events.containsAll(ends));
      assertEquals(75, contents(store).size());
      assertEquals(
          0, store.compactInBackground(options("again", "main"), e -> {}).bytesReclaimed().join());
    }
  }

  /** Guard: {@code Outputs.createTemporary} asks the folder for the path. */
  @Test
  void newFilesAreWrittenInTheTemporaryDirectoryUntilTheyAreWhole() throws IOException {
    List<String> written = new ArrayList<>();
    try (Store store = open()) {
      load(store);
      Map<String, String> before = contents(store);
      HotSwap swap = store.compactInBackground(options("elsewhere", "main"), event -> {});
      storage.failWhen(
          operation -> {
            if (operation.kind() == Operation.Kind.CREATE) {
              written.add(operation.path());
            }
            return false;
          },
          Fault.IO_ERROR);
      runWaiting();
      assertEquals(CompactionEvent.Type.COMPLETED, end(swap).type(), end(swap).message());
      long temporaries = written.stream().filter(path -> path.startsWith(FOLDER + '/')).count();
      assertTrue(temporaries >= 3, written.toString());
      assertTrue(written.stream().noneMatch(path -> path.matches("main/.*tmp")));
      assertEquals(List.of(), storage.list(FOLDER));
      assertEquals(before, contents(store));
    }
    try (Store store = open()) {
      assertEquals(25, contents(store).size());
    }
  }

  @Test
  void cancellingRollsBackWheneverItIs() throws IOException {
    for (int at : new int[] {0, 1, 2, 3, 5, 8, 10}) {
      try (Store store = open()) {
        load(store);
        Map<String, String> before = contents(store);
        HotSwap swap = store.compactInBackground(options("cancelled-" + at, "main"), event -> {});
        if (at == 0) {
          swap.cancel();
        }
        AtomicInteger changes = new AtomicInteger();
        storage.failWhen(
            operation -> {
              boolean own = operation.path().startsWith(FOLDER) && operation.kind().isChange();
              if (own && changes.incrementAndGet() == at) {
                swap.cancel();
              }
              return false;
            },
            Fault.IO_ERROR);
        runWaiting();
        storage.clearFaults();
        assertTrue(changes.get() >= at, "cancelled after " + changes + " changes");
        assertNothingRemains(store, end(swap), CancelToken.CANCELLED);
        assertEquals(0, swap.bytesReclaimed().join());
        assertEquals(before, contents(store));
        put(store, "main", "after", "writes go on");
      }
    }
  }

  @Test
  void theTimeoutRollsBack() throws IOException {
    try (Store store = open()) {
      load(store);
      Map<String, String> before = contents(store);
      HotSwap swap =
          store.compactInBackground(
              options("late", "main").withTimeout(Duration.ofSeconds(10)),
              event -> fixture.pass(4_000));
      runWaiting();
      assertNothingRemains(store, end(swap), CancelToken.TIMEOUT);
      assertEquals(before, contents(store));
    }
  }

  @Test
  void theTokenOfTheOptionsStopsItToo() throws IOException {
    try (Store store = open()) {
      load(store);
      CancelToken token = CancelToken.unbounded();
      HotSwap swap =
          store.compactInBackground(options("token", "main").withCancel(token), event -> {});
      token.cancel("Drained");
      runWaiting();
      assertNothingRemains(store, end(swap), "Drained");
    }
  }

  /** Guard: {@code Opening.deleteOrphans} asks for {@code TemporaryFolder.leftovers}. */
  @Test
  void aPowerCutLeavesNothingInTheTemporaryDirectory() throws IOException {
    int left = 0;
    for (long operation = 1; operation < 120; operation++) {
      SimulatedStorage disk = new SimulatedStorage();
      Store store = open(disk);
      load(store);
      Map<String, String> before = contents(store);
      HotSwap swap = store.compactInBackground(options("cut", "main"), event -> {});
      disk.failOperation(disk.operations() + operation, Fault.POWER_OFF);
      runWaiting();
      assertTrue(swap.done().isDone());
      SimulatedStorage crashed = disk.crash(operation);
      left += TemporaryFolder.leftovers(crashed).isEmpty() ? 0 : 1;
      try (Store recovered = open(crashed)) {
        assertEquals(before, contents(recovered), "operation " + operation);
        assertEquals(List.of(), TemporaryFolder.leftovers(crashed), "operation " + operation);
      }
    }
    assertTrue(left > 5, "the cuts hit files in the folder: " + left);
  }

  @Test
  void savingTooLittleCopiesNothing() throws IOException {
    try (Store store = open()) {
      load(store);
      CompactionOptions eager =
          new CompactionOptions("main", Strategy.REWRITE, 0.3, 0, 0.1, 0, false);
      HotSwapOptions options = HotSwapOptions.of("low", "main").withKeyspaces(List.of(eager));
      HotSwap swap = store.compactInBackground(options.withMinSpaceSaving(0.9), event -> {});
      runWaiting();
      assertEquals(CompactionEvent.Type.SKIPPED, end(swap).type());
      assertEquals(CompactionPlan.LOW_YIELD, end(swap).reason());
      assertEquals(0, swap.bytesReclaimed().join());
    }
  }

  /** Guard: {@code StoreParts.close} waits for {@code HotSwaps.close}. */
  @Test
  void closingRollsBackWhatIsUnderWayAndWhatWaits() throws Exception {
    CountDownLatch reading = new CountDownLatch(1);
    HotSwap slow;
    HotSwap behind;
    try (StoreRuntime runtime = StoreRuntime.threads("closing")) {
      Store store = Store.openStandalone(fixture.options, storage, runtime);
      load(store);
      storage.failWhen(
          operation -> {
            if (operation.path().startsWith(FOLDER)) {
              reading.countDown();
            }
            return false;
          },
          Fault.IO_ERROR);
      slow =
          store.compactInBackground(
              options("slow", "main").withRateLimitBytesPerSecond(1), event -> {});
      behind = store.compactInBackground(options("behind", "main"), event -> {});
      assertTrue(reading.await(30, TimeUnit.SECONDS));
      store.close();
      assertTrue(slow.done().isDone());
      assertTrue(behind.done().isDone());
      assertThrows(
          StoreClosedException.class,
          () -> store.compactInBackground(options("closed", "main"), event -> {}));
    }
    assertEquals(HotSwaps.SHUTTING_DOWN, end(slow).reason());
    assertEquals(HotSwaps.SHUTTING_DOWN, end(behind).reason());
    assertEquals(List.of(), TemporaryFolder.leftovers(storage));
  }

  /** Guard: {@code RateLimiter.yieldingTo} in {@code Compactor}. */
  @Test
  void aRunAsksHowLongOperationsTake() throws IOException {
    AtomicInteger asked = new AtomicInteger();
    StoreRuntime runtime =
        Trampoline.runtime(fixture.nowMs::get)
            .withCompactions(waiting::add)
            .withForegroundLatency(
                () -> {
                  asked.incrementAndGet();
                  return 1;
                });
    try (Store store = Store.openStandalone(fixture.options, storage, runtime)) {
      load(store);
      HotSwap swap = store.compactInBackground(options("asks", "main"), event -> {});
      assertEquals(0, asked.get());
      runWaiting();
      assertEquals(CompactionEvent.Type.COMPLETED, end(swap).type(), end(swap).message());
      assertTrue(asked.get() > 0);
    }
  }

  /** Guard: {@code Compactor.tell}. */
  @Test
  void aListenerThatFailsChangesNothing() throws IOException {
    try (Store store = open()) {
      load(store);
      HotSwap swap =
          store.compactInBackground(
              options("listener", "main"),
              event -> {
                throw new IllegalStateException("the listener's own trouble");
              });
      runWaiting();
      assertEquals(CompactionEvent.Type.COMPLETED, end(swap).type(), end(swap).message());
      assertEquals(end(swap), store.events(1).getFirst());
    }
  }

  @Test
  void saysWhatCanNotBegin() throws IOException {
    assertThrows(IllegalArgumentException.class, () -> HotSwapOptions.of("none"));
    IllegalArgumentException folder =
        assertThrows(
            IllegalArgumentException.class,
            () -> HotSwapOptions.of("folder", "main").withTemporaryDirectory("main"));
    assertTrue(String.valueOf(folder.getMessage()).startsWith("temporaryDirectory"));
    try (Store store = open()) {
      assertThrows(
          InvalidWriteException.class,
          () -> store.compactInBackground(options("unknown", "nowhere"), event -> {}));
    }
    try (Store store = fixture.standalone(storage)) {
      assertThrows(
          RejectedExecutionException.class,
          () -> store.compactInBackground(options("no-thread", "main"), event -> {}));
    }
    try (Store follower =
        Store.open(
            fixture.options,
            storage,
            Trampoline.runtime(fixture.nowMs::get).withCompactions(Runnable::run))) {
      follower.log().commit(Long.MAX_VALUE);
      HotSwap swap = follower.compactInBackground(options("follower", "main"), event -> {});
      CompletionException refusal =
          assertThrows(CompletionException.class, () -> swap.done().join());
      assertInstanceOf(NotLeaderException.class, refusal.getCause());
    }
  }
}
