package dev.varve.store;

/** The batch breaks a limit; nothing of it was written, and it never will be as it stands. */
public final class InvalidWriteException extends StoreException {
  private static final long serialVersionUID = 1L;

  /** Which limit. */
  public enum Reason {
    /** A key has at least one byte. */
    KEY_EMPTY,
    /** Beyond {@link dev.varve.store.format.Limits#KEY_BYTES_MAX}. */
    KEY_TOO_LARGE,
    /** Beyond {@link dev.varve.store.format.Limits#VALUE_BYTES_MAX}. */
    VALUE_TOO_LARGE,
    /** No mutation. */
    BATCH_EMPTY,
    /**
     * Beyond {@link dev.varve.store.format.Limits#BATCH_MUTATIONS_MAX} or {@link
     * dev.varve.store.format.Limits#BATCH_BYTES_MAX}.
     */
    BATCH_TOO_LARGE,
    /** The store has no keyspace of that name. */
    UNKNOWN_KEYSPACE,
    /** Two mutations of a batch are of one key. */
    DUPLICATE_KEY,
    /** The time of expiry is negative. */
    EXPIRY_INVALID,
    /** A stream where a key-value keyspace is needed, or the other way round. */
    WRONG_KEYSPACE_TYPE
  }

  private final Reason reason;
  private final String field;

  public InvalidWriteException(Reason reason, String field, String message) {
    super(message, null);
    this.reason = reason;
    this.field = field;
  }

  static InvalidWriteException unknownKeyspace(String field, String name) {
    return new InvalidWriteException(Reason.UNKNOWN_KEYSPACE, field, "no keyspace " + name);
  }

  /** Which limit it is. */
  public Reason reason() {
    return reason;
  }

  /** The part of the batch that is wrong, such as {@code mutations[3].key}. */
  public String field() {
    return field;
  }
}
