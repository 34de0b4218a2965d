package dev.varve.store;

/** The batch breaks a limit; nothing of it was written, and it never will be as it stands. */
public final class InvalidWriteException extends StoreException {
  private static final long serialVersionUID = 1L;

  /** Which limit. */
  public enum Reason {
    KEY_EMPTY,
    KEY_TOO_LARGE,
    VALUE_TOO_LARGE,
    BATCH_EMPTY,
    BATCH_TOO_LARGE,
    UNKNOWN_KEYSPACE,
    DUPLICATE_KEY,
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

  public Reason reason() {
    return reason;
  }

  /** The part of the batch that is wrong, such as {@code mutations[3].key}. */
  public String field() {
    return field;
  }
}
