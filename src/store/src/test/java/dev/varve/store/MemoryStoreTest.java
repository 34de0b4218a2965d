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
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.store.compaction.CancelToken;
import dev.varve.store.compaction.CompactionOptions;
import dev.varve.store.compaction.CompactionPlan;
import dev.varve.store.compaction.Strategy;
import dev.varve.store.manifest.KeyspaceType;
import dev.varve.store.manifest.Layout;
import dev.varve.store.simulation.SimulatedStorage;
import dev.varve.store.storage.MemoryStorage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** A store in memory: nothing to compact, bounded, and gone when it is closed. */
@ExtendWith(QuietLog.class)
class MemoryStoreTest {
  private static final int SEGMENT_BYTES = 256 << 10;
  private static final long CAPACITY = 8 << 20;

  private final StoreOptions options =
      StoreOptions.defaults()
          .withKeyspaces(
              List.of(
                  new KeyspaceOptions("main", KeyspaceType.KEY_VALUE, SEGMENT_BYTES),
                  new KeyspaceOptions("objects", KeyspaceType.KEY_VALUE, SEGMENT_BYTES)))
          .withWindowBytesMax(64 << 10)
          .withLayout(Layout.MEMORY);

  private static Store open(StoreOptions options, MemoryStorage storage) throws IOException {
    return Store.openStandalone(options, storage, Trampoline.runtime(() -> 1_000_000));
  }

  private Store open(MemoryStorage storage) throws IOException {
    return open(options, storage);
  }

  @Test
  void compactionIsSkippedAndSaysWhyForEveryStrategy() throws IOException {
    try (MemoryStorage storage = new MemoryStorage(CAPACITY);
        Store store = open(storage)) {
      for (int i = 0; i < 100; i++) {
        put(store, "main", "key", value(i, 1000));
      }
      Map<String, String> before = contents(store);
      for (Strategy strategy : Strategy.values()) {
        CompactionOptions forced = new CompactionOptions("main", strategy, 0, 0, 0, 1, true);
        CompactionPlan plan = store.plan(forced);
        assertFalse(plan.wouldCompact());
        assertEquals("MemoryLayout", plan.reason());
        List<CompactionEvent> events = new ArrayList<>();
        CompactionEvent end =
            store.compact(
                new CompactionRequest("run-" + strategy, forced, true, 0),
                events::add,
                CancelToken.unbounded());
        assertEquals(CompactionEvent.Type.SKIPPED, end.type());
        assertEquals("MemoryLayout", end.reason());
        assertTrue(end.message().contains("nothing to compact"), end.message());
        assertEquals(2, events.size(), "started and skipped");
      }
      assertEquals(before, contents(store));
      assertEquals(0, store.checkpoint().join().segmentsDeleted());
    }
  }

  @Test
  void overwritesNeverFillIt() throws IOException {
    try (MemoryStorage storage = new MemoryStorage(CAPACITY);
        Store store = open(storage)) {
      Map<String, String> model = new TreeMap<>();
      SplittableRandom random = new SplittableRandom(3);
      long most = 0;
      // Cold keys among hot ones: hardly any segment dies as a whole.
      for (int i = 0; i < 30_000; i++) {
        String key = "key-" + (random.nextInt(20) == 0 ? random.nextInt(400) : random.nextInt(8));
        String text = value(i, 2000);
        put(store, "main", key, text);
        model.put("main/" + key, text);
        most = Math.max(most, keyspace(store, "main").totalBytes());
      }
      assertEquals(model, contents(store, "main"));
      long live = keyspace(store, "main").liveBytes();
      assertTrue(most <= 2 * live + 3 * SEGMENT_BYTES, most + " bytes for " + live + " live ones");
      assertEquals(0, store.events(10).size(), "nobody asked for a compaction");
    }
  }

