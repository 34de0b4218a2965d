package dev.varve.store.storage;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** The disk, the quota or a storage's capacity has no room for what was to be written. */
public final class DiskFullException extends IOException {

  private static final long serialVersionUID = 1L;

  /** Says which file was being written, and keeps the platform's own words as the cause. */
  public DiskFullException(String path, @Nullable IOException cause) {
    this("no space left on the disk", path, cause);
  }

  private DiskFullException(String what, String path, @Nullable IOException cause) {
    super(what + " while writing " + path, cause);
  }

  /** For a storage whose capacity was configured. */
  static DiskFullException ofCapacity(String path, long capacityBytes) {
    return new DiskFullException(
        "the storage's capacity of " + capacityBytes + " bytes is used up", path, null);
  }
}
