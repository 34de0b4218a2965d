package dev.varve.history;

import org.jspecify.annotations.Nullable;

/**
 * What a key may hold at a point of an order that is tried.
 *
 * @param value the number of a value, or {@link #NOTHING}
 * @param sequence of the write that left this: exactly, or at least, as long as nobody was told
 */
record Register(int value, long sequence, boolean isExact) {
  static final int NOTHING = 0;

  /** In an observation: a value, no matter which. */
  static final int ANY_VALUE = -1;

  static final Register EMPTY = new Register(NOTHING, 0, true);

  /**
   * What is known after somebody has seen this: the same object if nothing more, null if this can't
   * have been seen.
   *
   * @param seenSequence 0 if it was not told
   */
  @Nullable Register seen(int seenValue, long seenSequence) {
    if (seenValue == NOTHING || value == NOTHING) {
      return seenValue == value ? this : null;
    }
    if (seenValue != ANY_VALUE && seenValue != value) {
      return null;
    }
    if (seenSequence == 0) {
      return this;
    }
    if (isExact) {
      return seenSequence == sequence ? this : null;
    }
    return seenSequence >= sequence ? new Register(value, seenSequence, true) : null;
  }

  /**
   * What the key holds after a write; null if its sequence contradicts what was there.
   *
   * @param newSequence 0 if it was not told
   */
  @Nullable Register written(int newValue, long newSequence) {
    if (newSequence == 0) {
      return new Register(newValue, sequence + 1, false);
    }
    return newSequence > sequence ? new Register(newValue, newSequence, true) : null;
  }
}
