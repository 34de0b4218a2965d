package dev.varve.store.recovery;

import dev.varve.store.format.Crc32c;
import dev.varve.store.storage.DiskFullException;
import dev.varve.store.storage.Storage;
import dev.varve.store.storage.StorageFile;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/**
 * The file {@code _durable}: two sequences that were true when written, so that recovery can tell
 * damage from a torn tail without every batch carrying them. It is written after each sync of the
 * log, mostly without a sync of its own: an older mark is true too and only tells less.
 *
 * <p>Two slots, each in a sector of its own at 0 and at 512, take turns: a write that a crash or a
 * full disk cuts off leaves the other one whole. What replaces a slot that was cut off is synced
 * before the other slot is written: else a second write that is cut off, and a crash, could leave
 * neither. Both are whole from the beginning, so a file without a whole slot is damaged. A slot:
 *
 * <pre>
 *  0  8  number of the write: of two whole slots the higher one tells
 *  8  8  every sequence up to here was durable in this directory
 * 16  8  every sequence up to here was committed
 * 24  4  CRC32C over bytes 0 to 23
 * </pre>
 *
 * Little-endian. Safe for several threads.
 */
public final class DurableMark implements Closeable {
  /** The file's path. */
  public static final String PATH = "_durable";

  /** The file before it has its name; of a crash in between. */
  public static final String TEMPORARY = PATH + ".tmp";

  static final int SLOT_BYTES = 28;
  static final int SLOT_DISTANCE = 512;
  private static final int SLOTS = 2;

  /** Never reached: a write each nanosecond takes 146 years. */
  static final long NUMBER_MAX = 1L << 62;

  private static final int FILE_BYTES = SLOT_DISTANCE + SLOT_BYTES;
  private static final int CHECKED = SLOT_BYTES - Integer.BYTES;

  private static final long NONE = -1;

  private final StorageFile file;
  private Slot newest;

  /** Where a slot may be damaged on the disk, though it may have been written again since. */
  private long cutOffAt;

  /** What a whole slot says. */
  private record Slot(long number, long durable, long committed) {
    ByteBuffer encoded() {
      ByteBuffer bytes = ByteBuffer.allocate(SLOT_BYTES).order(ByteOrder.LITTLE_ENDIAN);
      bytes.putLong(number).putLong(durable).putLong(committed);
      return bytes.putInt(Crc32c.of(bytes, 0, CHECKED)).flip();
    }

    long offset() {
      return offsetOf(number);
    }

    /** Null if it is not what was written there: numbers of the first slot are even. */
    static @Nullable Slot read(StorageFile file, int index) throws IOException {
      ByteBuffer bytes = ByteBuffer.allocate(SLOT_BYTES).order(ByteOrder.LITTLE_ENDIAN);
      if (file.read(bytes, (long) index * SLOT_DISTANCE) != SLOT_BYTES
          || bytes.getInt(CHECKED) != Crc32c.of(bytes, 0, CHECKED)) {
        return null;
      }
      Slot slot = new Slot(bytes.getLong(0), bytes.getLong(8), bytes.getLong(16));
      boolean plausible =
          slot.number >= 0 && slot.number < NUMBER_MAX && slot.durable >= 0 && slot.committed >= 0;
      return plausible && slot.number % SLOTS == index ? slot : null;
    }
  }

  private DurableMark(StorageFile file, Slot newest, long cutOffAt) {
    this.file = file;
    this.newest = newest;
    this.cutOffAt = cutOffAt;
  }

  /**
   * Opens the mark, making one of zeros where there is none; durable on return then.
   *
   * @throws CorruptionException if neither slot is whole
   */
  public static DurableMark open(Storage storage) throws IOException {
    if (!storage.exists(PATH)) {
      create(storage);
    }
    StorageFile file = storage.open(PATH);
    try {
      Slot newest = newest(file);
      if (newest == null) {
        throw new CorruptionException(PATH, 0, "neither of its two marks is what was written");
      }
      int other = (int) ((newest.number() + 1) % SLOTS);
      boolean whole = Slot.read(file, other) != null;
      return new DurableMark(file, newest, whole ? NONE : offsetOf(other));
    } catch (IOException e) {
      file.close();
      throw e;
    }
  }

