package dev.varve.client;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The key's sequence is not the one that the write was conditional on. Nothing was applied. */
public final class VersionMismatchException extends VarveException {
  private static final long serialVersionUID = 1L;

  VersionMismatchException(
      Reason reason, String message, Map<String, String> metadata, @Nullable Throwable cause) {
    super(reason, message, metadata, cause);
  }
}
