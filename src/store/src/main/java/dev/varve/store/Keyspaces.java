package dev.varve.store;

import dev.varve.store.manifest.KeyspaceType;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** The keyspaces by name, uncommitted ones included. Safe for several threads. */
final class Keyspaces {
  private final Map<String, Keyspace> byName = new ConcurrentHashMap<>();
  private final int snapshotEntriesMax;
  private final int segmentsMax;
  private final RecordCache cache;
  private final DamagedFiles damaged = new DamagedFiles();

  Keyspaces(int snapshotEntriesMax, int segmentsMax, RecordCache cache) {
    this.cache = cache;
    this.snapshotEntriesMax = snapshotEntriesMax;
    this.segmentsMax = segmentsMax;
  }

  /** What is read often, of all of them. */
  RecordCache cache() {
    return cache;
  }

  /** What is known not to be what was written. */
  DamagedFiles damaged() {
    return damaged;
  }

  @Nullable Keyspace get(String name) {
    return byName.get(name);
  }

  Keyspace existing(String name) {
    Keyspace keyspace = byName.get(name);
    if (keyspace == null) {
      throw new IllegalStateException("keyspace " + name + " does not exist");
    }
    return keyspace;
  }

  Keyspace add(String name, KeyspaceType type, long segmentBytes) {
    Keyspace keyspace =
        new Keyspace(name, type, segmentBytes, snapshotEntriesMax, segmentsMax, cache, damaged);
    byName.put(name, keyspace);
    return keyspace;
  }

  void remove(Keyspace keyspace) {
    byName.remove(keyspace.name());
    keyspace.waiters().close();
    keyspace.keydir().close();
  }

  Collection<Keyspace> all() {
    return List.copyOf(byName.values());
  }

  /** Closes all files and gives the memory back. */
  void closeAll() throws IOException {
    List<IOException> failures = new ArrayList<>();
    for (Keyspace keyspace : all()) {
      keyspace.waiters().close();
      for (LiveSegment segment : keyspace.table().all()) {
        keyspace.table().remove(segment);
        segment
            .reader()
            .retire(
                () -> {
                  try {
                    segment.reader().close();
                  } catch (IOException e) {
                    failures.add(e);
                  }
                });
      }
      keyspace.keydir().close();
    }
    byName.clear();
    if (!failures.isEmpty()) {
      throw failures.getFirst();
    }
  }
}