  private static void create(Storage storage) throws IOException {
    if (storage.exists(TEMPORARY)) {
      storage.delete(TEMPORARY);
    }
    try (StorageFile file = storage.create(TEMPORARY)) {
      for (int i = 0; i < SLOTS; i++) {
        Slot slot = new Slot(i, 0, 0);
        file.write(new ByteBuffer[] {slot.encoded()}, (long) i * SLOT_DISTANCE);
      }
      file.sync();
    }
    storage.rename(TEMPORARY, PATH);
    storage.syncDirectory("");
  }

  private static @Nullable Slot newest(StorageFile file) throws IOException {
    Slot newest = null;
    for (int i = 0; i < SLOTS; i++) {
      Slot slot = Slot.read(file, i);
      if (slot != null && (newest == null || slot.number() > newest.number())) {
        newest = slot;
      }
    }
    return newest;
  }

  /**
   * What the mark says, without making or changing anything.
   *
   * @param whole whether there is no file, or every byte of it is what was written
   * @param usable whether there is no file, or one that tells something; else the numbers are zeros
   */
  record Reading(boolean exists, boolean whole, boolean usable, long durable, long committed) {
    static final Reading NONE = new Reading(false, true, true, 0, 0);
  }

  static Reading peek(Storage storage) throws IOException {
    if (!storage.exists(PATH)) {
      return Reading.NONE;
    }
    try (StorageFile file = storage.open(PATH)) {
      Slot newest = newest(file);
      if (newest == null) {
        return new Reading(true, false, false, 0, 0);
      }
      boolean whole =
          Slot.read(file, 0) != null
              && Slot.read(file, 1) != null
              && file.size() == FILE_BYTES
              && isZeroBetweenSlots(file);
      return new Reading(true, whole, true, newest.durable(), newest.committed());
    }
  }

  private static boolean isZeroBetweenSlots(StorageFile file) throws IOException {
    ByteBuffer between = ByteBuffer.allocate(SLOT_DISTANCE - SLOT_BYTES);
    file.read(between, SLOT_BYTES);
    return between.flip().mismatch(ByteBuffer.allocate(between.capacity())) < 0;
  }

  /** Every sequence up to here was durable. */
  public synchronized long durable() {
    return newest.durable();
  }

  /** Every sequence up to here was committed. */
  public synchronized long committed() {
    return newest.committed();
  }

  /**
   * Notes both; not durable before {@link #sync}. What was once committed stays so: a lower number
   * is not noted. On a full disk the older mark stays.
   */
  public synchronized void write(long durableNow, long committedSeen) throws IOException {
    try {
      note(durableNow, committedSeen);
    } catch (DiskFullException e) {
      return; // an older mark is true as well
    }
  }

  private void note(long durableNow, long committedSeen) throws IOException {
    Slot next =
        new Slot(newest.number() + 1, durableNow, Math.max(newest.committed(), committedSeen));
    if (newest.offset() == cutOffAt) {
      sync();
    }
    try {
      file.write(new ByteBuffer[] {next.encoded()}, next.offset());
    } catch (IOException e) {
      cutOffAt = next.offset();
      throw e;
    }
    newest = next; // not before: what was cut off is written over next time, not the whole one
  }

  private static long offsetOf(long number) {
    return number % SLOTS * SLOT_DISTANCE;
  }

  /**
   * Durably notes that everything up to a sequence is committed and durable here, whatever the mark
   * said before; for before something is deleted that only an earlier state needs. In both slots:
   * the damage of one must not send recovery to what is gone.
   */
  public synchronized void confirm(long sequence) throws IOException {
    noteInBoth(Math.max(newest.durable(), sequence), sequence);
  }

  /**
   * Durably notes that no more than this is durable any more, for before the rest is cut. In both
   * slots, so that none tells of what is missing.
   */
  public synchronized void lower(long durableNow, long committedSeen) throws IOException {
    noteInBoth(durableNow, committedSeen);
  }

  private void noteInBoth(long durableNow, long committedSeen) throws IOException {
    for (int i = 0; i < SLOTS; i++) {
      note(durableNow, committedSeen);
      sync();
    }
  }

  /** Makes what was noted durable. */
  public synchronized void sync() throws IOException {
    file.sync();
    if (newest.offset() == cutOffAt) {
      cutOffAt = NONE;
    }
  }

  @Override
  public synchronized void close() throws IOException {
    file.close();
  }
}
