package dev.varve.client;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Stored bytes are damaged. The message names file and offset where the server knows them. */
public final class CorruptionException extends VarveException {
  private static final long serialVersionUID = 1L;

  CorruptionException(
      Reason reason, String message, Map<String, String> metadata, @Nullable Throwable cause) {
    super(reason, message, metadata, cause);
  }
}
