package dev.varve.store;

/** More was overwritten during a scan than the store keeps for it: begin the scan anew. */
public final class SnapshotLostException extends StoreException {
  private static final long serialVersionUID = 1L;

  public SnapshotLostException(long sequence) {
    super("the view of sequence " + sequence + " could not be kept", null);
  }
}
