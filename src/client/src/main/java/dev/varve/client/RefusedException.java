package dev.varve.client;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The server refused the call for a reason that has no class of its own; the message has the gRPC
 * code.
 */
public final class RefusedException extends VarveException {
  private static final long serialVersionUID = 1L;

  RefusedException(
      Reason reason, String message, Map<String, String> metadata, @Nullable Throwable cause) {
    super(reason, message, metadata, cause);
  }
}
