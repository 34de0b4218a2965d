package dev.varve.store.recovery;

import java.io.IOException;

/** The directory holds nothing that could be repaired; nothing was changed. */
public final class CannotRepairException extends IOException {
  private static final long serialVersionUID = 1L;

  /** Says what to do instead. */
  public CannotRepairException(String message) {
    super(message);
  }
}
