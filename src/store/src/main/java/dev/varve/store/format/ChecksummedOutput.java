package dev.varve.store.format;

import dev.varve.store.storage.StorageFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Writes a file front to back through one bounded buffer, little-endian, and ends it with a
 * checksum.
 *
 * <p>The checksum is stored masked. Stored plainly, the CRC32C of a whole file, its own checksum
 * included, would be the same number for every file, and comparing two members' files by CRC would
 * tell nothing.
 */
final class ChecksummedOutput {

  private static final int BUFFER_BYTES = 64 << 10;

  private final StorageFile file;
  private final ByteBuffer buffer =
      ByteBuffer.allocate(BUFFER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
  private long written;
  private int crc;

  ChecksummedOutput(StorageFile file) {
    this.file = file;
  }

  static int masked(int crc) {
    return Integer.rotateLeft(crc, 13) + 0x5BD1E995;
  }

  /** Bytes so far. */
  long length() {
    return written + buffer.position();
  }

  ChecksummedOutput putByte(int value) throws IOException {
    room(1).put((byte) value);
    return this;
  }

  ChecksummedOutput putShort(int value) throws IOException {
    room(Short.BYTES).putShort((short) value);
    return this;
  }

  ChecksummedOutput putInt(int value) throws IOException {
    room(Integer.BYTES).putInt(value);
    return this;
  }

  ChecksummedOutput putLong(long value) throws IOException {
    room(Long.BYTES).putLong(value);
    return this;
  }

  /** Seven bits a byte, lowest first, the top bit set on all but the last. */
  ChecksummedOutput putVarint(long value) throws IOException {
    ByteBuffer target = room(10);
    long rest = value;
    while ((rest & ~0x7FL) != 0) {
      target.put((byte) (rest | 0x80));
      rest >>>= 7;
    }
    target.put((byte) rest);
    return this;
  }

  /** A signed number so that small ones of either sign stay short. */
  ChecksummedOutput putZigzag(long value) throws IOException {
    return putVarint((value << 1) ^ (value >> 63));
  }

  ChecksummedOutput putBytes(ByteBuffer source, int at, int length) throws IOException {
    ByteBuffer target = room(length);
    target.put(target.position(), source, at, length);
    target.position(target.position() + length);
    return this;
  }

  /** Appends the masked checksum of everything so far and hands all bytes to the file. */
  void finish() throws IOException {
    flush();
    putInt(masked(crc));
    flush();
  }

  private ByteBuffer room(int bytes) throws IOException {
    if (buffer.remaining() < bytes) {
      flush();
    }
    return buffer;
  }

  private void flush() throws IOException {
    buffer.flip();
    int length = buffer.remaining();
    crc = Crc32c.combine(crc, Crc32c.of(buffer), length);
    file.write(new ByteBuffer[] {buffer}, written);
    written += length;
    buffer.clear();
  }
}
