package dev.varve.store.keydir;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;

/**
 * The memory of one sub-table: slots of two 64-bit words, off the Java heap but for small tables.
 *
 * <pre>
 * word 0: 51 bits fingerprint | 13 bits segment, low part
 * word 1: 31 bits offset | 25 bits length | 7 bits segment, high part | 1 bit tombstone
 * </pre>
 *
 * <p>No record has length 0, so a word 1 of zero is an empty slot.
 *
 * <p>Entries are kept in the order of their fingerprints (ordered linear probing): each is at or
 * after its home, {@code fingerprint / 2^51 × homes}, and every slot from the home to the entry is
 * taken. So a look-up ends at the first greater fingerprint, and growing is one pass from front to
 * back that needs no key. Probing does not wrap around; a few slots after the last home take what
 * overflows. Small tables have a single home, which makes them sorted arrays without gaps: they can
 * be filled to the last slot.
 *
 * <p>Not thread-safe by itself; {@link SubTable} says how it is shared.
 */
final class Slots {

  static final int SLOT_BYTES = 16;
  private static final int WORDS = SLOT_BYTES / Long.BYTES;
  static final int FINGERPRINT_BITS = 51;

  /**
   * The most slots of a table with a single home: 16 KiB, which an insert moves half of. A smaller
   * table with homes would need more than 20 bytes an entry for the slots after the last home.
   */
  static final int DENSE_SLOTS_MAX = 1024;

  /** Up to here the slots double: too few bytes in all to count. */
  private static final int DOUBLING_SLOTS_MAX = 32;

  /** Slots after the last home. */
  private static final int OVERFLOW_SLOTS = 40;

  private static final int SEGMENT_LOW_BITS = 13;
  private static final long SEGMENT_LOW_MASK = (1L << SEGMENT_LOW_BITS) - 1;

  private static final ValueLayout.OfLong WORD = ValueLayout.JAVA_LONG;

  /** Null for memory of the heap, which small tables have. */
  private final @Nullable Arena arena;

  private final MemorySegment memory;
  private final int slots;
  private final int homes;

  private Slots(int slots, int homes) {
    if (homes == 1) {
      // Giving shared memory back is a handshake of all threads, which would be most of the work of
      // filling a small table; and all of them together take 4 MiB at most.
      this.arena = null;
      this.memory = MemorySegment.ofArray(new long[slots * WORDS]);
    } else {
      Arena shared = Arena.ofShared();
      this.arena = shared;
      this.memory = shared.allocate((long) slots * SLOT_BYTES, SLOT_BYTES);
    }
    this.slots = slots;
    this.homes = homes;
  }

  /** Empty slots with a little more room than {@code entries} need. */
  static Slots roomFor(int entries) {
    return roomFor(entries, OVERFLOW_SLOTS);
  }

  private static Slots roomFor(int entries, int overflowSlots) {
    if (entries == 0) {
      return new Slots(0, 1);
    }
    if (entries <= DOUBLING_SLOTS_MAX) {
      return new Slots(Math.max(4, Integer.highestOneBit(2 * entries - 1)), 1);
    }
    if (entries < DENSE_SLOTS_MAX) {
      // The fewest growths that 20 bytes an entry allow.
      return new Slots(Math.min(entries + entries * 11 / 50, DENSE_SLOTS_MAX), 1);
    }
    // Filled to 0.836 now and to 0.92 before the next growth: 17.4 to 19.5 bytes an entry.
    int homes = Math.toIntExact((long) Math.ceil(entries / 0.92 * 1.1));
    return new Slots(homes + overflowSlots, homes);
  }

  /** The entries of another table in slots with room for {@code entries}. */
  static Slots copyOf(Slots from, int entries) {
    return copyOf(from, entries, OVERFLOW_SLOTS);
  }

  /**
   * The same entries with more slots after the last home. Not with more homes: keys that someone
   * chose for their hashes would stay together in any number of these.
   */
  Slots withMoreOverflow(int entries) {
    return copyOf(this, entries, 2 * (slots - homes));
  }

  private static Slots copyOf(Slots from, int entries, int overflowSlots) {
    for (int overflow = overflowSlots; ; overflow *= 2) {
      Slots copy = roomFor(entries, overflow);
      if (copy.fill(from)) {
        return copy;
      }
      copy.close();
    }
  }

  /**
   * Slots with these entries, two words each, in the order of their fingerprints.
   *
   * @throws IllegalArgumentException if they are not in that order or one is empty
   */
  static Slots of(long[] words) {
    for (int overflow = OVERFLOW_SLOTS; ; overflow *= 2) {
      Slots filled = roomFor(words.length / 2, overflow);
      boolean fits = false;
      try {
        fits = filled.fill(words);
        if (fits) {
          return filled;
        }
      } finally {
        if (!fits) {
          filled.close();
        }
      }
    }
  }

