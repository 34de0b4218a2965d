package dev.varve.store;

/**
 * A request is not remembered, and may have been applied and forgotten. This time nothing of it was
 * written.
 */
public final class RequestForgottenException extends StoreException {
  private static final long serialVersionUID = 1L;

  private final long forgottenUpTo;

  /**
   * @param forgottenUpTo the sequence up to which it may have been applied
   */
  public RequestForgottenException(RequestId request, long forgottenUpTo) {
    super(
        "request "
            + Long.toUnsignedString(request.id())
            + " of this client, sent first after sequence "
            + request.afterSequence()
            + ", may have been applied and forgotten up to sequence "
            + forgottenUpTo
            + "; it was not applied now",
        null);
    this.forgottenUpTo = forgottenUpTo;
  }

  /** A request that was sent for the first time at or after this sequence is new. */
  public long forgottenUpTo() {
    return forgottenUpTo;
  }
}
