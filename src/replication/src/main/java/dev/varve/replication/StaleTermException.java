package dev.varve.replication;

/** The caller expected another term than the one this primary serves in; nothing was done. */
public final class StaleTermException extends Exception {
  private static final long serialVersionUID = 1L;

  private final long expectedTerm;
  private final long currentTerm;

  public StaleTermException(long expectedTerm, long currentTerm) {
    super("expected term " + expectedTerm + ", but the term is " + currentTerm);
    this.expectedTerm = expectedTerm;
    this.currentTerm = currentTerm;
  }

  public long expectedTerm() {
    return expectedTerm;
  }

  public long currentTerm() {
    return currentTerm;
  }
}
