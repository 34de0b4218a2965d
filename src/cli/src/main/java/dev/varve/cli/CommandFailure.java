package dev.varve.cli;

import org.jspecify.annotations.Nullable;

/**
 * A command that could not do its work, with a message for people; ends with {@link
 * ExitCode#FAILED}.
 */
final class CommandFailure extends RuntimeException {
  private static final long serialVersionUID = 1L;

  CommandFailure(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
