package dev.varve.store.format;

import dev.varve.store.storage.StorageFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Reads what {@link ChecksummedOutput} wrote, front to back through one bounded buffer. Nothing is
 * given out before the checksum of the whole file has been verified, so that a reader acts on all
 * of a file or on nothing. Reading past the verified part throws {@link BrokenFormatException}.
 */
final class ChecksummedInput {

  private static final int BUFFER_BYTES = 64 << 10;

  private final StorageFile file;
  private final ByteBuffer buffer =
      ByteBuffer.allocate(BUFFER_BYTES).order(ByteOrder.LITTLE_ENDIAN).limit(0);

  /** Bytes before the checksum. */
  private final long contentBytes;

  /** Nothing is given out from here on. */
  private long end;

  /** Where the buffer's end is in the file. */
  private long loaded;

  /**
   * Verifies the file.
   *
   * @throws BrokenFormatException if it is too short or its checksum does not fit
   */
  ChecksummedInput(StorageFile file, int contentBytesMin)
      throws IOException, BrokenFormatException {
    this.file = file;
    this.contentBytes = file.size() - Integer.BYTES;
    this.end = contentBytes;
    if (contentBytes < contentBytesMin) {
      throw new BrokenFormatException("it has only " + (contentBytes + Integer.BYTES) + " bytes");
    }
    int crc = 0;
    while (loaded < contentBytes) {
      int length = load();
      crc = Crc32c.combine(crc, Crc32c.of(buffer), length);
      buffer.position(buffer.limit());
    }
    ByteBuffer stored = ByteBuffer.allocate(Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    if (file.read(stored, contentBytes) != Integer.BYTES) {
      throw new BrokenFormatException("it became shorter while it was read");
    }
    if (stored.getInt(0) != ChecksummedOutput.masked(crc)) {
      throw new BrokenFormatException("its checksum does not fit");
    }
    seek(0);
  }

  long contentBytes() {
    return contentBytes;
  }

  /** Refuses whatever would reach beyond this, where a footer begins. */
  void endAt(long position) {
    end = position;
  }

  /** Whether everything up to the end was given out. */
  boolean atEnd() {
    return position() == end;
  }

  long position() {
    return loaded - buffer.remaining();
  }

  void seek(long position) {
    loaded = position;
    buffer.clear().limit(0);
  }

  byte getByte() throws IOException, BrokenFormatException {
    return need(1).get();
  }

  int getShort() throws IOException, BrokenFormatException {
    return Short.toUnsignedInt(need(Short.BYTES).getShort());
  }

  int getInt() throws IOException, BrokenFormatException {
    return need(Integer.BYTES).getInt();
  }

  long getLong() throws IOException, BrokenFormatException {
    return need(Long.BYTES).getLong();
  }

  /** Only the one form that {@link ChecksummedOutput#putVarint} gives a number. */
  long getVarint() throws IOException, BrokenFormatException {
    long value = 0;
    for (int shift = 0; shift < Long.SIZE; shift += 7) {
      byte next = getByte();
      value |= (long) (next & 0x7F) << shift;
      if (next >= 0) {
        if ((next == 0 && shift > 0) || (shift == 63 && next > 1)) {
          throw new BrokenFormatException("a number is not in its shortest form");
        }
        return value;
      }
    }
    throw new BrokenFormatException("a number has no end");
  }

  long getZigzag() throws IOException, BrokenFormatException {
    long value = getVarint();
    return (value >>> 1) ^ -(value & 1);
  }

  void getBytes(byte[] target, int length) throws IOException, BrokenFormatException {
    need(length).get(target, 0, length);
  }

  /** Makes {@code bytes} (at most the buffer's size) available. */
  private ByteBuffer need(int bytes) throws IOException, BrokenFormatException {
    if (position() + bytes > end) {
      throw new BrokenFormatException("it ends within an entry");
    }
    if (buffer.remaining() < bytes) {
      loaded = position();
      load();
    }
    return buffer;
  }

  private int load() throws IOException, BrokenFormatException {
    int length = (int) Math.min(BUFFER_BYTES, contentBytes - loaded);
    buffer.clear().limit(length);
    if (file.read(buffer, loaded) != length) {
      throw new BrokenFormatException("it became shorter while it was read");
    }
    buffer.flip();
    loaded += length;
    return length;
  }
}
