package dev.varve.store;

import dev.varve.store.format.LogRecord;
import dev.varve.store.format.SegmentId;
import dev.varve.store.keydir.Hash;
import dev.varve.store.keydir.Keydir;
import dev.varve.store.keydir.Location;
import dev.varve.store.keydir.Match;
import dev.varve.store.manifest.KeyspaceType;
import dev.varve.store.segment.SegmentReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * A keyspace's index and open segments. Reads are for any thread and take no lock; {@link #apply}
 * and the list of segments belong to whoever holds the store's apply lock; {@link #move} and {@link
 * #drop} to the maintenance thread.
 */
final class Keyspace {
  private final String name;
  private final KeyspaceType type;
  private final long segmentBytes;
  private final Keydir keydir = new Keydir();
  private final SegmentTable table = new SegmentTable();
  private final Snapshots snapshots;
  private final List<LiveSegment> segments = new ArrayList<>();
  private final AtomicLong liveKeys = new AtomicLong();
  private final AtomicLong liveBytes = new AtomicLong();

  Keyspace(String name, KeyspaceType type, long segmentBytes, int snapshotEntriesMax) {
    this.name = name;
    this.type = type;
    this.segmentBytes = segmentBytes;
    this.snapshots = new Snapshots(table, snapshotEntriesMax);
  }

  String name() {
    return name;
  }

  KeyspaceType type() {
    return type;
  }

  long segmentBytes() {
    return segmentBytes;
  }

  Keydir keydir() {
    return keydir;
  }

  SegmentTable table() {
    return table;
  }

  Snapshots snapshots() {
    return snapshots;
  }

  /** The committed segments that reads are served from, oldest first; under the apply lock. */
  List<LiveSegment> segments() {
    return segments;
  }

  @Nullable LiveSegment segment(SegmentId id) {
    for (LiveSegment segment : segments) {
      if (segment.id().equals(id)) {
        return segment;
      }
    }
    return null;
  }

  long liveKeys() {
    return liveKeys.get();
  }

  long liveBytes() {
    return liveBytes.get();
  }

  /** The newest committed record of a key, a tombstone or an expired one included. */
  @Nullable LogRecord find(byte[] key) throws IOException {
    RecordMatch match = new RecordMatch(key);
    Location found = keydir.get(Hash.of(key), match);
    return found == null ? null : match.record;
  }

  /** Points a key to a committed record that is newer than all others of the key. */
  void apply(long hash, byte[] key, Location now) throws IOException {
    Location before;
    if (snapshots.none()) {
      before = keydir.put(hash, now, new KeyMatch(key));
    } else {
      before = applyUnderSnapshots(hash, key, now);
    }
    account(before, now);
  }

  @SuppressWarnings("NullAway") // an array of one as the lambda's result, null for "none before"
  private @Nullable Location applyUnderSnapshots(long hash, byte[] key, Location now)
      throws IOException {
    @Nullable Location[] before = new @Nullable Location[1];
    try {
      keydir.inPartition(
          hash,
          () -> {
            try {
              before[0] = keydir.put(hash, now, new KeyMatch(key));
            } catch (IOException e) {
              throw new UncheckedIOException(e);
            }
            snapshots.replaced(keydir.partitionOf(hash), before[0], now);
          });
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
    return before[0];
  }

  /** Counts a location that took the place of another one. */
  void account(@Nullable Location before, Location now) {
    LiveSegment into = table.at(now.segment());
    if (into != null) {
      into.addLive(now);
    }
    liveBytes.addAndGet(now.length());
    liveKeys.addAndGet(now.tombstone() ? 0 : 1);
    if (before != null) {
      forget(before);
    }
  }

  private void forget(Location before) {
    LiveSegment from = table.at(before.segment());
    if (from != null) {
      from.removeLive(before);
    }
    liveBytes.addAndGet(-before.length());
    liveKeys.addAndGet(before.tombstone() ? 0 : -1);
  }

  /** Compaction copied a record: points to the copy unless a newer record has come meanwhile. */
  void move(long hash, Location from, Location to) {
    boolean[] moved = new boolean[1];
    keydir.inPartition(
        hash,
        () -> {
          moved[0] = keydir.replace(hash, from, to);
          snapshots.moved(keydir.partitionOf(hash), from, to);
        });
    if (moved[0]) {
      account(from, to);
    }
  }

  /** Compaction left an indexed tombstone or expired record out. */
  void drop(long hash, Location gone) {
    boolean[] dropped = new boolean[1];
    keydir.inPartition(
        hash,
        () -> {
          dropped[0] = keydir.replace(hash, gone, null);
          if (dropped[0]) {
            snapshots.dropped(keydir.partitionOf(hash), gone);
          }
        });
    if (dropped[0]) {
      forget(gone);
    }
  }

  /** The reader of a location with a reference taken; null when the segment is gone. */
  @Nullable SegmentReader acquire(Location location) {
    LiveSegment segment = table.at(location.segment());
    return segment != null && segment.reader().tryAcquire() ? segment.reader() : null;
  }

  /** Matches a key by reading no more of the record than the key. */
  final class KeyMatch implements Match {
    private final byte[] key;

    KeyMatch(byte[] key) {
      this.key = key;
    }

    @Override
    public boolean matches(Location candidate) throws IOException {
      SegmentReader reader = acquire(candidate);
      if (reader == null) {
        return false;
      }
      try {
        return reader.hasKey(candidate.offset(), candidate.length(), key);
      } finally {
        reader.release();
      }
    }
  }

  /** Matches a key by reading the whole record, and keeps the one that matched. */
  private final class RecordMatch implements Match {
    private final byte[] key;
    private @Nullable LogRecord record;

    RecordMatch(byte[] key) {
      this.key = key;
    }

    @Override
    public boolean matches(Location candidate) throws IOException {
      SegmentReader reader = acquire(candidate);
      if (reader == null) {
        return false;
      }
      try {
        record = reader.read(candidate.offset(), candidate.length(), key);
        return record != null;
      } finally {
        reader.release();
      }
    }
  }
}
