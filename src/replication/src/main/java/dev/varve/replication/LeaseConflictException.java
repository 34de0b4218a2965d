package dev.varve.replication;

/** The Lease was changed by another since it was read; it was left as that other made it. */
public final class LeaseConflictException extends Exception {
  private static final long serialVersionUID = 1L;

  public LeaseConflictException(String message) {
    super(message);
  }
}
