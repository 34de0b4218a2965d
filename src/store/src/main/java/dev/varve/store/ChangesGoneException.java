package dev.varve.store;

/**
 * Changes that were asked for may be gone: compacted away, hidden by a retention, or lost in a
 * repair. Read the keyspace anew, and its changes from there on.
 */
public final class ChangesGoneException extends StoreException {
  private static final long serialVersionUID = 1L;

  private final long goneUpTo;

  /**
   * @param after the sequence after which changes were asked for
   * @param goneUpTo the highest sequence of which changes may be missing
   */
  public ChangesGoneException(String keyspace, long after, long goneUpTo) {
    super(
        "keyspace "
            + keyspace
            + ": the changes after sequence "
            + after
            + " are not all there any more; those after "
            + goneUpTo
            + " are",
        null);
    this.goneUpTo = goneUpTo;
  }

  /** The lowest sequence after which all changes are there. */
  public long goneUpTo() {
    return goneUpTo;
  }
}
