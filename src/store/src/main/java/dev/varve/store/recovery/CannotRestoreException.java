package dev.varve.store.recovery;

import java.io.IOException;

/** Replaced segments cannot take their place again; nothing was changed. */
public final class CannotRestoreException extends IOException {
  private static final long serialVersionUID = 1L;

  /** Says why, and names the run or file. */
  public CannotRestoreException(String message) {
    super(message);
  }
}
