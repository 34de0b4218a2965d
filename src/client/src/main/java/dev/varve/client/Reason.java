package dev.varve.client;

import java.util.Optional;

/**
 * Why a call failed: the protocol's ErrorInfo reasons, and below them what the client itself finds.
 */
public enum Reason {
  /** The member is not the shard's primary. */
  NOT_PRIMARY,
  /** The key belongs to another shard. */
  WRONG_SHARD,
  /** The call named a term that is not the shard's any more. */
  STALE_TERM,
  /** The primary could not reach a majority. */
  QUORUM_UNAVAILABLE,
  /** No room for the write. */
  STORE_FULL,
  /** The key has no bytes. */
  KEY_EMPTY,
  /** The key is longer than 4096 bytes. */
  KEY_TOO_LARGE,
  /** The value is longer than 16 MiB. */
  VALUE_TOO_LARGE,
  /** The batch is over 16 MiB or 10,000 mutations. */
  BATCH_TOO_LARGE,
  /** The store has no such keyspace. */
  UNKNOWN_KEYSPACE,
  /** The keyspace is a stream where keys and values are asked for, or the other way round. */
  WRONG_KEYSPACE_TYPE,
  /** The key's sequence is not the one that the write asked for. */
  VERSION_MISMATCH,
  /** The changes asked for are no longer kept. */
  SEQUENCE_TOO_OLD,
  /** A scan's view could not be kept. */
  SNAPSHOT_LOST,
  /** Stored bytes do not match their checksum. */
  CORRUPTION,
  /** The member is stopping. */
  SHUTTING_DOWN,
  /** A replica is behind what the read asked for. */
  REPLICA_BEHIND,
  /** A field of the request is out of range; metadata {@code field} names it. */
  INVALID_REQUEST,
  /** The member has too many calls waiting. */
  OVERLOADED,
  /** The member has no store open yet: it recovers, or copies another member's files. */
  NOT_READY,

  /** Found by the client: no connection, or it broke. */
  UNREACHABLE,
  /** Found by the client: no member says that it is the shard's primary. */
  NO_PRIMARY,
  /** Found by the client: no answer in time. */
  TIMEOUT,
  /** Found by the client: the caller cancelled, or its thread was interrupted. */
  CANCELLED,
  /** Found by the client: it and the member do not accept each other's certificates. */
  HANDSHAKE_FAILED,
  /** An error without a reason that this client knows; the message has the gRPC code. */
  OTHER;

  /** The reason of that name, if the protocol has it. */
  static Optional<Reason> named(String name) {
    for (Reason reason : values()) {
      if (reason.name().equals(name) && reason.compareTo(UNREACHABLE) < 0) {
        return Optional.of(reason);
      }
    }
    return Optional.empty();
  }
}
