package dev.varve.store.format;

import java.io.IOException;

/** A hint file is truncated, empty or damaged; the segment itself is to be read instead. */
public final class HintDamagedException extends IOException {

  private static final long serialVersionUID = 1L;

  /** Names the file and what is wrong with it. */
  public HintDamagedException(String path, String reason) {
    super("hint file " + path + " can't be used: " + reason);
  }
}
