package dev.varve.store;

import static dev.varve.store.StoreFixture.bytes;
import static dev.varve.store.StoreFixture.contents;
import static dev.varve.store.StoreFixture.get;
import static dev.varve.store.StoreFixture.keyspace;
import static dev.varve.store.StoreFixture.put;
import static dev.varve.store.StoreFixture.value;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.store.manifest.Layout;
import dev.varve.store.simulation.Fault;
import dev.varve.store.simulation.Operation;
import dev.varve.store.simulation.SimulatedStorage;
import dev.varve.store.storage.MemoryStorage;
import java.io.IOException;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** A store with many more segments than it may have files open. */
@ExtendWith(QuietLog.class)
class OpenFilesTest {
  /** Manifest, mark and the active segments are open, and one file is being written. */
  private static final int MAX = 6;

  private final StoreFixture fixture = new StoreFixture();
  private final SimulatedStorage storage = new SimulatedStorage();

  private Store open(StoreFixture with) throws IOException {
    return Store.openStandalone(
        with.options.withOpenFilesMax(MAX), storage, Trampoline.runtime(with.nowMs::get));
  }

  private static Map<String, String> fill(Store store) throws IOException {
    Map<String, String> expected = new TreeMap<>();
    for (int i = 0; i < 400; i++) {
      String key = "key-" + i % 300;
      put(store, "main", key, value(i, 300));
      expected.put("main/" + key, value(i, 300));
    }
    return expected;
  }

  @Test
  void servesAllOfThemThroughFew() throws IOException {
    Map<String, String> expected;
    try (Store store = open(fixture)) {
      expected = fill(store);
      assertTrue(keyspace(store, "main").segments().size() > 5 * MAX);
      for (int round = 0; round < 2; round++) {
        for (int i = 299; i >= 0; i -= 7) {
          assertEquals(expected.get("main/key-" + i), get(store, "main", "key-" + i));
          assertTrue(store.status().openFiles() <= MAX, () -> store.status().toString());
        }
      }
      Scan before = store.scan("main", new byte[0], false);
      CompactionEvent end = fixture.compact(store, "main", true);
      assertEquals(CompactionEvent.Type.COMPLETED, end.type(), end.message());
      Map<String, String> seen = new TreeMap<>();
      StoreFixture.drain("main", before, seen);
      before.close();
      assertEquals(expected, seen);
      assertEquals(expected, contents(store));
      store.checkpoint().join();
      put(store, "main", "one", "more");
      expected.put("main/one", "more");
      assertTrue(store.status().openFiles() <= MAX, () -> store.status().toString());
    }
    try (Store store = open(fixture)) {
      assertTrue(store.status().openFiles() <= MAX, () -> store.status().toString());
      assertEquals(expected, contents(store));
    }
  }

  /** A segment that cannot be opened again fails the read that needs it, and nothing else. */
  @Test
  void aReadThatFindsNoDescriptorFailsAlone() throws IOException {
    try (Store store = open(fixture)) {
      fill(store);
      get(store, "main", "key-299");
      simulatedWithoutDescriptors();
      IOException failure = assertThrows(IOException.class, () -> readAll(store));
      assertTrue(String.valueOf(failure.getMessage()).startsWith("main/"), String.valueOf(failure));
      assertFalse(store.log().state().poisoned());
      put(store, "main", "new", "1");
      storage.clearFaults();
      assertEquals(301, contents(store, "main").size());
    }
  }

  private void simulatedWithoutDescriptors() {
    storage.failWhen(operation -> operation.kind() == Operation.Kind.OPEN, Fault.IO_ERROR);
  }

  private static void readAll(Store store) throws IOException {
    for (int i = 0; i < 300; i++) {
      store.get("main", bytes("key-" + i));
    }
  }

  @Test
  void aSingleFileIsSwappedWithinTheBound() throws IOException {
    StoreFixture single = fixture.with(Layout.SINGLE_FILE);
    Map<String, String> expected;
    try (Store store = open(single)) {
      expected = fill(store);
      for (int round = 0; round < 2; round++) {
        CompactionEvent end = single.compact(store, "main", round == 1);
        assertEquals(CompactionEvent.Type.COMPLETED, end.type(), end.message());
        put(store, "main", "key-1", "round " + round);
        expected.put("main/key-1", "round " + round);
        assertEquals(expected, contents(store));
        assertTrue(store.status().openFiles() <= MAX, () -> store.status().toString());
      }
    }
    try (Store store = open(single)) {
      assertEquals(expected, contents(store));
    }
  }

  /** Files in memory need no descriptors. */
  @Test
  void aStoreInMemoryIsNotBounded() throws IOException {
    try (MemoryStorage memory = new MemoryStorage(8 << 20);
        Store store =
            Store.openStandalone(
                fixture.options.withLayout(Layout.MEMORY).withOpenFilesMax(1),
                memory,
                Trampoline.runtime(fixture.nowMs::get))) {
      assertEquals(fill(store), contents(store));
      assertEquals(0, store.status().openFiles());
    }
  }

  @Test
  void theBoundIsAtLeastOne() {
    IllegalArgumentException refused =
        assertThrows(IllegalArgumentException.class, () -> fixture.options.withOpenFilesMax(0));
    assertTrue(String.valueOf(refused.getMessage()).startsWith("openFilesMax"));
  }
}
