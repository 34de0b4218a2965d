package dev.varve.replication;

/** No majority answered in time, or this member stopped being the primary before one did. */
public final class QuorumUnavailableException extends Exception {
  private static final long serialVersionUID = 1L;

  private final boolean notApplied;

  public QuorumUnavailableException(String message, boolean notApplied) {
    super(message);
    this.notApplied = notApplied;
  }

  /**
   * True: certainly not applied, now or later. False: nobody knows yet, so a retry must be
   * idempotent.
   */
  public boolean notApplied() {
    return notApplied;
  }
}
