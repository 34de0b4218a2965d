package dev.varve.store;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The most recent entries of the log, up to a number of bytes, and all that are not applied yet: an
 * image ends with what is applied, so another member could get these from nowhere else. Finding an
 * entry takes the same time however many there are. Safe for several threads.
 */
final class EntryWindow {
  private static final int SLOTS_MIN = 64;

  private final long bytesMax;

  /**
   * A ring: the entry of sequence s is at {@code s & (length - 1)}; the length is a power of two.
   */
  private @Nullable LogEntry[] ring = new @Nullable LogEntry[SLOTS_MIN];

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
      ring[slot(entry.sequence())] = entry;
      bytes += entry.bytes();
      last = entry.sequence();
    }
    trim();
  }

  private void grow() {
    @Nullable LogEntry[] old = ring;
    ring = new @Nullable LogEntry[old.length * 2];
    for (LogEntry entry : old) {
      if (entry != null) {
        ring[slot(entry.sequence())] = entry;
      }
    }
  }

  /** Entries up to a sequence are applied: what exceeds the window may go. */
  synchronized void applied(long sequence) {
    applied = Math.max(applied, sequence);
    trim();
  }

  private void trim() {
    while (bytes > bytesMax && droppedUpTo < Math.min(applied, last)) {
      dropFirst();
    }
  }

  /** Sequences up to here are no longer in the window. */
  synchronized long droppedUpTo() {
    return droppedUpTo;
  }

  private void dropFirst() {
    droppedUpTo++;
    remove(droppedUpTo);
  }

  /** The log ends at {@code lastSequenceKept} now. */
  synchronized void cutAfter(long lastSequenceKept) {
    while (last > Math.max(lastSequenceKept, droppedUpTo)) {
      remove(last);
      last--;
    }
    last = Math.min(last, lastSequenceKept);
    droppedUpTo = Math.min(droppedUpTo, last);
  }

  private void remove(long sequence) {
    int slot = slot(sequence);
    LogEntry entry = ring[slot];
    if (entry != null) {
      bytes -= entry.bytes();
      ring[slot] = null;
    }
  }

  synchronized @Nullable List<LogEntry> after(long sequence, int maxBytes) {
    if (sequence < droppedUpTo || sequence > last) {
      return null;
    }
    List<LogEntry> result = new ArrayList<>();
    long total = 0;
    for (long next = sequence + 1; next <= last; next++) {
      LogEntry entry = ring[slot(next)];
      if (entry == null) {
        throw new IllegalStateException("entry " + next + " is missing");
      }
      total += entry.bytes();
      if (total > maxBytes && !result.isEmpty()) {
        break;
      }
      result.add(entry);
    }
    return result;
  }

  private int slot(long sequence) {
    return (int) (sequence & (ring.length - 1));
  }
}
