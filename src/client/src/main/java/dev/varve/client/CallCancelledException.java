package dev.varve.client;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The caller cancelled the call, or its thread was interrupted, before anything was sent, or in a
 * call that changes nothing.
 */
public final class CallCancelledException extends VarveException {
  private static final long serialVersionUID = 1L;

  CallCancelledException(
      Reason reason, String message, Map<String, String> metadata, @Nullable Throwable cause) {
    super(reason, message, metadata, cause);
  }
}
