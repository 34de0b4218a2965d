package dev.varve.store;

/** The store is closed; for a write that was under way the outcome is unknown. */
public final class StoreClosedException extends StoreException {
  private static final long serialVersionUID = 1L;

  public StoreClosedException() {
    super("the store is closed", null);
  }
}
