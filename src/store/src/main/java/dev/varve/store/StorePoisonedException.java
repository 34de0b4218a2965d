package dev.varve.store;

/**
 * A sync or write failed, so what is on disk is not known any more: the store stops writing until
 * it is opened again and has recovered. For a write that was under way the outcome is unknown.
 */
public final class StorePoisonedException extends StoreException {
  private static final long serialVersionUID = 1L;

  public StorePoisonedException(Throwable cause) {
    super("the store is poisoned until it is opened again: " + cause.getMessage(), cause);
  }
}
