package dev.varve.store.format;

import java.nio.ByteBuffer;

/**
 * An entry of a stream within a put record. Numbers are big-endian, so that keys sort by id.
 *
 * <pre>
 * part   offset  bytes  field
 * key         0      8  id: 1 for the stream's first entry, one more for each
 * value       0      8  time of the append in milliseconds since 1970
 * value       8      p  payload
 * </pre>
 *
 * The record around it (see {@link RecordCodec}) carries sequence, term and checksum.
 */
public final class StreamEntryCodec {
  /** Bytes of the key. */
  public static final int KEY_BYTES = 8;

  /** Bytes of the value before the payload. */
  public static final int VALUE_HEADER_BYTES = 8;

  /** The longest payload. */
  public static final int PAYLOAD_BYTES_MAX = Limits.VALUE_BYTES_MAX - VALUE_HEADER_BYTES;

  private StreamEntryCodec() {}

  /** Whether a key and a value of so many bytes can be an entry's. */
  public static boolean isEntry(int keyLength, int valueLength) {
    return keyLength == KEY_BYTES && valueLength >= VALUE_HEADER_BYTES;
  }

  /** The key of an id. */
  public static byte[] key(long id) {
    return ByteBuffer.allocate(KEY_BYTES).putLong(id).array();
  }

  /**
   * The id of a key.
   *
   * @throws IllegalArgumentException if it is no key of a stream
   */
  public static long id(byte[] key, int length) {
    if (length != KEY_BYTES) {
      throw new IllegalArgumentException("a stream's key has " + KEY_BYTES + " bytes: " + length);
    }
    return ByteBuffer.wrap(key).getLong();
  }

  /** The value of an entry. */
  public static byte[] value(long timeMs, byte[] payload) {
    return ByteBuffer.allocate(VALUE_HEADER_BYTES + payload.length)
        .putLong(timeMs)
        .put(payload)
        .array();
  }

  /** When the entry was appended; of a value that {@link #isEntry} has accepted. */
  public static long timeMs(byte[] value) {
    return ByteBuffer.wrap(value).getLong();
  }

  /** A copy of the payload; of a value that {@link #isEntry} has accepted. */
  public static byte[] payload(byte[] value) {
    return java.util.Arrays.copyOfRange(value, VALUE_HEADER_BYTES, value.length);
  }
}
