package dev.varve.store;

import dev.varve.store.format.RequestCodec;
import java.util.Arrays;
import java.util.HexFormat;

/**
 * By this a batch that is written again is recognized: it is applied once, and the first one's
 * outcome is told again, by whichever member leads then. A batch that is sent again has the same
 * mutations in the same order. Remembered are the last {@value RequestCodec#SLOTS} requests of a
 * client in each keyspace, for {@link #REMEMBERED_MS} at least, from {@link Store#rememberRequests}
 * on.
 *
 * @param clientId {@value RequestCodec#CLIENT_ID_BYTES} random bytes; not a copy
 * @param id of the request; a client counts up
 * @param afterSequence a committed sequence that the client knew before it sent the request for the
 *     first time; 0: not told. With it a request that may be forgotten is refused ({@link
 *     RequestForgottenException}); without it, it may be applied again.
 */
@SuppressWarnings("ArrayRecordComponent") // compared by content below
public record RequestId(byte[] clientId, long id, long afterSequence) {
  /** How long a request is remembered at least, in milliseconds. */
  public static final long REMEMBERED_MS = 15 * 60_000;

  /** When its record may go as far as its own age is concerned: a mark of time later. */
  static final long EXPIRES_AFTER_MS = REMEMBERED_MS + REMEMBERED_MS / 3;

  /**
   * Checks the ranges.
   *
   * @throws IllegalArgumentException naming what is out of range
   */
  public RequestId {
    if (clientId.length != RequestCodec.CLIENT_ID_BYTES) {
      throw new IllegalArgumentException(
          "a client's id has " + RequestCodec.CLIENT_ID_BYTES + " bytes, not " + clientId.length);
    }
    if (afterSequence < 0) {
      throw new IllegalArgumentException("afterSequence must not be negative: " + afterSequence);
    }
  }

  /** The key of its record. */
  byte[] key() {
    return RequestCodec.key(clientId, id);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof RequestId that
        && Arrays.equals(clientId, that.clientId)
        && id == that.id
        && afterSequence == that.afterSequence;
  }

  @Override
  public int hashCode() {
    return 31 * Arrays.hashCode(clientId) + Long.hashCode(id);
  }

  @Override
  public String toString() {
    return HexFormat.of().formatHex(clientId)
        + "/"
        + Long.toUnsignedString(id)
        + " after "
        + afterSequence;
  }
}
