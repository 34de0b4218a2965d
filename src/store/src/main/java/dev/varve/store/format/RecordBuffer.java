package dev.varve.store.format;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Records encoded one after the other into memory that grows as needed. Not for several threads.
 */
public final class RecordBuffer {

  private final int initialBytes;
  private ByteBuffer buffer;

  /** Starts empty with room for {@code initialBytes}. */
  public RecordBuffer(int initialBytes) {
    this.initialBytes = initialBytes;
    this.buffer = allocate(initialBytes);
  }

  /** Appends a record and returns its offset in this buffer. */
  public int add(LogRecord record) {
    int at = buffer.position();
    ensure(record.encodedLength());
    RecordCodec.encode(record, buffer);
    return at;
  }

  /** Bytes encoded so far. */
  public int length() {
    return buffer.position();
  }

  /** The encoded bytes, read-only, shared with this buffer until {@link #clear}. */
  public ByteBuffer bytes() {
    return buffer.asReadOnlyBuffer().flip().order(ByteOrder.LITTLE_ENDIAN);
  }

  /** The encoded bytes in an array of their own. */
  public byte[] toArray() {
    byte[] copy = new byte[buffer.position()];
    buffer.get(0, copy);
    return copy;
  }

  /** Forgets all records; gives memory far beyond the initial size back. */
  public void clear() {
    if (buffer.capacity() > 4L * initialBytes) {
      buffer = allocate(initialBytes);
    } else {
      buffer.clear();
    }
  }

  private void ensure(int more) {
    if (buffer.remaining() < more) {
      long wanted = Math.max(2L * buffer.capacity(), (long) buffer.position() + more);
      ByteBuffer grown = allocate((int) Math.min(wanted, Integer.MAX_VALUE - 8L));
      grown.put(buffer.flip());
      buffer = grown;
    }
  }

  private static ByteBuffer allocate(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }
}
