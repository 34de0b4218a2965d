package dev.varve.store;

import dev.varve.store.compaction.SegmentRewriter;
import dev.varve.store.keydir.Keydir;
import dev.varve.store.keydir.Location;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Which records of a compaction's inputs the index points at. Either way a record that stops being
 * live while the run copies is copied in vain and counts as dead from the start: its place has
 * moved in the index by then. One that is not live never becomes live again.
 */
final class InputLiveness {
  /** Entries of the index up to which all their places may be kept: 16 MiB. */
  private static final int SCANNED_ENTRIES_MAX = 2_000_000;

  /** Inputs of so small a part of the keyspace are not worth a pass over its whole index. */
  private static final int SCANNED_PART = 4;

  private InputLiveness() {}

  /**
   * Whichever costs less: a look-up waits for memory, once for each record, and a pass does not.
   *
   * @param keyspaceBytes of all segments of the keyspace
   */
  static SegmentRewriter.Liveness cheaper(
      Keydir keydir, List<LiveSegment> inputs, long keyspaceBytes) {
    long inputBytes = inputs.stream().mapToLong(LiveSegment::committedLength).sum();
    return keydir.size() <= SCANNED_ENTRIES_MAX && inputBytes >= keyspaceBytes / SCANNED_PART
        ? scan(keydir, inputs)
        : lookup(keydir, inputs);
  }

  /** Asks the index about each record. */
  static SegmentRewriter.Liveness lookup(Keydir keydir, List<LiveSegment> inputs) {
    return (source, hash, offset, length, tombstone) ->
        keydir.holds(hash, new Location(inputs.get(source).slot(), offset, length, tombstone));
  }

  /** Goes through the index once, partition by partition, and keeps the inputs' live places. */
  static SegmentRewriter.Liveness scan(Keydir keydir, List<LiveSegment> inputs) {
    Map<Integer, Integer> sources = new HashMap<>();
    for (int source = 0; source < inputs.size(); source++) {
      sources.put(inputs.get(source).slot(), source);
    }
    Places places = new Places();
    for (int partition = 0; partition < keydir.partitions(); partition++) {
      long[] words = keydir.words(partition);
      for (int i = 0; i < words.length; i += 2) {
        Location location = Keydir.location(words[i], words[i + 1]);
        Integer source = sources.get(location.segment());
        if (source != null) {
          places.add(place(source, location.offset()));
        }
      }
    }
    places.sort();
    return new SegmentRewriter.Liveness() {
      @Override
      public boolean isLive(int source, long hash, long offset, int length, boolean tombstone) {
        return places.reached(place(source, offset));
      }

      @Override
      public boolean needsHash() {
        return false;
      }
    };
  }

  /**
   * Inputs in order, then offsets, which have 31 bits: the order in which records are asked for.
   */
  private static long place(int source, long offset) {
    return (long) source << 32 | offset;
  }

  /** A growing array and a cursor in it. */
  private static final class Places {
    private long[] places = new long[1024];
    private int count;
    private int next;

    void add(long place) {
      if (count == places.length) {
        places = Arrays.copyOf(places, count * 2);
      }
      places[count++] = place;
    }

    void sort() {
      Arrays.sort(places, 0, count);
    }

    /** Whether a place is among them; asked in ascending order. */
    boolean reached(long place) {
      while (next < count && places[next] < place) {
        next++;
      }
      return next < count && places[next] == place;
    }
  }
}
