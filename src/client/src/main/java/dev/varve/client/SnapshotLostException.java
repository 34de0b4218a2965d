package dev.varve.client;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A scan ended early: its view of one sequence could not be kept. What was delivered is right, but
 * not all of it.
 */
public final class SnapshotLostException extends VarveException {
  private static final long serialVersionUID = 1L;

  SnapshotLostException(
      Reason reason, String message, Map<String, String> metadata, @Nullable Throwable cause) {
    super(reason, message, metadata, cause);
  }
}
