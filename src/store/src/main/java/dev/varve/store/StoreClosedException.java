package dev.varve.store;

/**
 * The store is closed, and nothing was done. A write that was in the log by then fails with {@link
 * OutcomeUnknownException} instead.
 */
public final class StoreClosedException extends StoreException {
  private static final long serialVersionUID = 1L;

  public StoreClosedException() {
    super("the store is closed", null);
  }
}
