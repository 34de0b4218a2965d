package dev.varve.store;

import dev.varve.store.format.LogRecord;
import dev.varve.store.format.SegmentId;
import dev.varve.store.keydir.Location;
import dev.varve.store.segment.SegmentReader;
import dev.varve.store.storage.Storage;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Finds a keyspace's changes in its segments, in the order of their sequences. Compactions move
 * records, so that order is not the files': each {@link #select} goes through the segments that can
 * hold something later than a position and picks the places of the lowest sequences, a bounded
 * number of them. A segment that was only appended to is read on from where the last one began.
 *
 * <p>Nothing after {@link dev.varve.store.manifest.ManifestState#changesGoneUpTo} is missing in
 * them: that is checked under the same lock under which the segments are taken, and outputs take
 * the place of inputs under it too. For one thread at a time.
 */
final class StoredChanges {
  /** A batch may have more records than this, and is whole then too. */
  static final int RECORDS = 1024;

  private final Storage storage;
  private final Keyspace keyspace;
  private final Applied applied;

  /** Of segments in ascending order: offsets before which no record is later than was asked for. */
  private final Map<SegmentId, Long> begins = new HashMap<>();

  StoredChanges(Storage storage, Keyspace keyspace, Applied applied) {
    this.storage = storage;
    this.keyspace = keyspace;
    this.applied = applied;
  }

  /**
   * Picks the changes that come first after a position; positions never go back.
   *
   * @throws ChangesGoneException if some may be gone
   * @throws StoreClosedException if the store was closed
   */
  Selection select(long position) throws IOException {
    List<LiveSegment> segments = new ArrayList<>();
    try {
      Picked picked = new Picked(position, pin(position, segments));
      begins.keySet().retainAll(segments.stream().map(LiveSegment::id).collect(Collectors.toSet()));
      segments.sort(Comparator.comparingLong(LiveSegment::minSequence));
      for (LiveSegment segment : segments) {
        if (segment.minSequence() <= picked.upTo) {
          pick(segment, position, picked);
        }
      }
      return new Selection(picked);
    } finally {
      segments.forEach(segment -> segment.reader().release());
    }
  }

  /** Takes references; returns the sequence up to which the segments have everything. */
  private long pin(long position, List<LiveSegment> into) throws StoreException {
    applied.lock().lock();
    try {
      long gone = applied.manifest().changesGoneUpTo(keyspace.name());
      if (position < gone) {
        throw new ChangesGoneException(keyspace.name(), position, gone);
      }
      for (LiveSegment segment : keyspace.segments()) {
        if (segment.maxSequence() > position) {
          if (!segment.reader().tryAcquire()) {
            throw new StoreClosedException(); // those in the list are retired by that alone
          }
          into.add(segment);
        }
      }
      return applied.sequence();
    } finally {
      applied.lock().unlock();
    }
  }

  private void pick(LiveSegment segment, long position, Picked picked) throws IOException {
    SegmentEntries entries = new SegmentEntries(storage, keyspace, segment);
    if (!segment.ascending()) {
      entries.visit(
          (kind, hash, sequence, id, expiresAtMs, location) -> {
            picked.add(sequence, segment, location);
            return true;
          });
      return;
    }
    long[] begin = {-1};
    long _ =
        entries.byRecords(
            begins.getOrDefault(segment.id(), 0L),
            (kind, hash, sequence, id, expiresAtMs, location) -> {
              if (sequence > position && begin[0] < 0) {
                begin[0] = location.offset();
              }
              picked.add(sequence, segment, location);
              return sequence <= picked.upTo;
            });
    if (begin[0] >= 0) {
      begins.put(segment.id(), begin[0]);
    }
  }

  /** Where a record is. It keeps the segment, not a slot, which another segment may get one day. */
  private record Place(LiveSegment segment, long offset, int length) {}

  /** The lowest sequences seen so far, whole batches. */
  private static final class Picked {
    private final long position;
    private final TreeMap<Long, List<Place>> bySequence = new TreeMap<>();
    private int count;

    /** Later ones are for another selection. */
    private long upTo;

    Picked(long position, long upTo) {
      this.position = position;
      this.upTo = upTo;
    }

    void add(long sequence, LiveSegment segment, Location at) {
      if (sequence <= position || sequence > upTo) {
        return;
      }
      Place place = new Place(segment, at.offset(), at.length());
      bySequence.computeIfAbsent(sequence, s -> new ArrayList<>(1)).add(place);
      count++;
      while (count > RECORDS && bySequence.size() > 1) {
        Map.Entry<Long, List<Place>> last = bySequence.pollLastEntry();
        count -= last.getValue().size();
        upTo = last.getKey() - 1;
      }
    }
  }

  /** Places of changes. It pins no segment: one that has gone meanwhile ends it. */
  static final class Selection {
    private final TreeMap<Long, List<Place>> left;
    private long coveredTo;

    private Selection(Picked picked) {
      this.left = picked.bySequence;
      this.coveredTo = picked.upTo;
    }

    /** After the last of {@link #next}: the sequence up to which it has told of everything. */
    long coveredTo() {
      return coveredTo;
    }

    /** The next batch's changes, none if no key begins so; null when another selection is due. */
    @Nullable ChangeSet next(byte[] prefix) throws IOException {
      Map.Entry<Long, List<Place>> batch = left.pollFirstEntry();
      if (batch == null) {
        return null;
      }
      List<LogRecord> records = new ArrayList<>();
      for (Place place : batch.getValue()) {
        SegmentReader reader = place.segment().reader();
        if (!reader.tryAcquire()) {
          coveredTo = batch.getKey() - 1; // compacted away; its records have moved
          left.clear();
          return null;
        }
        try {
          records.add(reader.read(place.offset(), place.length()));
        } finally {
          reader.release();
        }
      }
      return ChangeSet.of(batch.getKey(), records, prefix);
    }
  }
}
