package dev.varve.store.keydir;

import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * One part of the keydir, which grows and shrinks by itself.
 *
 * <p>Writers hold {@link #lock}. Readers take no lock: they note the stamp, read, and begin again
 * if the stamp is odd or has changed since (a sequence lock). A writer makes the stamp odd only
 * while it changes slots in place or swaps them for others; copying into larger slots happens
 * before. The old slots' memory, where it is not of the heap, is given back right after the swap; a
 * reader that is still in it gets an {@link IllegalStateException} from the memory access and
 * begins again.
 */
final class SubTable {

  private static final VarHandle STAMP;

  static {
    try {
      STAMP = MethodHandles.lookup().findVarHandle(SubTable.class, "stamp", long.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private static final int SPINS_MAX = 64;

  final ReentrantLock lock = new ReentrantLock();

  @SuppressWarnings("UnusedVariable") // through STAMP
  private long stamp;

  private volatile Slots slots;
  private volatile int entries;
  private volatile boolean closed;

  SubTable(int expectedEntries) {
    this.slots = Slots.roomFor(expectedEntries);
  }

  int entries() {
    return entries;
  }

  long bytes() {
    return slots.bytes();
  }

  // Readers, without the lock.

  @Nullable Location get(long fingerprint, Match match) throws IOException {
    List<Location> tried = List.of();
    while (true) {
      List<Location> candidates = candidates(fingerprint);
      // By index: an iterator would be made for every look-up.
      for (int i = 0; i < candidates.size(); i++) {
        Location candidate = candidates.get(i);
        if (!tried.contains(candidate) && match.matches(candidate)) {
          return candidate;
        }
      }
      if (tried.containsAll(candidates)) {
        // Nothing has changed since these were refused: the key is not here.
        return null;
      }
      tried = candidates;
    }
  }

  private List<Location> candidates(long fingerprint) {
    for (int spins = 0; ; spins++) {
      long before = (long) STAMP.getAcquire(this);
      if ((before & 1) == 0) {
        try {
          List<Location> found = read(slots, entries, fingerprint);
          if (isUnchanged(before)) {
            if (found.isEmpty()) {
              checkOpen();
            }
            return found;
          }
        } catch (IllegalStateException | IllegalArgumentException e) {
          // Slots that were given back, or words that were being changed: the stamp tells.
          rethrowUnlessStale(before, e);
        }
      }
      pause(spins);
    }
  }

  private static List<Location> read(Slots slots, int entries, long fingerprint) {
    int slot = slots.lowerBound(fingerprint, entries);
    if (!slots.has(slot, fingerprint)) {
      return List.of();
    }
    Location first = Slots.location(slots.word0(slot), slots.word1(slot));
    if (!slots.has(slot + 1, fingerprint)) {
      return List.of(first);
    }
    List<Location> all = new ArrayList<>();
    for (int i = slot; slots.has(i, fingerprint); i++) {
      all.add(Slots.location(slots.word0(i), slots.word1(i)));
    }
    return all;
  }

  boolean holds(long fingerprint, Location expected) {
    long word0 = Slots.word0(fingerprint, expected);
    long word1 = Slots.word1(expected);
    for (int spins = 0; ; spins++) {
      long before = (long) STAMP.getAcquire(this);
      if ((before & 1) == 0) {
        try {
          Slots current = slots;
          boolean found = find(current, entries, fingerprint, word0, word1) < current.count();
          if (isUnchanged(before)) {
            if (!found) {
              checkOpen();
            }
            return found;
          }
        } catch (IllegalStateException e) {
          rethrowUnlessStale(before, e);
        }
      }
      pause(spins);
    }
  }

  private void checkOpen() {
    if (closed) {
      throw new IllegalStateException("the keydir is closed");
    }
  }

  private boolean isUnchanged(long before) {
    VarHandle.acquireFence();
    return (long) STAMP.getOpaque(this) == before;
  }

  private void rethrowUnlessStale(long before, RuntimeException e) {
    if (closed) {
      throw new IllegalStateException("the keydir is closed", e);
    }
    if (isUnchanged(before)) {
      throw e;
    }
  }

  @SuppressWarnings("ThreadPriorityCheck") // The stamp decides; yielding only spares the processor.
  private static void pause(int spins) {
    if (spins < SPINS_MAX) {
      Thread.onSpinWait();
    } else {
      Thread.yield();
    }
  }

  // Writers, under the lock.

  @Nullable Location put(long fingerprint, Location now, Match match) throws IOException {
    checkOpen();
    Slots current = slots;
    int slot = current.lowerBound(fingerprint, entries);
    for (; current.has(slot, fingerprint); slot++) {
      Location before = Slots.location(current.word0(slot), current.word1(slot));
      if (match.matches(before)) {
        overwrite(current, slot, fingerprint, now);
        return before;
      }
    }
    insert(slot, fingerprint, now);
    return null;
  }

  boolean replace(long fingerprint, Location expected, @Nullable Location now) {
    checkOpen();
    Slots current = slots;
    int slot =
        find(
            current,
            entries,
            fingerprint,
            Slots.word0(fingerprint, expected),
            Slots.word1(expected));
    if (slot == current.count()) {
      return false;
    }
    if (now != null) {
      overwrite(current, slot, fingerprint, now);
      return true;
    }
    beginChange();
    try {
      current.remove(slot);
      setEntries(entries - 1);
    } finally {
      endChange();
    }
    if (current.isMuchTooLargeFor(entries)) {
      swap(Slots.copyOf(current, entries));
    }
    return true;
  }

  List<Located> copy(long partitionBits) {
    checkOpen();
    Slots current = slots;
    List<Located> all = new ArrayList<>(entries);
    for (int slot = 0; slot < current.count(); slot++) {
      if (!current.isEmpty(slot)) {
        long word0 = current.word0(slot);
        all.add(
            new Located(
                partitionBits | Slots.fingerprint(word0) << Keydir.UNUSED_HASH_BITS,
                Slots.location(word0, current.word1(slot))));
      }
    }
    return all;
  }

  long[] words() {
    checkOpen();
    Slots current = slots;
    long[] words = new long[2 * entries];
    int at = 0;
    for (int slot = 0; slot < current.count(); slot++) {
      if (!current.isEmpty(slot)) {
        words[at++] = current.word0(slot);
        words[at++] = current.word1(slot);
      }
    }
    return words;
  }

  void restore(long[] words) {
    checkOpen();
    if (entries > 0) {
      throw new IllegalStateException("the sub-table has entries");
    }
    Slots restored = Slots.of(words);
    swap(restored, words.length / 2);
  }

  void close() {
    beginChange();
    Slots old = slots;
    closed = true;
    slots = Slots.roomFor(0); // old ones on the heap would go on to answer
    setEntries(0);
    endChange();
    old.close();
  }

  private void overwrite(Slots current, int slot, long fingerprint, Location now) {
    beginChange();
    try {
      current.set(slot, Slots.word0(fingerprint, now), Slots.word1(now));
    } finally {
      endChange();
    }
  }

  /**
   * @param found the slot after all entries with this fingerprint
   */
  private void insert(int found, long fingerprint, Location now) {
    int slot = found;
    while (true) {
      Slots current = slots;
      if (current.hasRoomFor(entries + 1)) {
        int empty = current.firstEmpty(slot, entries);
        if (empty < current.count()) {
          beginChange();
          try {
            current.insert(slot, empty, Slots.word0(fingerprint, now), Slots.word1(now));
            setEntries(entries + 1);
          } finally {
            endChange();
          }
          return;
        }
      }
      swap(
          current.hasRoomFor(entries + 1)
              ? current.withMoreOverflow(entries + 1)
              : Slots.copyOf(current, entries + 1));
      slot = slots.lowerBound(fingerprint, entries);
      while (slots.has(slot, fingerprint)) {
        slot++;
      }
    }
  }

  private void swap(Slots grown) {
    swap(grown, entries);
  }

  private void swap(Slots grown, int entriesNow) {
    Slots old = slots;
    beginChange();
    slots = grown;
    setEntries(entriesNow);
    endChange();
    old.close();
  }

  /** The slot with exactly these words; the table's size if there is none. */
  private static int find(Slots slots, int entries, long fingerprint, long word0, long word1) {
    for (int slot = slots.lowerBound(fingerprint, entries); slots.has(slot, fingerprint); slot++) {
      if (slots.word0(slot) == word0 && slots.word1(slot) == word1) {
        return slot;
      }
    }
    return slots.count();
  }

  @SuppressWarnings("NonAtomicVolatileUpdate") // only under the lock
  private void setEntries(int now) {
    entries = now;
  }

  private void beginChange() {
    STAMP.setOpaque(this, (long) STAMP.getOpaque(this) + 1);
    VarHandle.releaseFence();
  }

  private void endChange() {
    STAMP.setRelease(this, (long) STAMP.getOpaque(this) + 1);
  }
}
