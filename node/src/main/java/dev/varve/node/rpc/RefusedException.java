package dev.varve.node.rpc;

import java.util.Map;

/** The node refuses a request by itself, with a reason of the contract; nothing was done. */
public final class RefusedException extends Exception {
  private static final long serialVersionUID = 1L;

  private final Reason reason;
  private final transient Map<String, String> metadata;

  public RefusedException(Reason reason, String message, Map<String, String> metadata) {
    super(message);
    this.reason = reason;
    this.metadata = Map.copyOf(metadata);
  }

  /** A request whose {@code field} makes no sense. */
  static RefusedException invalid(String field, String message) {
    return new RefusedException(
        Reason.INVALID_REQUEST, field + ": " + message, Map.of("field", field));
  }

  public Reason reason() {
    return reason;
  }

  /** What {@code ErrorInfo.metadata} shall hold. */
  public Map<String, String> metadata() {
    return metadata;
  }
}
