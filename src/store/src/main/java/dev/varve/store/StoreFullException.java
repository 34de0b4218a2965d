package dev.varve.store;

/**
 * The disk, or the capacity that the storage was given, is full; nothing was written, the store is
 * valid and reads go on.
 */
public final class StoreFullException extends StoreException {
  private static final long serialVersionUID = 1L;

  /** For a bound of the store's own. */
  StoreFullException(String message) {
    super("the store is full: " + message, null);
  }

  public StoreFullException(Throwable cause) {
    super("the store is full: " + cause.getMessage(), cause);
  }
}
