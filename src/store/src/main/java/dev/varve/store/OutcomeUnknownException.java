package dev.varve.store;

import org.jspecify.annotations.Nullable;

/** The write is in the log but was not committed here: it may yet be, or be cut. */
public final class OutcomeUnknownException extends StoreException {
  private static final long serialVersionUID = 1L;

  public OutcomeUnknownException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