  private boolean fill(long[] words) {
    int next = 0;
    long last = 0;
    for (int i = 0; i < words.length; i += 2) {
      long word0 = words[i];
      long fingerprint = fingerprint(word0);
      if (words[i + 1] == 0 || fingerprint < last) {
        throw new IllegalArgumentException("entry " + i / 2 + " is out of order or empty");
      }
      int at = Math.max(home(fingerprint), next);
      if (at == slots) {
        return false;
      }
      set(at, word0, words[i + 1]);
      next = at + 1;
      last = fingerprint;
    }
    return true;
  }

  private boolean fill(Slots from) {
    int next = 0;
    for (int i = 0; i < from.slots; i++) {
      long word1 = from.word1(i);
      if (word1 != 0) {
        long word0 = from.word0(i);
        int at = Math.max(home(fingerprint(word0)), next);
        if (at == slots) {
          return false;
        }
        set(at, word0, word1);
        next = at + 1;
      }
    }
    return true;
  }

  int count() {
    return slots;
  }

  long bytes() {
    return (long) slots * SLOT_BYTES;
  }

  /** Whether one more entry keeps look-ups short. */
  boolean hasRoomFor(int entries) {
    return homes == 1 ? entries <= slots : entries <= homes * 0.92;
  }

  boolean isMuchTooLargeFor(int entries) {
    return slots > 64 && entries < slots * 0.6;
  }

  long word0(int slot) {
    return memory.get(WORD, (long) slot * SLOT_BYTES);
  }

  long word1(int slot) {
    return memory.get(WORD, (long) slot * SLOT_BYTES + Long.BYTES);
  }

  void set(int slot, long word0, long word1) {
    memory.set(WORD, (long) slot * SLOT_BYTES, word0);
    memory.set(WORD, (long) slot * SLOT_BYTES + Long.BYTES, word1);
  }

  boolean isEmpty(int slot) {
    return word1(slot) == 0;
  }

  /**
   * The first slot from the home on that is empty or has this or a greater fingerprint; {@link
   * #count} if there is none.
   *
   * @param entries how many entries the table has; a hint that may be wrong while a writer is at
   *     work
   */
  int lowerBound(long fingerprint, int entries) {
    int slot = home(fingerprint);
    if (homes == 1) {
      int high = Math.min(entries, slots);
      while (slot < high) {
        int middle = (slot + high) >>> 1;
        if (fingerprint(word0(middle)) < fingerprint) {
          slot = middle + 1;
        } else {
          high = middle;
        }
      }
      return slot;
    }
    while (slot < slots && word1(slot) != 0 && fingerprint(word0(slot)) < fingerprint) {
      slot++;
    }
    return slot;
  }

  /** Whether the slot exists and has this fingerprint. */
  boolean has(int slot, long fingerprint) {
    return slot < slots && word1(slot) != 0 && fingerprint(word0(slot)) == fingerprint;
  }

  /**
   * The first empty slot from {@code slot} on; {@link #count} if there is none.
   *
   * @param entries how many entries the table has
   */
  int firstEmpty(int slot, int entries) {
    if (homes == 1) {
      return entries; // no gaps
    }
    int empty = slot;
    while (empty < slots && word1(empty) != 0) {
      empty++;
    }
    return empty;
  }

  /** Puts an entry at {@code slot}, moving those up to {@code empty} on by one. */
  void insert(int slot, int empty, long word0, long word1) {
    move(slot, slot + 1, empty - slot);
    set(slot, word0, word1);
  }

  /** Takes an entry out and moves those after it back, as far as they are not at home. */
  void remove(int slot) {
    int next = slot + 1;
    while (next < slots && word1(next) != 0 && home(fingerprint(word0(next))) < next) {
      next++;
    }
    move(slot + 1, slot, next - slot - 1);
    set(next - 1, 0, 0);
  }

  private void move(int from, int to, int entries) {
    MemorySegment.copy(
        memory,
        (long) from * SLOT_BYTES,
        memory,
        (long) to * SLOT_BYTES,
        (long) entries * SLOT_BYTES);
  }

  private int home(long fingerprint) {
    return (int) Math.unsignedMultiplyHigh(fingerprint << (Long.SIZE - FINGERPRINT_BITS), homes);
  }

  void close() {
    if (arena != null) {
      arena.close();
    }
  }

  static long fingerprint(long word0) {
    return word0 >>> SEGMENT_LOW_BITS;
  }

  static long word0(long fingerprint, Location location) {
    return fingerprint << SEGMENT_LOW_BITS | (location.segment() & SEGMENT_LOW_MASK);
  }

  static long word1(Location location) {
    return location.offset() << 33
        | (long) location.length() << 8
        | (long) (location.segment() >>> SEGMENT_LOW_BITS) << 1
        | (location.tombstone() ? 1 : 0);
  }

  static Location location(long word0, long word1) {
    int segment = (int) (word1 >>> 1 & 0x7F) << SEGMENT_LOW_BITS | (int) (word0 & SEGMENT_LOW_MASK);
    return new Location(segment, word1 >>> 33, (int) (word1 >>> 8 & 0x1FF_FFFF), (word1 & 1) != 0);
  }
}
