package dev.varve.credentials;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** Credentials that cannot be read or do not fit together; the message says which and why. */
public final class CredentialsException extends IOException {
  private static final long serialVersionUID = 1L;

  private final Part part;

  /**
   * @param part what is wrong
   */
  public CredentialsException(Part part, String message, @Nullable Throwable cause) {
    super(message, cause);
    this.part = part;
  }

  /** What is wrong. */
  public Part part() {
    return part;
  }
}
