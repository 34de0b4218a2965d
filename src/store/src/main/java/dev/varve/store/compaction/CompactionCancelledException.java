package dev.varve.store.compaction;

import java.io.IOException;

/** A compaction was told to stop before its commit point; the store is as it was. */
public final class CompactionCancelledException extends IOException {

  private static final long serialVersionUID = 1L;

  private final String reason;

  /** With the stable CamelCase reason, such as {@code Cancelled} or {@code Timeout}. */
  public CompactionCancelledException(String reason) {
    super("compaction stopped: " + reason);
    this.reason = reason;
  }

  /** The stable CamelCase reason. */
  public String reason() {
    return reason;
  }
}
