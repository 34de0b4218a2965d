package dev.varve.store;

import dev.varve.store.format.SegmentId;
import dev.varve.store.manifest.Edit;
import dev.varve.store.manifest.ManifestState;
import dev.varve.store.recovery.DurableMark;
import dev.varve.store.storage.Storage;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The files that swaps closed: of each keyspace the newest one is kept beside the one in use, under
 * its name with {@value #SUFFIX} behind it. It has everything that the keyspace held at the swap.
 * Nothing of the store reads it. Safe for several threads: a file goes with its last reader.
 */
final class OldFiles {
  static final String SUFFIX = ".old";

  private final Storage storage;

  /** Closed files up to here go, by keyspace. */
  private final Map<String, SegmentId> dropped = new HashMap<>();

  OldFiles(Storage storage) {
    this.storage = storage;
  }

  /**
   * Keeps a file that a swap has closed, unless a newer one is kept, and deletes all older ones.
   * Only once this member durably knows that the swap is committed.
   */
  synchronized void keep(String keyspace, SegmentId closed) throws IOException {
    String log = closed.logPath(keyspace);
    SegmentId upTo = dropped.get(keyspace);
    List<SegmentId> kept = kept(keyspace);
    boolean newer = kept.stream().anyMatch(id -> id.compareTo(closed) > 0);
    if (newer || (upTo != null && closed.compareTo(upTo) <= 0)) {
      deleteIfPresent(log);
      return;
    }
    if (storage.exists(log)) {
      storage.rename(log, log + SUFFIX);
      storage.syncDirectory(keyspace);
    }
    deleteOlder(keyspace, kept, closed, false);
  }

  /** Deletes a file that a swap has closed, and all older ones. */
  synchronized void drop(String keyspace, SegmentId closed) throws IOException {
    dropped.merge(keyspace, closed, (a, b) -> a.compareTo(b) > 0 ? a : b);
    deleteIfPresent(closed.logPath(keyspace));
    deleteOlder(keyspace, kept(keyspace), closed, true);
  }

  private void deleteOlder(
      String keyspace, List<SegmentId> kept, SegmentId closed, boolean andItself)
      throws IOException {
    for (SegmentId id : kept) {
      int order = id.compareTo(closed);
      if (order < 0 || (order == 0 && andItself)) {
        deleteIfPresent(id.logPath(keyspace) + SUFFIX);
      }
    }
  }

  /** Does for all committed swaps what a crash may have kept from being done. */
  static void settle(Storage storage, ManifestState committed, DurableMark mark, long sequence)
      throws IOException {
    Map<String, Edit.Compaction> last = new LinkedHashMap<>();
    for (ManifestState.SequencedCompaction compaction : committed.compactions()) {
      if (compaction.swap()) {
        last.put(compaction.edit().keyspace(), compaction.edit());
      }
    }
    if (last.isEmpty()) {
      return;
    }
    // As before a deletion: a crash must not bring a state back that needs the file by its name.
    mark.confirm(sequence);
    OldFiles files = new OldFiles(storage);
    for (Edit.Compaction swap : last.values()) {
      SegmentId closed = swap.inputs().getFirst();
      if (swap.forceDelete()) {
        files.drop(swap.keyspace(), closed);
      } else {
        files.keep(swap.keyspace(), closed);
      }
    }
  }

  private List<SegmentId> kept(String keyspace) throws IOException {
    List<SegmentId> kept = new ArrayList<>();
    String suffix = SegmentId.LOG_SUFFIX + SUFFIX;
    for (String name : storage.list(keyspace)) {
      if (name.endsWith(suffix)) {
        SegmentId id = idOf(name.substring(0, name.length() - suffix.length()));
        if (id != null) {
          kept.add(id);
        }
      }
    }
    return kept;
  }

  private static @Nullable SegmentId idOf(String name) {
    try {
      return SegmentId.parse(name);
    } catch (IllegalArgumentException e) {
      return null; // somebody else's file
    }
  }

  private void deleteIfPresent(String path) throws IOException {
    if (storage.exists(path)) {
      storage.delete(path);
    }
  }
}
