package dev.varve.store.recovery;

import dev.varve.store.format.Crc32c;
import dev.varve.store.storage.Storage;
import dev.varve.store.storage.StorageFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * The file {@code _cut}: everything after this sequence is being removed. It is durable before the
 * first byte goes and removed after the last has gone, so that a crash in between is finished by
 * recovery: 8 bytes sequence, 4 bytes CRC32C over them, little-endian.
 */
public final class CutIntent {
  /** The file's path. */
  public static final String PATH = "_cut";

  /** What {@link #read} answers when no cut is under way. */
  public static final long NONE = Long.MAX_VALUE;

  private static final String TEMPORARY = PATH + ".tmp";
  private static final int BYTES = 12;

  private CutIntent() {}

  /** Durable on return. */
  public static void write(Storage storage, long lastSequenceKept) throws IOException {
    deleteIfPresent(storage, TEMPORARY);
    try (StorageFile file = storage.create(TEMPORARY)) {
      ByteBuffer bytes = ByteBuffer.allocate(BYTES).order(ByteOrder.LITTLE_ENDIAN);
      bytes.putLong(0, lastSequenceKept).putInt(8, Crc32c.of(bytes, 0, 8));
      file.write(new ByteBuffer[] {bytes}, 0);
      file.sync();
    }
    storage.rename(TEMPORARY, PATH);
    storage.syncDirectory("");
  }

  /** The last sequence to keep, or {@link #NONE}. */
  public static long read(Storage storage) throws IOException {
    if (!storage.exists(PATH)) {
      return NONE;
    }
    try (StorageFile file = storage.open(PATH)) {
      ByteBuffer bytes = ByteBuffer.allocate(BYTES).order(ByteOrder.LITTLE_ENDIAN);
      if (file.size() != BYTES
          || file.read(bytes, 0) != BYTES
          || bytes.getInt(8) != Crc32c.of(bytes, 0, 8)
          || bytes.getLong(0) < 0) {
        throw new CorruptionException(PATH, 0, "the intent to cut is damaged");
      }
      return bytes.getLong(0);
    }
  }

  /** The cut is done; durable on return. */
  public static void remove(Storage storage) throws IOException {
    deleteIfPresent(storage, PATH);
    deleteIfPresent(storage, TEMPORARY);
    storage.syncDirectory("");
  }

  private static void deleteIfPresent(Storage storage, String path) throws IOException {
    if (storage.exists(path)) {
      storage.delete(path);
    }
  }
}
