package dev.varve.store.compaction;

import java.io.IOException;

/** A segment rebuilt from this member's own inputs is not what the primary made of its own. */
public final class RebuildMismatchException extends IOException {

  private static final long serialVersionUID = 1L;

  /** Names the segment and what differs. */
  public RebuildMismatchException(String path, String difference) {
    super("rebuilding " + path + " from the local inputs gave another file: " + difference);
  }
}
