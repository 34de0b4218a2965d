package dev.varve.store;

import dev.varve.store.format.LogRecord;
import dev.varve.store.keydir.Location;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * Records that are read often, in memory up to a number of bytes. The index is asked first, always:
 * a place in a segment never holds another record, so nothing here is ever out of date. Safe for
 * several threads, and takes no lock.
 *
 * <p>Each place has one slot that it can be in. Only one of so many misses is kept, so that reading
 * everything once costs next to nothing and what is read often comes in all the same. What is over
 * the bound goes by turns, but what was read since the last turn stays for one more (CLOCK;
 * Corbató, 1968).
 */
final class RecordCache {
  /** Of the bound; records of this size would fill all slots. */
  private static final int BYTES_PER_SLOT = 256;

  private static final int SLOTS_MAX = 1 << 24;

  /** What an entry takes beside key and value: its objects and arrays, and its slot. */
  private static final int OVERHEAD_BYTES = 144;

  /** A record that is larger than this part of the bound is not kept. */
  private static final int LARGEST_PART = 64;

  private static final int MISSES_PER_KEPT = 8;

  /** Counters of misses, each in a cache line of its own, for as many threads at a time. */
  private static final int COUNTERS = 16;

  private static final int COUNTER_INTS = 16;

  private final long bytesMax;
  private final AtomicReferenceArray<@Nullable Entry> slots;
  private final AtomicLong bytes = new AtomicLong();
  private final AtomicInteger hand = new AtomicInteger();

  /** Counted without order: one more or less kept does no harm. */
  private final int[] counters = new int[COUNTERS * COUNTER_INTS];

  private final LongAdder hits = new LongAdder();
  private final LongAdder misses = new LongAdder();

  private static final class Entry {
    private final LiveSegment segment;
    private final long offset;
    private final LogRecord record;

    /** A hint alone, read and written without order. */
    private boolean used;

    Entry(LiveSegment segment, long offset, LogRecord record) {
      this.segment = segment;
      this.offset = offset;
      this.record = record;
    }

    int bytes() {
      return weight(record);
    }
  }

  /**
   * @param bytesMax of the heap, 0: keeps nothing
   */
  RecordCache(long bytesMax) {
    this.bytesMax = bytesMax;
    long wanted = Math.clamp(bytesMax / BYTES_PER_SLOT, 1, SLOTS_MAX);
    this.slots =
        new AtomicReferenceArray<>(
            Long.highestOneBit(wanted) == wanted
                ? (int) wanted
                : (int) Long.highestOneBit(wanted) * 2);
  }

  ReadCacheStatus status() {
    return new ReadCacheStatus(bytes.get(), hits.sum(), misses.sum());
  }

  /** The record at a place, whose arrays must be left alone; null if it is not kept. */
  @Nullable LogRecord get(LiveSegment segment, Location location) {
    if (bytesMax == 0) {
      return null;
    }
    Entry entry = slots.get(slot(segment, location));
    if (entry == null || entry.segment != segment || entry.offset != location.offset()) {
      misses.increment();
      return null;
    }
    if (!entry.used) { // written only where that changes it: the line is shared by all readers
      entry.used = true;
    }
    hits.increment();
    return entry.record;
  }

  /** Takes note that a record was read at a place where {@link #get} found none. */
  void missed(LiveSegment segment, Location location, LogRecord record) {
    if (bytesMax == 0 || weight(record) > bytesMax / LARGEST_PART || !isKept()) {
      return;
    }
    int slot = slot(segment, location);
    Entry before = slots.get(slot);
    if (before != null && before.used) {
      before.used = false;
      return;
    }
    Entry entry = new Entry(segment, location.offset(), copy(record));
    if (slots.compareAndSet(slot, before, entry)) {
      bytes.addAndGet(entry.bytes() - (before == null ? 0 : before.bytes()));
      makeRoom();
    }
  }

  private boolean isKept() {
    int counter = (int) (Thread.currentThread().threadId() % COUNTERS) * COUNTER_INTS;
    counters[counter]++;
    return counters[counter] % MISSES_PER_KEPT == 0;
  }

  private void makeRoom() {
    // Two turns at most: the first finds all of it used at worst.
    for (long left = 2L * slots.length(); bytes.get() > bytesMax && left > 0; left--) {
      int slot = hand.getAndIncrement() & (slots.length() - 1);
      Entry entry = slots.get(slot);
      if (entry == null) {
        continue;
      }
      if (entry.used) {
        entry.used = false;
      } else if (slots.compareAndSet(slot, entry, null)) {
        bytes.addAndGet(-entry.bytes());
      }
    }
  }

  /** The caller of a read owns the arrays that it got. */
  private static LogRecord copy(LogRecord record) {
    return new LogRecord(
        record.kind(),
        record.sequence(),
        record.term(),
        record.batchIndex(),
        record.batchSize(),
        record.expiresAtMs(),
        record.key().clone(),
        record.value().clone());
  }

  private static int weight(LogRecord record) {
    return record.key().length + record.value().length + OVERHEAD_BYTES;
  }

  private int slot(LiveSegment segment, Location location) {
    long place = (long) segment.slot() << 32 ^ location.offset();
    long mixed = place * 0x9E3779B97F4A7C15L; // Fibonacci hashing: Knuth, TAOCP 3, 6.4
    return (int) (mixed >>> 32) & (slots.length() - 1);
  }
}
