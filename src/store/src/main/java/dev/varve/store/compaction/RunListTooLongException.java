package dev.varve.store.compaction;

import java.io.IOException;

/** A run's list would be longer than it may be; nothing of the run remains. */
public final class RunListTooLongException extends IOException {
  private static final long serialVersionUID = 1L;

  private final int fitting;

  RunListTooLongException(String path, int fitting, long bytesMax) {
    super(
        fitting == 0
            ? "the run list of " + path + " alone would be longer than " + bytesMax + " bytes"
            : "the run list of "
                + fitting
                + " segments and "
                + path
                + " would be longer than "
                + bytesMax
                + " bytes");
    this.fitting = fitting;
  }

  /** How many of the run's first segments have a list that is not too long; 0: none. */
  public int fitting() {
    return fitting;
  }
}
