package dev.varve.store;

import dev.varve.store.keydir.Location;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/**
 * The open snapshots of a keyspace. All changes of the keydir are told to them under the lock of
 * the partition that changes.
 */
final class Snapshots {
  private final List<Snapshot> open = new CopyOnWriteArrayList<>();
  private final SegmentTable table;
  private final int entriesMax;

  Snapshots(SegmentTable table, int entriesMax) {
    this.table = table;
    this.entriesMax = entriesMax;
  }

  boolean none() {
    return open.isEmpty();
  }

  /** Begins a snapshot of what is applied; the caller holds the apply lock. */
  Snapshot open(long sequence, int partitions) {
    Snapshot snapshot = new Snapshot(sequence, partitions, table, entriesMax, open::remove);
    open.add(snapshot);
    return snapshot;
  }

  void replaced(int partition, @Nullable Location before, Location now) {
    for (Snapshot snapshot : open) {
      snapshot.replaced(partition, before, now);
    }
  }

  void moved(int partition, Location from, Location to) {
    for (Snapshot snapshot : open) {
      snapshot.moved(partition, from, to);
    }
  }

  void dropped(int partition, Location gone) {
    for (Snapshot snapshot : open) {
      snapshot.dropped(partition, gone);
    }
  }
}
