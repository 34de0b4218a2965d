package dev.varve.store;

import dev.varve.store.format.LogRecord;
import dev.varve.store.keydir.Location;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A scan over a snapshot, one partition of the keydir after the other. */
final class SnapshotScan implements Scan {
  private static final byte[] NO_VALUE = new byte[0];

  private final Keyspace keyspace;
  private final Snapshot snapshot;
  private final byte[] prefix;
  private final boolean keysOnly;
  private final WallClock clock;
  private int nextPartition;
  private List<Location> locations = List.of();
  private int nextLocation;

  SnapshotScan(
      Keyspace keyspace, Snapshot snapshot, byte[] prefix, boolean keysOnly, WallClock clock) {
    this.keyspace = keyspace;
    this.snapshot = snapshot;
    this.prefix = prefix;
    this.keysOnly = keysOnly;
    this.clock = clock;
  }

  @Override
  public long sequence() {
    return snapshot.sequence();
  }

  @Override
  public @Nullable Entry next() throws IOException {
    while (true) {
      while (nextLocation == locations.size()) {
        if (nextPartition == keyspace.keydir().partitions()) {
          return null;
        }
        locations = snapshot.copy(keyspace.keydir(), nextPartition++);
        nextLocation = 0;
      }
      Entry entry = read(locations.get(nextLocation++));
      if (entry != null) {
        return entry;
      }
    }
  }

  private @Nullable Entry read(Location location) throws IOException {
    LiveSegment segment = snapshot.segment(location);
    if (segment == null || !segment.reader().tryAcquire()) {
      throw new SnapshotLostException(snapshot.sequence());
    }
    LogRecord record;
    try {
      record = segment.reader().read(location.offset(), location.length());
    } finally {
      segment.reader().release();
    }
    byte[] key = record.key();
    boolean within =
        key.length >= prefix.length
            && Arrays.equals(key, 0, prefix.length, prefix, 0, prefix.length);
    if (!within
        || keyspace.cutsOff(record.kind(), record.sequence(), key)
        || Visibility.expired(record.expiresAtMs(), clock.nowMs())) {
      return null;
    }
    byte[] value = keysOnly ? NO_VALUE : record.value();
    return new Entry(key, new Versioned(value, record.sequence(), record.expiresAtMs()));
  }

  @Override
  public void close() {
    snapshot.close();
  }
}
