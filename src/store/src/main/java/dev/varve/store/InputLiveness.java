package dev.varve.store;

import dev.varve.store.compaction.SegmentRewriter;
import dev.varve.store.keydir.Keydir;
import dev.varve.store.keydir.Located;
import dev.varve.store.keydir.Location;
import java.util.Arrays;
import java.util.List;

/**
 * Which records of a compaction's inputs the index points at. Either way a record that stops being
 * live while the run copies is copied in vain and counts as dead from the start: its place has
 * moved in the index by then. One that is not live never becomes live again.
 */
final class InputLiveness {
  private InputLiveness() {}

  /** Asks the index about each record. */
  static SegmentRewriter.Liveness lookup(Keydir keydir, List<LiveSegment> inputs) {
    return (source, hash, offset, length, tombstone) ->
        keydir.holds(hash, new Location(inputs.get(source).slot(), offset, length, tombstone));
  }

  /** Goes through the index once, partition by partition, and keeps the inputs' live places. */
  static SegmentRewriter.Liveness scan(Keydir keydir, List<LiveSegment> inputs) {
    Places places = new Places();
    for (int partition = 0; partition < keydir.partitions(); partition++) {
      for (Located entry : keydir.copy(partition)) {
        for (int source = 0; source < inputs.size(); source++) {
          if (inputs.get(source).slot() == entry.location().segment()) {
            places.add(place(source, entry.location().offset()));
          }
        }
      }
    }
    places.sort();
    return (source, hash, offset, length, tombstone) -> places.reached(place(source, offset));
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
