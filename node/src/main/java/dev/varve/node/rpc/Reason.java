package dev.varve.node.rpc;

import io.grpc.Status;

/**
 * Why a call failed, as {@code ErrorInfo.reason} says it under the domain {@code varve.dev}. The
 * names are part of the wire contract.
 */
public enum Reason {
  /** Metadata: {@code primary} (host:port, if known) and {@code term}. */
  NOT_PRIMARY(Status.Code.FAILED_PRECONDITION),
  /** Metadata: {@code shard}, the one that holds the key. */
  WRONG_SHARD(Status.Code.FAILED_PRECONDITION),
  /** Metadata: {@code term}, the one that holds. */
  STALE_TERM(Status.Code.ABORTED),
  /** The outcome is unknown unless metadata has {@code outcome=not_applied}. */
  QUORUM_UNAVAILABLE(Status.Code.UNAVAILABLE),
  STORE_FULL(Status.Code.RESOURCE_EXHAUSTED),
  KEY_EMPTY(Status.Code.INVALID_ARGUMENT),
  KEY_TOO_LARGE(Status.Code.INVALID_ARGUMENT),
  VALUE_TOO_LARGE(Status.Code.INVALID_ARGUMENT),
  BATCH_TOO_LARGE(Status.Code.INVALID_ARGUMENT),
  UNKNOWN_KEYSPACE(Status.Code.INVALID_ARGUMENT),
  /**
   * A stream where keys and values are asked for, or the other way round; metadata: {@code field}.
   */
  WRONG_KEYSPACE_TYPE(Status.Code.INVALID_ARGUMENT),
  /** A request that makes no sense in another way; metadata: {@code field}. */
  INVALID_REQUEST(Status.Code.INVALID_ARGUMENT),
  /** Metadata: {@code current}, the sequence that the key has; 0 when it is absent. */
  VERSION_MISMATCH(Status.Code.ABORTED),
  /**
   * What was asked for is older than what is kept. Metadata of a Watch: {@code sequence}, the
   * lowest after which it can begin.
   */
  SEQUENCE_TOO_OLD(Status.Code.OUT_OF_RANGE),
  SNAPSHOT_LOST(Status.Code.ABORTED),
  /** Metadata: {@code file} and {@code offset} where they are known. */
  CORRUPTION(Status.Code.DATA_LOSS),
  SHUTTING_DOWN(Status.Code.UNAVAILABLE),
  /** Metadata: {@code sequence}, how far this member has come. */
  REPLICA_BEHIND(Status.Code.UNAVAILABLE),
  /** More reads wait than the node lets wait; nothing was done. */
  OVERLOADED(Status.Code.RESOURCE_EXHAUSTED),
  /**
   * The member has no open store now: it recovers, or copies another's files; or no replica can
   * take over now.
   */
  NOT_READY(Status.Code.UNAVAILABLE);

  private final Status.Code code;

  Reason(Status.Code code) {
    this.code = code;
  }

  /** The gRPC status code that goes with it. */
  public Status.Code code() {
    return code;
  }
}
