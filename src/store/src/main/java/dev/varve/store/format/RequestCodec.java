package dev.varve.store.format;

import java.nio.ByteBuffer;

/**
 * What a request's record has as key and value. Numbers are big-endian.
 *
 * <pre>
 * part   offset  bytes  field
 * key         0     16  the client's id
 * key        16      2  slot: the request's id modulo 1,024
 * value       0      8  the request's id
 * value       8      8  only in a stream: the id of the batch's first entry
 * </pre>
 *
 * The record around it (see {@link RecordCodec}) carries sequence and term, which are the batch's,
 * and an expiry, before which it stays.
 */
public final class RequestCodec {
  /** Bytes of a client's id. */
  public static final int CLIENT_ID_BYTES = 16;

  /** How many requests of a client are remembered in a keyspace. */
  public static final int SLOTS = 1024;

  /** Bytes of the key. */
  public static final int KEY_BYTES = CLIENT_ID_BYTES + Short.BYTES;

  /** Bytes of the value outside streams. */
  public static final int VALUE_BYTES = Long.BYTES;

  /** Bytes of the value in streams. */
  public static final int STREAM_VALUE_BYTES = 2 * Long.BYTES;

  private RequestCodec() {}

  /** Whether a key and a value of so many bytes can be a request's. */
  public static boolean isRequest(int keyLength, int valueLength) {
    return keyLength == KEY_BYTES
        && (valueLength == VALUE_BYTES || valueLength == STREAM_VALUE_BYTES);
  }

  /** The key of a request. */
  public static byte[] key(byte[] clientId, long requestId) {
    return ByteBuffer.allocate(KEY_BYTES)
        .put(clientId)
        .putShort((short) (requestId & (SLOTS - 1)))
        .array();
  }

  /**
   * The value of a request.
   *
   * @param firstId of a stream's first entry; 0 outside streams
   */
  public static byte[] value(long requestId, long firstId) {
    ByteBuffer value = ByteBuffer.allocate(firstId == 0 ? VALUE_BYTES : STREAM_VALUE_BYTES);
    value.putLong(requestId);
    return firstId == 0 ? value.array() : value.putLong(firstId).array();
  }

  /** The request's id; of a value whose length {@link #isRequest} has accepted. */
  public static long requestId(byte[] value) {
    return ByteBuffer.wrap(value).getLong();
  }

  /** The id of the batch's first entry; 0 outside streams. */
  public static long firstId(byte[] value) {
    return value.length == VALUE_BYTES ? 0 : ByteBuffer.wrap(value).getLong(Long.BYTES);
  }
}
