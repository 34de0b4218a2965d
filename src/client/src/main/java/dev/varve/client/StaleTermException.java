package dev.varve.client;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The call named a term that is not the shard's any more. Nothing was done. */
public final class StaleTermException extends VarveException {
  private static final long serialVersionUID = 1L;

  StaleTermException(
      Reason reason, String message, Map<String, String> metadata, @Nullable Throwable cause) {
    super(reason, message, metadata, cause);
  }
}
