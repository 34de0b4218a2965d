package dev.varve.cli;

/** What {@code varve} ends with; scripts and the operator rely on the numbers. */
final class ExitCode {
  /** Done. */
  static final int DONE = 0;

  /** Failed; the reason is on stderr. */
  static final int FAILED = 1;

  /** The command line, or what it asked for, breaks a rule. */
  static final int USAGE = 2;

  /** The key has no value. */
  static final int NOT_FOUND = 3;

  /** Nothing to do; the reason is printed. */
  static final int SKIPPED = 4;

  /** The member is not the primary, or the term is not the one expected. */
  static final int NOT_PRIMARY = 5;

  /** Ended by SIGINT or SIGTERM. */
  static final int CANCELLED = 130;

  private ExitCode() {}
}
