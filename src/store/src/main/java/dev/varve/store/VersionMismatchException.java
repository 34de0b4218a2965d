package dev.varve.store;

/**
 * A condition of the batch does not hold; nothing of it was written. What it says of the key is
 * committed and visible by then, in the order of the log: whoever reads afterwards reads this
 * version or a later one.
 */
public final class VersionMismatchException extends StoreException {
  private static final long serialVersionUID = 1L;

  private final long current;

  public VersionMismatchException(long expected, long current) {
    super("expected sequence " + expected + ", found " + current, null);
    this.current = current;
  }

  /** The sequence that the key has; 0 when it is absent. */
  public long current() {
    return current;
  }
}
