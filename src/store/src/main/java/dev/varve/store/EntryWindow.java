package dev.varve.store;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The most recent entries of the log, up to a number of bytes, and all that are not applied yet: an
 * image ends with what is applied, so another member could get these from nowhere else. Finding an
 * entry takes the same time however many there are. Safe for several threads.
 */
final class EntryWindow {
  private static final int SLOTS_MIN = 64;

  /** Blocks of a window that has little are small. An entry that is longer has one for itself. */
  private static final int BLOCK_BYTES_MIN = 16 << 10;

  private static final int BLOCK_BYTES = 1 << 20;

  private final long bytesMax;

  /**
   * A ring: the entry of sequence s is in the block at {@code s & (length - 1)}, at the place of
   * the same index; the length is a power of two.
   */
  private @Nullable EntryBlock[] ring = new @Nullable EntryBlock[SLOTS_MIN];

  private int[] places = new int[SLOTS_MIN];

  /** The one that takes the next entries; null: a new one does. */
  private @Nullable EntryBlock open;

  /** Blocks without an entry, no more than a full window needs. */
  private final Deque<EntryBlock> spare = new ArrayDeque<>();

  private long bytes;

  /** Sequences up to here are not in the window. */
  private long droppedUpTo;

  /** The last sequence of the log. */
  private long last;

  /** Sequences up to here are in images. */
  private long applied;

  /** An empty window on a log that ends with what is applied. */
  EntryWindow(long bytesMax, long applied) {
    this.bytesMax = bytesMax;
    this.droppedUpTo = applied;
    this.last = applied;
    this.applied = applied;
  }

  /** Entries that follow the last one. */
  synchronized void add(List<LogEntry> group) {
    for (LogEntry entry : group) {
      if (entry.sequence() != last + 1) {
        throw new IllegalArgumentException("entry " + entry.sequence() + " after " + last);
      }
      if (last - droppedUpTo == ring.length) {
        grow();
      }
      EntryBlock block = blockFor(entry);
      int slot = slot(entry.sequence());
      ring[slot] = block;
      places[slot] = block.add(entry);
      bytes += entry.bytes();
      last = entry.sequence();
    }
    trim();
  }

  private EntryBlock blockFor(LogEntry entry) {
    EntryBlock block = open;
    if (block == null || !block.hasRoom(entry)) {
      block = EntryBlock.sizeOf(entry) > BLOCK_BYTES ? null : spare.poll();
      if (block == null) {
        long size = Math.clamp(bytes, BLOCK_BYTES_MIN, BLOCK_BYTES);
        block = new EntryBlock(Math.max(EntryBlock.sizeOf(entry), (int) size));
      }
      open = block;
    }
    return block;
  }

  private void grow() {
    @Nullable EntryBlock[] oldRing = ring;
    int[] oldPlaces = places;
    ring = new @Nullable EntryBlock[oldRing.length * 2];
    places = new int[ring.length];
    for (long sequence = droppedUpTo + 1; sequence <= last; sequence++) {
      int from = (int) (sequence & (oldRing.length - 1));
      ring[slot(sequence)] = oldRing[from];
      places[slot(sequence)] = oldPlaces[from];
    }
  }

  /** Entries up to a sequence are applied: what exceeds the window may go. */
  synchronized void applied(long sequence) {
    applied = Math.max(applied, sequence);
    trim();
  }

  private void trim() {
    while (bytes > bytesMax && droppedUpTo < Math.min(applied, last)) {
      droppedUpTo++;
      EntryBlock left = remove(droppedUpTo);
      if (left != open && (droppedUpTo == last || ring[slot(droppedUpTo + 1)] != left)) {
        release(left);
      }
    }
  }

  /** Sequences up to here are no longer in the window. */
  synchronized long droppedUpTo() {
    return droppedUpTo;
  }

  /** The log ends at {@code lastSequenceKept} now. */
  synchronized void cutAfter(long lastSequenceKept) {
    while (last > Math.max(lastSequenceKept, droppedUpTo)) {
      EntryBlock block = remove(last);
      block.cut(places[slot(last)]);
      last--;
      EntryBlock before = last > droppedUpTo ? ring[slot(last)] : null;
      if (before != block) {
        release(block);
        open = before;
      }
    }
    last = Math.min(last, lastSequenceKept);
    droppedUpTo = Math.min(droppedUpTo, last);
  }

  /** Takes an entry out; its bytes stay in the block, which is returned. */
  private EntryBlock remove(long sequence) {
    int slot = slot(sequence);
    EntryBlock block = block(sequence);
    bytes -= block.bytes(places[slot]);
    ring[slot] = null;
    return block;
  }

  private void release(EntryBlock block) {
    if (block.capacity() == BLOCK_BYTES && (long) spare.size() * BLOCK_BYTES < bytesMax) {
      block.clear();
      spare.add(block);
    }
  }

  private EntryBlock block(long sequence) {
    return Objects.requireNonNull(ring[slot(sequence)], () -> "entry " + sequence + " is missing");
  }

  /**
   * Entries after a sequence, with bytes of their own.
   *
   * @param maxBytes bytes over all their chunks; one entry may have more
   * @return null if the window does not begin so early, or the log ends before
   */
  synchronized @Nullable List<LogEntry> after(long sequence, int maxBytes) {
    if (sequence < droppedUpTo || sequence > last) {
      return null;
    }
    long end = sequence;
    long total = 0;
    while (end < last) {
      long more = block(end + 1).bytes(places[slot(end + 1)]);
      if (total + more > maxBytes && total > 0) {
        break;
      }
      total += more;
      end++;
    }
    ByteBuffer to = ByteBuffer.allocate(Math.toIntExact(total));
    List<LogEntry> result = new ArrayList<>((int) (end - sequence));
    for (long next = sequence + 1; next <= end; next++) {
      result.add(block(next).entry(next, places[slot(next)], to));
    }
    return result;
  }

  private int slot(long sequence) {
    return (int) (sequence & (ring.length - 1));
  }
}
