package dev.varve.store.format;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * The record on disk. All integers are little-endian, nothing is aligned, and no byte depends on
 * the segment or the offset, so that a record can be copied as it is.
 *
 * <pre>
 * offset  bytes  field
 *      0      4  CRC32C over the bytes from 4 to the end of the record
 *      4      1  kind: 1 put, 2 tombstone, 3 edit, 4 request
 *      5      1  format version: 1
 *      6      2  key length k, unsigned
 *      8      4  value length v
 *     12      2  index in the batch, unsigned
 *     14      2  size of the batch, unsigned: records over all files
 *     16      8  sequence
 *     24      8  term
 *     32      8  expiry in milliseconds since 1970; 0: never
 *     40      k  key
 *   40+k      v  value
 * </pre>
 *
 * <p>A header of zeros never checks out, since its version is 0: space that was allocated but not
 * written is no record.
 */
public final class RecordCodec {

  /** Bytes before the key. */
  public static final int HEADER_BYTES = 40;

  /** The longest record. */
  public static final int RECORD_BYTES_MAX =
      HEADER_BYTES + Limits.KEY_BYTES_MAX + Limits.VALUE_BYTES_MAX;

  /** The version this code writes, and the only one it reads. */
  public static final byte VERSION = 1;

  /** What the bytes at a position are. */
  public enum Check {
    /** A whole record whose checksum fits. */
    WHOLE,
    /** The beginning of a plausible record that needs more bytes than there are. */
    SHORT,
    /** A header of nothing but zeros: allocated, never written. */
    ZEROS,
    /** A header that no writer makes. */
    IMPLAUSIBLE,
    /** A plausible header with a checksum that does not fit. */
    WRONG_CHECKSUM
  }

  private static final int KIND = 4;
  private static final int FORMAT = 5;
  private static final int KEY_LENGTH = 6;
  private static final int VALUE_LENGTH = 8;
  private static final int BATCH_INDEX = 12;
  private static final int BATCH_SIZE = 14;
  private static final int SEQUENCE = 16;
  private static final int TERM = 24;
  private static final int EXPIRY = 32;

  private RecordCodec() {}

  /** The length on disk of a record with such a key and value. */
  public static int encodedLength(int keyLength, int valueLength) {
    return HEADER_BYTES + keyLength + valueLength;
  }

  /**
   * Writes a record at the target's position and moves the position behind it. The target's byte
   * order is set to little-endian.
   *
   * @throws java.nio.BufferOverflowException if it does not fit
   * @throws IllegalArgumentException if a length or the batch is out of range
   */
  public static void encode(
      RecordKind kind,
      long sequence,
      long term,
      int batchIndex,
      int batchSize,
      long expiresAtMs,
      byte[] key,
      byte[] value,
      ByteBuffer target) {
    if (!fits(kind, key.length, value.length, expiresAtMs)
        || value.length > Limits.VALUE_BYTES_MAX) {
      throw new IllegalArgumentException(
          "a "
              + kind
              + " has no key of "
              + key.length
              + " and value of "
              + value.length
              + " bytes");
    }
    if (batchSize < 1 || batchSize > 0xFFFF || batchIndex < 0 || batchIndex >= batchSize) {
      throw new IllegalArgumentException("record " + batchIndex + " of a batch of " + batchSize);
    }
    if (expiresAtMs < 0) {
      throw new IllegalArgumentException("a record that expires before 1970: " + expiresAtMs);
    }
    target.order(ByteOrder.LITTLE_ENDIAN);
    int start = target.position();
    target
        .putInt(0)
        .put(kind.code())
        .put(VERSION)
        .putShort((short) key.length)
        .putInt(value.length)
        .putShort((short) batchIndex)
        .putShort((short) batchSize)
        .putLong(sequence)
        .putLong(term)
        .putLong(expiresAtMs)
        .put(key)
        .put(value);
    int end = target.position();
    target.putInt(start, Crc32c.of(target, start + KIND, end - start - KIND));
  }

  /** Writes a record at the target's position and moves the position behind it. */
  public static void encode(LogRecord record, ByteBuffer target) {
    encode(
        record.kind(),
        record.sequence(),
        record.term(),
        record.batchIndex(),
        record.batchSize(),
        record.expiresAtMs(),
        record.key(),
        record.value(),
        target);
  }

  /**
   * Judges the bytes at {@code at}, of which {@code available} may be read. Never throws for what
   * the bytes are. The buffer must be little-endian.
   */
  public static Check check(ByteBuffer buffer, int at, int available) {
    Check header = checkHeader(buffer, at, available);
    if (header != Check.WHOLE) {
      return header;
    }
    int length = length(buffer, at);
    if (length > available) {
      return Check.SHORT;
    }
    int stored = buffer.getInt(at);
    return Crc32c.of(buffer, at + KIND, length - KIND) == stored
        ? Check.WHOLE
        : Check.WRONG_CHECKSUM;
  }

