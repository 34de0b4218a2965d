package dev.varve.client;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A write was sent and no answer tells whether it was applied: it may be visible now, become
 * visible later, or never. Read the key, or repeat a write that is idempotent.
 */
public final class OutcomeUnknownException extends VarveException {
  private static final long serialVersionUID = 1L;

  OutcomeUnknownException(
      Reason reason, String message, Map<String, String> metadata, @Nullable Throwable cause) {
    super(reason, message, metadata, cause);
  }
}
