package dev.varve.store;

/** This store does not lead its shard; nothing was written. */
public final class NotLeaderException extends StoreException {
  private static final long serialVersionUID = 1L;

  public NotLeaderException() {
    super("this store does not lead its shard", null);
  }
}
