package dev.varve.store;

import dev.varve.store.storage.DiskFullException;

/**
 * The disk is full, or the store holds as much as its options let it; nothing was written, the
 * store is valid and reads go on.
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

  /** Whether it is for want of room on the disk, of which the ballast has some. */
  boolean isOfDisk() {
    return getCause() instanceof DiskFullException;
  }

  StoreFullException(long usedBytes, long moreBytes, long capacityBytes) {
    super(
        "the store is full: "
            + usedBytes
            + " bytes of segments and "
            + moreBytes
            + " more exceed the capacity of "
            + capacityBytes
            + "; deletes, compaction and checkpoints go on",
        null);
  }
}
