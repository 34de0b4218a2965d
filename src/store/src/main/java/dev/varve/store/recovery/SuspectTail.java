package dev.varve.store.recovery;

import dev.varve.store.format.SegmentId;
import dev.varve.store.storage.DiskFullException;
import dev.varve.store.storage.Storage;
import dev.varve.store.storage.StorageFile;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Makes bytes durable that no sync is known to have covered. After a sync that failed the page
 * cache shows bytes that never reached the disk, and takes them for clean: a later sync succeeds
 * and writes none of them. A process that comes later on the same machine can't tell whether that
 * was so (pitfall 10). Bytes that are written again are dirty again, and a sync of them means what
 * it says.
 */
final class SuspectTail {
  private static final int BUFFER_BYTES = 256 << 10;

  private SuspectTail() {}

  /** Writes what reads see of a range over itself; durable once the file is synced. */
  static void writeAgain(StorageFile file, long from, long to) throws IOException {
    copy(file, from, to, file);
  }

  /**
   * Puts a copy of the file in its place: the same for its name, which the sync of its directory
   * may not have made durable. Durable once the directory is synced. On a full disk the bytes alone
   * are written again.
   */
  static void makeAnew(Storage storage, String path, long length) throws IOException {
    String temporary = path + SegmentId.TEMPORARY_SUFFIX;
    RepairFolder.deleteIfPresent(storage, temporary);
    try (StorageFile file = storage.open(path)) {
      try (StorageFile copy = storage.create(temporary)) {
        copy(file, 0, length, copy);
        copy.sync();
      } catch (DiskFullException e) {
        RepairFolder.deleteIfPresent(storage, temporary);
        writeAgain(file, 0, length);
        file.sync();
        return;
      }
    }
    storage.rename(temporary, path);
  }

  private static void copy(StorageFile from, long begin, long end, StorageFile to)
      throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate((int) Math.min(BUFFER_BYTES, Math.max(0, end - begin)));
    long at = begin;
    while (at < end) {
      buffer.clear().limit((int) Math.min(buffer.capacity(), end - at));
      int length = from.read(buffer, at);
      if (length == 0) {
        throw new IOException(from + " became shorter while it was recovered");
      }
      to.write(new ByteBuffer[] {buffer.flip()}, at);
      at += length;
    }
  }
}
