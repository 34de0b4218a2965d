package dev.varve.client;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The store cannot answer now: unreachable, no primary, no quorum, stopping, or a replica that is
 * behind. Nothing was applied; the same call may succeed later.
 */
public final class UnavailableException extends VarveException {
  private static final long serialVersionUID = 1L;

  UnavailableException(
      Reason reason, String message, Map<String, String> metadata, @Nullable Throwable cause) {
    super(reason, message, metadata, cause);
  }
}
