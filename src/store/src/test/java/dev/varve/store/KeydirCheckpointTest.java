package dev.varve.store;

import static dev.varve.store.StoreFixture.bytes;
import static dev.varve.store.StoreFixture.contents;
import static dev.varve.store.StoreFixture.delete;
import static dev.varve.store.StoreFixture.put;
import static dev.varve.store.StoreFixture.value;
import static dev.varve.store.StoreFixture.write;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.store.format.KeydirCheckpointWriter;
import dev.varve.store.manifest.KeyspaceType;
import dev.varve.store.simulation.Fault;
import dev.varve.store.simulation.Operation;
import dev.varve.store.simulation.SimulatedStorage;
import dev.varve.store.storage.StorageFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(QuietLog.class)
class KeydirCheckpointTest {
  private static final String FILE = KeydirCheckpointWriter.path("main");

  private final StoreFixture fixture = new StoreFixture();

  /** A store with several sealed segments, closed; what it held is returned. */
  private Map<String, String> filled(SimulatedStorage storage) throws IOException {
    try (Store store = fixture.standalone(storage)) {
      for (int i = 0; i < 200; i++) {
        put(store, "main", "key-" + i % 50, value(i, 100));
      }
      delete(store, "main", "key-7");
      for (int i = 0; i < 50; i++) {
        put(store, "main", "more-" + i, value(i, 100));
      }
      return contents(store);
    }
  }

  private static void countHintReads(SimulatedStorage storage, AtomicInteger read) {
    storage.failWhen(
        op -> {
          if (op.kind() == Operation.Kind.READ && op.path().endsWith(".hint")) {
            read.incrementAndGet();
          }
          return false;
        },
        Fault.IO_ERROR);
  }

  /** Figures of a keyspace that depend on its index. */
  private static String figures(Store store) {
    KeyspaceStatus main = StoreFixture.keyspace(store, "main");
    return main.liveKeys() + " keys, " + main.liveBytes() + " live: " + main.segments();
  }

  @Test
  void opensWithoutHints() throws IOException {
    SimulatedStorage storage = new SimulatedStorage();
    Map<String, String> before = filled(storage);
    SimulatedStorage left = storage.kill();
    AtomicInteger read = new AtomicInteger();
    countHintReads(left, read);
    try (Store store = fixture.standalone(left)) {
      assertEquals(before, contents(store));
      assertEquals(0, read.get(), "hints were read");
    }
  }

  @Test
  void countsAsAStoreOpenedFromHintsDoes() throws IOException {
    SimulatedStorage storage = new SimulatedStorage();
    filled(storage);
    SimulatedStorage left = storage.kill();
    SimulatedStorage unassisted = left.killClone();
    unassisted.delete(FILE);
    try (Store restored = fixture.standalone(left);
        Store built = fixture.standalone(unassisted)) {
      assertEquals(figures(built), figures(restored));
      fixture.compact(restored, "main", true);
      fixture.compact(built, "main", true);
      assertEquals(contents(built), contents(restored));
      assertEquals(
          StoreFixture.keyspace(built, "main").totalBytes(),
          StoreFixture.keyspace(restored, "main").totalBytes());
    }
  }

  @Test
  void readsWhatCameAfterIt() throws IOException {
    SimulatedStorage storage = new SimulatedStorage();
    filled(storage);
    SimulatedStorage left = storage.kill();
    Map<String, String> before;
    try (Store store = fixture.standalone(left)) {
      for (int i = 0; i < 60; i++) {
        put(store, "main", "key-" + i, value(1000 + i, 90));
      }
      delete(store, "main", "more-3");
      before = contents(store);
      left = left.killClone();
    }
    assertTrue(left.exists(FILE));
    try (Store store = fixture.standalone(left)) {
      assertEquals(before, contents(store));
    }
  }

  @Test
  void isNotUsedAfterACompaction() throws IOException {
    SimulatedStorage storage = new SimulatedStorage();
    Map<String, String> before = filled(storage);
    SimulatedStorage left = storage.kill();
    try (Store store = fixture.standalone(left)) {
      assertEquals(CompactionEvent.Type.COMPLETED, fixture.compact(store, "main", true).type());
      left = left.killClone();
    }
    AtomicInteger read = new AtomicInteger();
    countHintReads(left, read);
    try (Store store = fixture.standalone(left)) {
      assertEquals(before, contents(store));
      assertTrue(read.get() > 0);
    }
  }