  @Test
  void keysThatComeAndGoLeaveNothingBehind() throws IOException {
    try (MemoryStorage storage = new MemoryStorage(CAPACITY);
        Store store = open(storage)) {
      for (int i = 0; i < 20_000; i++) {
        put(store, "main", "key-" + i, value(i, 1000));
        if (i >= 100) {
          delete(store, "main", "key-" + (i - 100));
        }
      }
      KeyspaceStatus status = keyspace(store, "main");
      assertEquals(100, status.liveKeys());
      assertTrue(status.totalBytes() < 5 * SEGMENT_BYTES, status.toString());
      assertTrue(status.indexBytes() < 200_000, status.toString());
      assertEquals("absent", get(store, "main", "key-5"));
      assertEquals(value(19_950, 1000), get(store, "main", "key-19950"));
    }
  }

  @Test
  void aFullStoreSaysSoAndGoesOnServing() throws IOException {
    try (MemoryStorage storage = new MemoryStorage(CAPACITY);
        Store store = open(storage)) {
      Map<String, String> model = new TreeMap<>();
      StoreFullException full =
          assertThrows(
              StoreFullException.class,
              () -> {
                for (int i = 0; i < 10_000; i++) {
                  put(store, "main", "key-" + i, value(i, 2000));
                  model.put("main/key-" + i, value(i, 2000));
                }
              });
      assertTrue(
          String.valueOf(full.getMessage()).contains("capacity of " + CAPACITY), full.toString());
      assertTrue(model.size() > 3000, "most of the capacity holds data: " + model.size());
      assertFalse(store.log().state().poisoned());
      assertEquals(model, contents(store, "main"));
      assertThrows(
          StoreFullException.class, () -> put(store, "main", "one more", value(1, 70_000)));
      assertEquals(model, contents(store, "main"));
    }
  }

  /** Without the look that a refused write sets off, the first refusal would be for good. */
  @Test
  void whatIsDeadMakesRoomInAFullStore() throws IOException {
    StoreOptions large =
        options.withKeyspaces(
            List.of(new KeyspaceOptions("main", KeyspaceType.KEY_VALUE, 1L << 30)));
    try (MemoryStorage storage = new MemoryStorage(CAPACITY);
        Store store = open(large, storage)) {
      for (int i = 0; i < 2000; i++) {
        put(store, "main", "live-" + i, value(i, 2000));
      }
      int refused = 0;
      for (int i = 0; i < 20_000; i++) {
        try {
          put(store, "main", "key-" + i % 10, value(i, 2000));
        } catch (StoreFullException e) {
          refused++;
        }
      }
      assertTrue(refused > 0, "less than half is dead when it is full");
      assertTrue(refused < 200, refused + " refusals");
      assertEquals(2010, keyspace(store, "main").liveKeys());
      assertEquals(value(123, 2000), get(store, "main", "live-123"));
    }
  }

  @Test
  void anOpenScanKeepsWhatItNeedsUntilItIsClosed() throws IOException {
    try (MemoryStorage storage = new MemoryStorage(CAPACITY);
        Store store = open(storage)) {
      for (int i = 0; i < 100; i++) {
        put(store, "main", "key-" + i, value(i, 2000));
      }
      Map<String, String> before = contents(store, "main");
      Map<String, String> found = new TreeMap<>();
      try (Scan scan = store.scan("main", new byte[0], false)) {
        for (int i = 0; i < 2000; i++) {
          put(store, "main", "key-" + i % 100, value(7 * i, 1000));
        }
        StoreFixture.drain("main", scan, found);
      }
      assertEquals(before, found);
    }
  }

  @Test
  void nothingSurvivesTheStorageAndItsMemoryIsGivenBack() throws IOException {
    MemoryStorage storage = new MemoryStorage(CAPACITY);
    try (Store store = open(storage)) {
      put(store, "main", "key", "value");
    }
    storage.close();
    assertEquals(0, storage.usedBytes());
    try (MemoryStorage another = new MemoryStorage(CAPACITY);
        Store store = open(another)) {
      assertEquals("absent", get(store, "main", "key"));
    }
  }

