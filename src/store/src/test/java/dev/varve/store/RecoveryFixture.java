package dev.varve.store;

import static dev.varve.store.StoreFixture.bytes;
import static dev.varve.store.StoreFixture.contents;
import static dev.varve.store.StoreFixture.delete;
import static dev.varve.store.StoreFixture.put;
import static dev.varve.store.StoreFixture.value;

import dev.varve.store.recovery.Verification;
import dev.varve.store.simulation.SimulatedStorage;
import dev.varve.store.storage.Storage;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A closed store with every kind of file, and what verification and repair are asked of it. */
final class RecoveryFixture {
  static final long NOW_MS = 1_700_000_000_000L;

  final StoreFixture fixture = new StoreFixture();

  /** What reads see in the store that was last filled. */
  Map<String, String> expected = Map.of();

  /** A store with sealed and active segments in two keyspaces, a compaction and deleted keys. */
  SimulatedStorage filled() throws IOException {
    SimulatedStorage storage = new SimulatedStorage();
    try (Store store = fixture.standalone(storage)) {
      for (int i = 0; i < 60; i++) {
        put(store, "main", "key-" + i % 25, value(i, 200 + i));
        if (i % 4 == 0) {
          put(store, "objects", "object-" + i, value(i, 700));
        }
        if (i % 10 == 9) {
          delete(store, "main", "key-" + (i + 3) % 25);
        }
        if (i == 40) {
          fixture.compact(store, "main", false);
        }
      }
      expected = contents(store);
    }
    return storage;
  }

  Map<String, String> reopened(Storage storage) throws IOException {
    try (Store store = fixture.standalone(storage)) {
      Map<String, String> found = contents(store);
      put(store, "main", "goes-on", "1");
      if (!StoreFixture.get(store, "main", "goes-on").equals("1")) {
        throw new AssertionError("the store does not take writes");
      }
      store.write(new WriteBatch().delete("main", bytes("goes-on"))).join();
      return found;
    }
  }

  static Verification verify(Storage storage) throws IOException {
    return Verification.of(storage, (file, bytes, all) -> {});
  }

  /** Every file, with its bytes. */
  static Map<String, byte[]> files(SimulatedStorage storage) throws IOException {
    Map<String, byte[]> files = new LinkedHashMap<>();
    for (String path : paths(storage, "")) {
      files.put(path, storage.contents(path));
    }
    return files;
  }

  private static List<String> paths(SimulatedStorage storage, String folder) throws IOException {
    List<String> paths = new ArrayList<>();
    for (String name : storage.list(folder)) {
      String path = folder.isEmpty() ? name : folder + '/' + name;
      List<String> below = paths(storage, path);
      if (below.isEmpty()) {
        try {
          byte[] _ = storage.contents(path);
          paths.add(path);
        } catch (java.nio.file.NoSuchFileException e) {
          continue; // an empty folder
        }
      }
      paths.addAll(below);
    }
    return paths;
  }

  /** The paths of a kind in a keyspace, oldest first. */
  static List<String> of(SimulatedStorage storage, String keyspace, String suffix)
      throws IOException {
    return storage.list(keyspace).stream()
        .filter(name -> name.endsWith(suffix))
        .map(name -> keyspace + '/' + name)
        .toList();
  }
}
