package dev.varve.store.storage;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** The disk or the quota has no room for what was to be written. */
public final class DiskFullException extends IOException {

  private static final long serialVersionUID = 1L;

  /** Says which file was being written, and keeps the platform's own words as the cause. */
  public DiskFullException(String path, @Nullable IOException cause) {
    super("no space left on the disk while writing " + path, cause);
  }
}
