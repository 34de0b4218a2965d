package dev.varve.store;

import dev.varve.store.format.SegmentId;
import dev.varve.store.keydir.Location;
import dev.varve.store.segment.SegmentReader;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The open segments of a keyspace by their slots. A slot is given again only after all others were,
 * so that a location read long ago never leads to another segment.
 */
final class SegmentTable {
  private volatile @Nullable LiveSegment[] slots = new @Nullable LiveSegment[16];
  private int next;

  /** The segment at a slot; null when it is gone. */
  @Nullable LiveSegment at(int slot) {
    @Nullable LiveSegment[] now = slots;
    return slot < now.length ? now[slot] : null;
  }

  synchronized LiveSegment add(SegmentId id, SegmentReader reader) {
    return addAt(freeSlot(), id, reader);
  }

  /** Adds a segment at the slot that it had when the keydir was written; nothing else is there. */
  synchronized LiveSegment addAt(int slot, SegmentId id, SegmentReader reader) {
    if (at(slot) != null) {
      throw new IllegalStateException("slot " + slot + " is taken");
    }
    LiveSegment segment = new LiveSegment(id, slot, reader);
    @Nullable LiveSegment[] now = slots;
    int length = slot < now.length ? now.length : Math.max(slot + 1, now.length * 2);
    @Nullable LiveSegment[] grown = Arrays.copyOf(now, length);
    grown[slot] = segment;
    slots = grown;
    return segment;
  }

  synchronized void remove(LiveSegment segment) {
    @Nullable LiveSegment[] copy = slots.clone();
    copy[segment.slot()] = null;
    slots = copy;
  }

  /** All open segments. */
  List<LiveSegment> all() {
    List<LiveSegment> open = new ArrayList<>();
    for (LiveSegment segment : slots) {
      if (segment != null) {
        open.add(segment);
      }
    }
    return open;
  }

  private int freeSlot() {
    for (int tried = 0; tried <= Location.SEGMENT_MAX; tried++) {
      int slot = next;
      next = next == Location.SEGMENT_MAX ? 0 : next + 1;
      if (at(slot) == null) {
        return slot;
      }
    }
    throw new IllegalStateException("more than " + Location.SEGMENT_MAX + " open segments");
  }
}
