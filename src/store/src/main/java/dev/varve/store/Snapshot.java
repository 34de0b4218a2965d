package dev.varve.store;

import dev.varve.store.keydir.Keydir;
import dev.varve.store.keydir.Located;
import dev.varve.store.keydir.Location;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What a keyspace looked like at one sequence. The keydir is copied partition by partition as the
 * scan gets there; for partitions not yet copied the snapshot keeps, for every entry that changed
 * since, where the key's record was. Segments that it still needs stay in place by a reference.
 *
 * <p>The maps of a partition are touched only under the keydir's lock of that partition; the rest
 * is guarded by this object's monitor.
 */
final class Snapshot implements AutoCloseable {
  private final long sequence;
  private final SegmentTable table;
  private final int entriesMax;
  private final Consumer<Snapshot> whenClosed;

  /** For each partition: from an entry's place now to its place then, null for none. */
  private final @Nullable Map<Location, @Nullable Location>[] changed;

  /** For each partition: places of entries that have left the keydir since. */
  private final @Nullable List<Location>[] gone;

  private final boolean[] copied;
  private final Map<Integer, LiveSegment> pinned = new HashMap<>();
  private int entries;
  private boolean lost;
  private boolean closed;

  @SuppressWarnings({"unchecked", "rawtypes"}) // arrays of generic types can't be made otherwise
  Snapshot(
      long sequence,
      int partitions,
      SegmentTable table,
      int entriesMax,
      Consumer<Snapshot> whenClosed) {
    this.sequence = sequence;
    this.table = table;
    this.entriesMax = entriesMax;
    this.whenClosed = whenClosed;
    this.changed = new Map[partitions];
    this.gone = new List[partitions];
    this.copied = new boolean[partitions];
  }

  long sequence() {
    return sequence;
  }

  /** A write put {@code now} in the place of {@code before}. */
  void replaced(int partition, @Nullable Location before, Location now) {
    if (copied[partition]) {
      return;
    }
    Map<Location, @Nullable Location> map = changed[partition];
    if (map == null) {
      map = new HashMap<>();
      changed[partition] = map;
    }
    Location then = before;
    if (before != null && map.containsKey(before)) {
      then = map.remove(before);
    } else if (!count() || (before != null && !pin(before.segment()))) {
      return;
    }
    map.put(now, then);
  }

  /** Compaction moved a record; the entry itself may be of this snapshot or later. */
  void moved(int partition, Location from, Location to) {
    Map<Location, @Nullable Location> map = changed[partition];
    if (!copied[partition] && map != null && map.containsKey(from)) {
      map.put(to, map.remove(from));
    }
  }

  /**
   * Compaction dropped a tombstone, an expired record, or, shifting, a live one: what this snapshot
   * sees of it stays readable for it.
   */
  void dropped(int partition, Location location) {
    if (copied[partition]) {
      return;
    }
    Map<Location, @Nullable Location> map = changed[partition];
    boolean tracked = map != null && map.containsKey(location);
    Location then = tracked && map != null ? map.remove(location) : location;
    if (then == null || then.tombstone()) {
      return;
    }
    if (!tracked && (!count() || !pin(then.segment()))) {
      return;
    }
    List<Location> list = gone[partition];
    if (list == null) {
      list = new ArrayList<>();
      gone[partition] = list;
    }
    list.add(then);
  }

  /** The places of a partition's entries at this snapshot's sequence, their segments pinned. */
  List<Location> copy(Keydir keydir, int partition) throws SnapshotLostException {
    List<Location> result = new ArrayList<>();
    keydir.inPartition((long) partition << 56, () -> copyLocked(keydir, partition, result));
    synchronized (this) {
      if (lost || closed) {
        throw new SnapshotLostException(sequence);
      }
    }
    return result;
  }

  private void copyLocked(Keydir keydir, int partition, List<Location> result) {
    copied[partition] = true;
    Map<Location, @Nullable Location> map = changed[partition];
    for (Located entry : keydir.copy(partition)) {
      Location then = entry.location();
      if (map != null && map.containsKey(then)) {
        then = map.get(then);
      }
      if (then != null && !then.tombstone() && pin(then.segment())) {
        result.add(then);
      }
    }
    List<Location> left = gone[partition];
    if (left != null) {
      for (Location then : left) {
        if (!then.tombstone()) {
          result.add(then);
        }
      }
    }
    changed[partition] = null;
    gone[partition] = null;
  }

  private synchronized boolean count() {
    if (lost || closed) {
      return false;
    }
    if (++entries > entriesMax) {
      lose();
      return false;
    }
    return true;
  }

  private synchronized boolean pin(int slot) {
    if (lost || closed) {
      return false;
    }
    if (pinned.containsKey(slot)) {
      return true;
    }
    LiveSegment segment = table.at(slot);
    if (segment == null || !segment.reader().tryAcquire()) {
      lose();
      return false;
    }
    pinned.put(slot, segment);
    return true;
  }

  /**
   * The segment of a location that {@link #copy} gave; null once the snapshot is lost or closed.
   */
  synchronized @Nullable LiveSegment segment(Location location) {
    return lost || closed ? null : pinned.get(location.segment());
  }

  private void lose() {
    lost = true;
    whenClosed.accept(this);
    releaseAll();
  }

  private void releaseAll() {
    for (LiveSegment segment : pinned.values()) {
      segment.reader().release();
    }
    pinned.clear();
  }

  @Override
  public synchronized void close() {
    if (!closed) {
      closed = true;
      whenClosed.accept(this);
      releaseAll();
    }
  }
}