  @Test
  void aDamagedOneCostsTimeOnly() throws IOException {
    SimulatedStorage storage = new SimulatedStorage();
    Map<String, String> before = filled(storage);
    SimulatedStorage left = storage.kill();
    byte[] whole = left.contents(FILE);
    for (int at = 0; at < whole.length; at += 7) {
      SimulatedStorage damaged = left.killClone();
      try (StorageFile file = damaged.open(FILE)) {
        file.write(new ByteBuffer[] {ByteBuffer.wrap(new byte[] {(byte) ~whole[at]})}, at);
      }
      try (Store store = fixture.standalone(damaged)) {
        assertEquals(before, contents(store), "byte " + at);
      }
    }
    for (int length : List.of(0, 1, 60, whole.length - 1)) {
      SimulatedStorage cut = left.killClone();
      try (StorageFile file = cut.open(FILE)) {
        file.truncate(length);
      }
      try (Store store = fixture.standalone(cut)) {
        assertEquals(before, contents(store), "cut to " + length);
      }
    }
  }

  @Test
  void oneOfAnotherLogIsNotUsed() throws IOException {
    SimulatedStorage storage = new SimulatedStorage();
    filled(storage);
    SimulatedStorage other = new SimulatedStorage();
    try (Store store = fixture.standalone(other)) {
      // The same segments and sequences with other records in them, in a later term.
      ShardLog log = store.log();
      log.resign().join();
      log.lead(7, LogListener.commitWhenDurable(log)).join();
      for (int i = 0; i < 300; i++) {
        put(store, "main", "key-" + (i * 7) % 50, value(3 * i, 100));
      }
    }
    Map<String, String> before;
    SimulatedStorage left = other.kill();
    try (Store store = fixture.standalone(left)) {
      before = contents(store);
    }
    left = left.kill();
    byte[] foreign = storage.kill().contents(FILE);
    left.delete(FILE);
    try (StorageFile file = left.create(FILE)) {
      file.write(new ByteBuffer[] {ByteBuffer.wrap(foreign)}, 0);
    }
    try (Store store = fixture.standalone(left)) {
      assertEquals(before, contents(store));
    }
  }

  /** More keys than the writer's buffer holds, so that batches come while it is written. */
  @Test
  void holdsWholeBatchesAlthoughTheyComeWhileItIsWritten() throws IOException {
    StoreFixture large =
        new StoreFixture(List.of(new KeyspaceOptions("main", KeyspaceType.KEY_VALUE, 256 << 10)));
    SimulatedStorage storage = new SimulatedStorage();
    Trampoline writer = new Trampoline();
    Trampoline maintenance = new Trampoline();
    StoreRuntime runtime =
        new StoreRuntime(writer, writer, maintenance, large.nowMs::get, large.nanos::get);
    Store store = Store.openStandalone(large.options, storage, runtime);
    for (int i = 0; i < 8000; i += 500) {
      WriteBatch batch = new WriteBatch();
      for (int j = i; j < i + 500; j++) {
        batch.put("main", bytes("key-" + j), bytes(value(j, 60)));
      }
      write(store, batch);
    }
    AtomicBoolean writing = new AtomicBoolean();
    AtomicInteger batches = new AtomicInteger();
    storage.failWhen(
        op -> {
          if (op.kind() == Operation.Kind.WRITE
              && op.path().startsWith(FILE)
              && writing.compareAndSet(false, true)) {
            WriteBatch batch = new WriteBatch();
            for (int j = 0; j < 8000; j += 4) {
              batch.put("main", bytes("key-" + j), bytes(value(batches.get() + 1, 70)));
            }
            batches.incrementAndGet();
            store.write(batch).join();
            writing.set(false);
          }
          return false;
        },
        Fault.IO_ERROR);
    maintenance.hold(); // its tasks must not run within the writer's
    store.checkpoint().join();
    maintenance.release();
    storage.clearFaults();
    assertTrue(batches.get() > 1, "no batch came while the file was written");
    assertTrue(storage.exists(FILE));
    Map<String, String> before = new TreeMap<>(contents(store));
    for (SimulatedStorage left : List.of(storage.killClone(), storage.crashClone(1))) {
      try (Store again = large.standalone(left)) {
        assertEquals(before, contents(again));
      }
    }
  }
}