  @Test
  void aBackupOfItIsRestoredToADiskAsSegmented() throws IOException, InterruptedException {
    Map<String, ByteArrayOutputStream> backedUp = new TreeMap<>();
    Map<String, String> expected;
    try (MemoryStorage storage = new MemoryStorage(CAPACITY);
        Store store = open(storage)) {
      for (int i = 0; i < 2000; i++) {
        put(store, "main", "key-" + i % 300, value(i, 2000));
      }
      delete(store, "main", "key-7");
      expected = contents(store);
      try (Backup backup = Backup.begin(store)) {
        backup.send(
            (file, length, offset, bytes) -> {
              byte[] chunk = new byte[bytes.remaining()];
              bytes.get(chunk);
              backedUp.computeIfAbsent(file, path -> new ByteArrayOutputStream()).writeBytes(chunk);
              put(store, "main", "later", value(1, 1000));
            });
      }
    }
    SimulatedStorage disk = new SimulatedStorage();
    BackupTest.restore(disk, backedUp);
    try (Store store = new StoreFixture().standalone(disk)) {
      assertEquals(Layout.SEGMENTED, store.layout());
      assertEquals(expected, contents(store));
    }
  }

  @Test
  void servesWritersAndReadersAtOnce() throws IOException {
    try (StoreRuntime runtime = StoreRuntime.threads("memory-test");
        MemoryStorage storage = new MemoryStorage(CAPACITY);
        Store store = Store.openStandalone(options, storage, runtime)) {
      List<CompletableFuture<Long>> writes = new ArrayList<>();
      for (int i = 0; i < 20_000; i++) {
        String keyspace = i % 2 == 0 ? "main" : "objects";
        String key = "key-" + i % 50;
        writes.add(store.write(new WriteBatch().put(keyspace, bytes(key), bytes(value(i, 1000)))));
        if (i % 64 == 63) {
          writes.forEach(CompletableFuture::join);
          writes.clear();
          assertEquals(value(i, 1000), get(store, keyspace, key));
        }
      }
      writes.forEach(CompletableFuture::join);
      assertEquals(25, keyspace(store, "main").liveKeys());
      assertEquals(25, contents(store, "objects").size());
    }
  }

  @Test
  void theLayoutGoesWithMemoryAlone() {
    IllegalArgumentException refused =
        assertThrows(
            IllegalArgumentException.class,
            () ->
                Store.openStandalone(options, new SimulatedStorage(), Trampoline.runtime(() -> 1)));
    assertTrue(String.valueOf(refused.getMessage()).startsWith("layout:"), refused.toString());
  }

  /** Most are no longer in the window, and what is reclaimed is gone. */
  @Test
  void tellsOfChangesUntilTheyAreReclaimed() throws IOException {
    try (MemoryStorage storage = new MemoryStorage(CAPACITY);
        Store store = open(storage)) {
      List<String> written = new ArrayList<>();
      for (int i = 0; i < 400; i++) {
        written.add(put(store, "main", "cold-" + i, value(i, 1000)) + ": cold-" + i);
      }
      assertEquals(written, keys(store.changes("main", new byte[0], 0)));
      ChangeReader first = store.changes("main", new byte[0], 0);
      ChangesGoneException gone = null;
      for (int i = 0; i < 20_000 && gone == null; i++) {
        String key = "key-" + i % 7;
        written.add(put(store, "main", key, value(i, 1000)) + ": " + key);
        if (i % 500 == 499) {
          gone = refusal(store);
        }
      }
      assertNotNull(gone, "nothing was reclaimed");
      assertThrows(ChangesGoneException.class, first::next);
      long upTo = gone.goneUpTo();
      written.removeIf(set -> Long.parseLong(set.substring(0, set.indexOf(':'))) <= upTo);
      assertFalse(written.isEmpty());
      assertEquals(written, keys(store.changes("main", new byte[0], upTo)));
    }
  }

  private static @Nullable ChangesGoneException refusal(Store store) throws IOException {
    try {
      ChangeSet _ = store.changes("main", new byte[0], 0).next();
      return null;
    } catch (ChangesGoneException e) {
      return e;
    }
  }

  private static List<String> keys(ChangeReader reader) throws IOException {
    List<String> sets = new ArrayList<>();
    for (ChangeSet set = reader.next(); set != null; set = reader.next()) {
      for (ChangeSet.Change change : set.changes()) {
        sets.add(set.sequence() + ": " + StoreFixture.text(change.key()));
      }
    }
    return sets;
  }
}