  private static boolean fits(RecordKind kind, int keyLength, int valueLength, long expiresAtMs) {
    return switch (kind) {
      case PUT, TOMBSTONE -> keyLength > 0 && keyLength <= Limits.KEY_BYTES_MAX;
      case EDIT -> keyLength == 0;
      case REQUEST ->
          // By its expiry the figures of a segment tell it from a tombstone.
          RequestCodec.isRequest(keyLength, valueLength) && expiresAtMs > 0;
    };
  }

  /** Judges the header alone: {@code WHOLE} means that {@link #length} can be believed for now. */
  public static Check checkHeader(ByteBuffer buffer, int at, int available) {
    if (available < HEADER_BYTES) {
      for (int i = 0; i < available; i++) {
        if (buffer.get(at + i) != 0) {
          return Check.SHORT;
        }
      }
      return available == 0 ? Check.SHORT : Check.ZEROS;
    }
    int keyLength = keyLength(buffer, at);
    int valueLength = valueLength(buffer, at);
    byte kind = buffer.get(at + KIND);
    if (kind >= RecordKind.PUT.code()
        && kind <= RecordKind.REQUEST.code()
        && buffer.get(at + FORMAT) == VERSION
        && fits(RecordKind.of(kind), keyLength, valueLength, expiresAtMs(buffer, at))
        && valueLength >= 0
        && valueLength <= Limits.VALUE_BYTES_MAX
        && batchIndex(buffer, at) < batchSize(buffer, at)
        && expiresAtMs(buffer, at) >= 0) {
      return Check.WHOLE;
    }
    for (int i = 0; i < HEADER_BYTES; i += Long.BYTES) {
      if (buffer.getLong(at + i) != 0) {
        return Check.IMPLAUSIBLE;
      }
    }
    return Check.ZEROS;
  }

  /** Reads a record that {@link #check} has found whole, copying key and value. */
  public static LogRecord decode(ByteBuffer buffer, int at) {
    byte[] key = new byte[keyLength(buffer, at)];
    buffer.get(at + HEADER_BYTES, key);
    return decode(buffer, at, key);
  }

  /**
   * The same, copying the value alone.
   *
   * @param key the record's key, as {@link #hasKey} has found; the result takes it over
   */
  public static LogRecord decode(ByteBuffer buffer, int at, byte[] key) {
    byte[] value = new byte[valueLength(buffer, at)];
    buffer.get(at + HEADER_BYTES + key.length, value);
    return new LogRecord(
        kind(buffer, at),
        sequence(buffer, at),
        term(buffer, at),
        batchIndex(buffer, at),
        batchSize(buffer, at),
        expiresAtMs(buffer, at),
        key,
        value);
  }

  /** Whether the record there has this key, all of whose bytes must be in the buffer. */
  public static boolean hasKey(ByteBuffer buffer, int at, byte[] key) {
    if (keyLength(buffer, at) != key.length) {
      return false;
    }
    for (int i = 0; i < key.length; i++) {
      if (buffer.get(at + HEADER_BYTES + i) != key[i]) {
        return false;
      }
    }
    return true;
  }

  /** The whole record's length, from its header. */
  public static int length(ByteBuffer buffer, int at) {
    return HEADER_BYTES + keyLength(buffer, at) + valueLength(buffer, at);
  }

  /** The kind. */
  public static RecordKind kind(ByteBuffer buffer, int at) {
    return RecordKind.of(buffer.get(at + KIND));
  }

  /** The key's length. */
  public static int keyLength(ByteBuffer buffer, int at) {
    return Short.toUnsignedInt(buffer.getShort(at + KEY_LENGTH));
  }

  /** The value's length. */
  public static int valueLength(ByteBuffer buffer, int at) {
    return buffer.getInt(at + VALUE_LENGTH);
  }

  /** The index in the batch. */
  public static int batchIndex(ByteBuffer buffer, int at) {
    return Short.toUnsignedInt(buffer.getShort(at + BATCH_INDEX));
  }

  /** The size of the batch. */
  public static int batchSize(ByteBuffer buffer, int at) {
    return Short.toUnsignedInt(buffer.getShort(at + BATCH_SIZE));
  }

  /** The sequence. */
  public static long sequence(ByteBuffer buffer, int at) {
    return buffer.getLong(at + SEQUENCE);
  }

  /** The term. */
  public static long term(ByteBuffer buffer, int at) {
    return buffer.getLong(at + TERM);
  }

  /** The expiry in milliseconds since 1970; 0: never. */
  public static long expiresAtMs(ByteBuffer buffer, int at) {
    return buffer.getLong(at + EXPIRY);
  }
}
