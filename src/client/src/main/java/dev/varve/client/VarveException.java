package dev.varve.client;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A call that failed. Unless it is an {@link OutcomeUnknownException}, nothing was changed: a
 * refused write is not applied and will not be.
 */
public abstract sealed class VarveException extends RuntimeException
    permits CallCancelledException,
        CorruptionException,
        InvalidRequestException,
        NotPrimaryException,
        OutcomeUnknownException,
        RefusedException,
        SequenceTooOldException,
        SnapshotLostException,
        StaleTermException,
        StoreFullException,
        UnavailableException,
        VersionMismatchException {
  private static final long serialVersionUID = 1L;

  private final Reason reason;
  private final transient Map<String, String> metadata;

  VarveException(
      Reason reason, String message, Map<String, String> metadata, @Nullable Throwable cause) {
    super(message, cause);
    this.reason = reason;
    this.metadata = Map.copyOf(metadata);
  }

  /** Why. */
  public final Reason reason() {
    return reason;
  }

  /** The metadata of the server's ErrorInfo; empty when the client itself found the failure. */
  public final Map<String, String> metadata() {
    return metadata;
  }
}
