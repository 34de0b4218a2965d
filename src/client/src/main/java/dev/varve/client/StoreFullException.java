package dev.varve.client;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The store has no room for the write. Nothing was applied; reads go on. */
public final class StoreFullException extends VarveException {
  private static final long serialVersionUID = 1L;

  StoreFullException(
      Reason reason, String message, Map<String, String> metadata, @Nullable Throwable cause) {
    super(reason, message, metadata, cause);
  }
}
