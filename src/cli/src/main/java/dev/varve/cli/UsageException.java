package dev.varve.cli;

import org.jspecify.annotations.Nullable;

/** What the user asked for cannot be asked for; ends with {@link ExitCode#USAGE}. */
final class UsageException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  UsageException(String message) {
    super(message);
  }

  UsageException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
