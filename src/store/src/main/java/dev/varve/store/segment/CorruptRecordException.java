package dev.varve.store.segment;

import java.io.IOException;

/** A record that must be whole is not: its bytes changed after they were written. */
public final class CorruptRecordException extends IOException {

  private static final long serialVersionUID = 1L;

  private final String file;
  private final long offset;

  /** Names the file, the offset of the record and what is wrong with it. */
  public CorruptRecordException(String file, long offset, String reason) {
    super("corrupt record in " + file + " at offset " + offset + ": " + reason);
    this.file = file;
    this.offset = offset;
  }

  /** The file's path within the store. */
  public String file() {
    return file;
  }

  /** Where the record begins. */
  public long offset() {
    return offset;
  }
}
