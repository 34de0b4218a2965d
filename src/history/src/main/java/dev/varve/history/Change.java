package dev.varve.history;

import org.jspecify.annotations.Nullable;

/**
 * What a write does to one key.
 *
 * @param value null: the key is deleted
 * @param ifSequence the version that the key must have, 0 for an absent key, or {@link
 *     #ANY_VERSION}
 */
public record Change(String key, @Nullable String value, long ifSequence) {
  /** No condition on the version of the key. */
  public static final long ANY_VERSION = -1;

  /**
   * @throws IllegalArgumentException if {@code ifSequence} is below {@link #ANY_VERSION}
   */
  public Change {
    if (ifSequence < ANY_VERSION) {
      throw new IllegalArgumentException("no version: " + ifSequence);
    }
  }

  /** Sets a key, whatever it had before. */
  public static Change put(String key, String value) {
    return new Change(key, value, ANY_VERSION);
  }

  /** Removes a key; that it is there is no condition. */
  public static Change delete(String key) {
    return new Change(key, null, ANY_VERSION);
  }

  /**
   * The same on condition that the key's present version is {@code sequence}.
   *
   * @param sequence 0: that the key is absent
   */
  public Change ifSequence(long sequence) {
    return new Change(key, value, sequence);
  }

  boolean isConditional() {
    return ifSequence != ANY_VERSION;
  }

  @Override
  public String toString() {
    String what = value == null ? "delete " + key : "put " + key + "=" + value;
    if (!isConditional()) {
      return what;
    }
    return what + (ifSequence == 0 ? " if absent" : " if at " + ifSequence);
  }
}
