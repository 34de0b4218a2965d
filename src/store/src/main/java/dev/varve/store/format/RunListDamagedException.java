package dev.varve.store.format;

import java.io.IOException;

/** A run list is truncated, empty or damaged; it is to be fetched again. */
public final class RunListDamagedException extends IOException {

  private static final long serialVersionUID = 1L;

  /** Names the file and what is wrong with it. */
  public RunListDamagedException(String path, String reason) {
    super("run list " + path + " can't be used: " + reason);
  }
}
