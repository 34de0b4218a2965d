package dev.varve.client;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The sequence asked for is no longer kept. */
public final class SequenceTooOldException extends VarveException {
  private static final long serialVersionUID = 1L;

  SequenceTooOldException(
      Reason reason, String message, Map<String, String> metadata, @Nullable Throwable cause) {
    super(reason, message, metadata, cause);
  }
}
