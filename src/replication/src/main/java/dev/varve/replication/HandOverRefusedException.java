package dev.varve.replication;

/** The shard was not handed over: this member goes on as its primary, in the same term. */
public final class HandOverRefusedException extends Exception {
  private static final long serialVersionUID = 1L;

  /** What would have to change. */
  public enum Kind {
    /** Nothing does: the named member is none of this shard. */
    UNKNOWN_MEMBER,
    /** The shard has no other member. */
    NO_OTHER_MEMBER,
    /** A later try may do: no replica that may be asked can take over right now. */
    NOT_NOW
  }

  private final Kind kind;

  public HandOverRefusedException(Kind kind, String message) {
    super(message);
    this.kind = kind;
  }

  public Kind kind() {
    return kind;
  }
}
