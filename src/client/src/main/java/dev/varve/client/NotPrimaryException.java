package dev.varve.client;

import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The member asked is not the shard's primary, and the client could not or should not follow.
 * Nothing was done.
 */
public final class NotPrimaryException extends VarveException {
  private static final long serialVersionUID = 1L;

  NotPrimaryException(
      Reason reason, String message, Map<String, String> metadata, @Nullable Throwable cause) {
    super(reason, message, metadata, cause);
  }

  /** The primary that the member knows of, if it named one. */
  public Optional<Address> primary() {
    String text = metadata().get("primary");
    if (text == null || text.isEmpty()) {
      return Optional.empty();
    }
    try {
      return Optional.of(Address.parse(text));
    } catch (IllegalArgumentException e) {
      return Optional.empty(); // a name without a port: no address to go to, and no reason to fail
    }
  }

  /** The term in which that member is primary; 0 when the answer does not say. */
  public long term() {
    String text = metadata().get("term");
    if (text == null) {
      return 0;
    }
    try {
      return Long.parseUnsignedLong(text);
    } catch (NumberFormatException e) {
      return 0; // only used to prefer the newer of two hints
    }
  }
}
