package dev.varve.store.segment;

import dev.varve.store.format.Crc32c;
import dev.varve.store.storage.StorageFile;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;

/** The CRC32C of a file's bytes, read through a bounded buffer. */
public final class FileChecksum {

  private static final int BUFFER_BYTES = 256 << 10;

  private FileChecksum() {}

  /**
   * The CRC32C of the first {@code length} bytes.
   *
   * @throws EOFException if the file is shorter
   */
  public static int of(StorageFile file, long length) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate((int) Math.min(BUFFER_BYTES, Math.max(length, 1)));
    int crc = 0;
    long at = 0;
    while (at < length) {
      int wanted = (int) Math.min(buffer.capacity(), length - at);
      buffer.clear().limit(wanted);
      if (file.read(buffer, at) != wanted) {
        throw new EOFException("the file ends before byte " + length);
      }
      crc = Crc32c.combine(crc, Crc32c.of(buffer.flip()), wanted);
      at += wanted;
    }
    return crc;
  }
}
