package dev.varve.store.recovery;

import dev.varve.store.format.Crc32c;
import dev.varve.store.storage.DiskFullException;
import dev.varve.store.storage.Storage;
import dev.varve.store.storage.StorageFile;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * The file {@code _durable}: two sequences that were true when written, so that recovery can tell
 * damage from a torn tail without every batch carrying them. It is written after each sync of the
 * log, mostly without a sync of its own: an older mark is true too and only tells less.
 *
 * <pre>
 * 0  8  every sequence up to here was durable in this directory
 * 8  8  every sequence up to here was committed
 * 16 4  CRC32C over bytes 0 to 15
 * </pre>
 *
 * Little-endian. Safe for several threads.
 */
public final class DurableMark implements Closeable {
  /** The file's path. */
  public static final String PATH = "_durable";

  private static final int BYTES = 20;
  private static final int CHECKED = 16;

  private final StorageFile file;
  private long durable;
  private long committed;

  private DurableMark(StorageFile file) {
    this.file = file;
  }

  /** Opens the mark, making an empty one where there is none; a torn one counts as zeros. */
  public static DurableMark open(Storage storage) throws IOException {
    boolean exists = storage.exists(PATH);
    StorageFile file = exists ? storage.open(PATH) : storage.create(PATH);
    try {
      DurableMark mark = new DurableMark(file);
      if (exists) {
        boolean _ = mark.read();
      } else {
        storage.syncDirectory("");
      }
      return mark;
    } catch (IOException e) {
      file.close();
      throw e;
    }
  }

  /**
   * What the mark says, without making or changing anything.
   *
   * @param whole false if there is a file but not what was written; the numbers are zeros then
   */
  record Reading(boolean exists, boolean whole, long durable, long committed) {}

  static Reading peek(Storage storage) throws IOException {
    if (!storage.exists(PATH)) {
      return new Reading(false, true, 0, 0);
    }
    try (StorageFile file = storage.open(PATH)) {
      DurableMark mark = new DurableMark(file);
      boolean whole = mark.read() && file.size() == BYTES;
      return whole
          ? new Reading(true, true, mark.durable, mark.committed)
          : new Reading(true, false, 0, 0);
    }
  }

  private synchronized boolean read() throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(BYTES).order(ByteOrder.LITTLE_ENDIAN);
    if (file.read(bytes, 0) == BYTES && bytes.getInt(CHECKED) == Crc32c.of(bytes, 0, CHECKED)) {
      durable = bytes.getLong(0);
      committed = bytes.getLong(8);
      return true;
    }
    return false;
  }

  /** Every sequence up to here was durable. */
  public synchronized long durable() {
    return durable;
  }

  /** Every sequence up to here was committed. */
  public synchronized long committed() {
    return committed;
  }

  /**
   * Notes both; not durable before {@link #sync}. What was once committed stays so: a lower number
   * is not noted. On a full disk the older mark stays.
   */
  public synchronized void write(long durableNow, long committedSeen) throws IOException {
    long committedNow = Math.max(committed, committedSeen);
    ByteBuffer bytes = ByteBuffer.allocate(BYTES).order(ByteOrder.LITTLE_ENDIAN);
    bytes.putLong(0, durableNow).putLong(8, committedNow);
    bytes.putInt(CHECKED, Crc32c.of(bytes, 0, CHECKED));
    try {
      file.write(new ByteBuffer[] {bytes}, 0);
    } catch (DiskFullException e) {
      return; // an older mark is true as well
    }
    durable = durableNow;
    committed = committedNow;
  }

  /**
   * Durably notes that everything up to a sequence is committed and durable here, whatever the mark
   * said before; for before something is deleted that only an earlier state needs.
   */
  public synchronized void confirm(long sequence) throws IOException {
    write(Math.max(durable, sequence), Math.max(committed, sequence));
    sync();
    if (committed < sequence) {
      throw new DiskFullException(PATH, null);
    }
  }

  public synchronized void sync() throws IOException {
    file.sync();
  }

  @Override
  public synchronized void close() throws IOException {
    file.close();
  }
}
