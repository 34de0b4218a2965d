package dev.varve.store.storage;

import java.io.IOException;

/** The store's directory is in use by this or another process. */
public final class StoreLockedException extends IOException {

  private static final long serialVersionUID = 1L;

  private final String directory;

  /** Names the directory that is in use. */
  public StoreLockedException(String directory) {
    super("the store in " + directory + " is already open in this or another process");
    this.directory = directory;
  }

  /** The directory that is in use. */
  public String directory() {
    return directory;
  }
}
