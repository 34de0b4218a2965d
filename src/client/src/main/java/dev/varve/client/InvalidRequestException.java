package dev.varve.client;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The request breaks a rule of the protocol (an empty or too large key, an unknown keyspace, ...).
 * Repeating it is of no use.
 */
public final class InvalidRequestException extends VarveException {
  private static final long serialVersionUID = 1L;

  InvalidRequestException(
      Reason reason, String message, Map<String, String> metadata, @Nullable Throwable cause) {
    super(reason, message, metadata, cause);
  }
}
