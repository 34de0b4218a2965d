package dev.varve.store.format;

import java.io.IOException;

/** A keydir's checkpoint is truncated, empty or damaged; the keydir is built from hints instead. */
public final class KeydirCheckpointDamagedException extends IOException {

  private static final long serialVersionUID = 1L;

  /** Names the file and what is wrong with it. */
  public KeydirCheckpointDamagedException(String path, String reason) {
    super("keydir checkpoint " + path + " can't be used: " + reason);
  }
}
