package dev.varve.store.recovery;

import java.io.IOException;

/**
 * Committed or durable data is not what was written. Nothing was changed: the store stays shut
 * until it is repaired or copied anew from another member.
 */
public final class CorruptionException extends IOException {
  private static final long serialVersionUID = 1L;

  private final String file;
  private final long offset;

  public CorruptionException(String file, long offset, String detail) {
    super("corruption in " + file + " at offset " + offset + ": " + detail);
    this.file = file;
    this.offset = offset;
  }

  /** The file's path within the store. */
  public String file() {
    return file;
  }

  /** Where the damage begins. */
  public long offset() {
    return offset;
  }
}
