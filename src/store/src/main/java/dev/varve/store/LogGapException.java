package dev.varve.store;

/** Entries do not continue this log; nothing was appended. */
public final class LogGapException extends StoreException {
  private static final long serialVersionUID = 1L;

  private final transient LogPosition last;

  public LogGapException(LogPosition last, String detail) {
    super("entries do not continue the log at " + last + ": " + detail, null);
    this.last = last;
  }

  /** The last record of this log. */
  public LogPosition last() {
    return last;
  }
}
