package dev.varve.store;

import dev.varve.store.format.SegmentId;
import dev.varve.store.keydir.Location;
import dev.varve.store.segment.SegmentReader;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The open segments of a keyspace by their slots, and how many there may be. A slot is given again
 * only after all others were, so that a location read long ago never leads to another segment.
 *
 * <p>A leader begins segments for what adds values until there are {@link
 * StoreOptions#segmentsMax()}, and for what only deletes, or lets a compaction have the active one,
 * for a sixteenth more. All other slots are for outputs of compactions, which stand beside their
 * inputs until a checkpoint lets those go, and for followers, who take what a leader has begun.
 */
final class SegmentTable {
  /** As many as a {@link Location} tells apart. */
  private static final int SLOTS = Location.SEGMENT_MAX + 1;

  /** Of the most segments: one part of so many is added for deletes. */
  private static final int DELETES_SHARE = 16;

  private static final int DELETES_MIN = 4;

  private final String keyspace;
  private final int segmentsMax;
  private final DamagedFiles damaged;
  private volatile @Nullable LiveSegment[] slots = new @Nullable LiveSegment[16];
  private volatile int size;
  private volatile int slotsMax = SLOTS;
  private int next;

  /** Opens a segment that has got a slot. */
  @FunctionalInterface
  interface Opener {
    SegmentReader open() throws IOException;
  }

  SegmentTable(String keyspace, int segmentsMax, DamagedFiles damaged) {
    this.damaged = damaged;
    this.keyspace = keyspace;
    this.segmentsMax = segmentsMax;
  }

  /** For tests: gives no slots from this one on. */
  synchronized void slotsMax(int slots) {
    slotsMax = slots;
  }

  /** The segment at a slot; null when it is gone. */
  @Nullable LiveSegment at(int slot) {
    @Nullable LiveSegment[] now = slots;
    return slot < now.length ? now[slot] : null;
  }

  /** How many there are. */
  int size() {
    return size;
  }

  /**
   * Before a leader begins another segment.
   *
   * @param adds whether it is for what adds values
   * @throws StoreFullException if there are as many as there may be for that
   */
  void requireRoom(boolean adds) throws StoreFullException {
    long most = segmentsMax;
    if (!adds) {
      most += Math.max(DELETES_MIN, segmentsMax / DELETES_SHARE);
    }
    if (size >= most) {
      throw new StoreFullException(
          "keyspace "
              + keyspace
              + " has "
              + size
              + " segments, replaced ones included, and may have "
              + segmentsMax
              + " (segmentsMax); "
              + (adds ? "deletes, compaction and checkpoints go on" : "compact and checkpoint it"));
    }
  }

  /**
   * Before a compaction's edit: whether its outputs will have slots.
   *
   * @throws StoreFullException if there are fewer free ones
   */
  void requireSlots(int outputs) throws StoreFullException {
    if (outputs > slotsMax - size) {
      throw noSlots();
    }
  }

  private StoreFullException noSlots() {
    return new StoreFullException(
        "keyspace "
            + keyspace
            + " has "
            + size
            + " segments of the "
            + slotsMax
            + " that its index can tell apart; checkpoints let replaced ones go");
  }

  /**
   * Adds a segment at a free slot.
   *
   * @throws StoreFullException if there is none; nothing was opened
   */
  synchronized LiveSegment add(SegmentId id, Opener opener) throws IOException {
    int slot = freeSlot();
    return addAt(slot, id, opener.open());
  }

  /** Adds a segment at the slot that it had when the keydir was written; nothing else is there. */
  synchronized LiveSegment addAt(int slot, SegmentId id, SegmentReader reader) {
    if (at(slot) != null) {
      throw new IllegalStateException("slot " + slot + " is taken");
    }
    reader.onDamage(damaged::note);
    LiveSegment segment = new LiveSegment(id, slot, reader);
    @Nullable LiveSegment[] now = slots;
    int length = slot < now.length ? now.length : Math.max(slot + 1, now.length * 2);
    @Nullable LiveSegment[] grown = Arrays.copyOf(now, length);
    grown[slot] = segment;
    slots = grown;
    size = size + 1;
    return segment;
  }

  synchronized void remove(LiveSegment segment) {
    @Nullable LiveSegment[] copy = slots.clone();
    if (copy[segment.slot()] != null) {
      copy[segment.slot()] = null;
      size = size - 1;
    }
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

  private int freeSlot() throws StoreFullException {
    for (int tried = 0; tried < slotsMax; tried++) {
      int slot = next < slotsMax ? next : 0;
      next = slot + 1;
      if (at(slot) == null) {
        return slot;
      }
    }
    throw noSlots();
  }
}
