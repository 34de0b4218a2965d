package dev.varve.history;

import org.jspecify.annotations.Nullable;

/**
 * An operation's share of one key: what it saw there, then what it left there. Values are numbers
 * of the key's values.
 *
 * @param operation whose share it is
 * @param effect what it saw and left
 */
record Share(Operation operation, Effect effect) {
  /**
   * What a share sees and leaves. Shares of unknown outcome with equal effects are interchangeable.
   *
   * @param sees whether it depends on what the key holds
   * @param seenValue a value, {@link Register#NOTHING} or {@link Register#ANY_VALUE}
   * @param seenSequence 0 if any will do
   * @param writes whether it leaves something new
   * @param writtenSequence 0 if it is not known
   */
  record Effect(
      boolean sees,
      int seenValue,
      long seenSequence,
      boolean writes,
      int writtenValue,
      long writtenSequence) {
    static Effect ofRead(int value, long sequence) {
      return new Effect(true, value, sequence, false, 0, 0);
    }

    /** What is seen of a version that a condition or a refusal names. */
    static Effect ofVersion(long version) {
      return version == 0 ? ofRead(Register.NOTHING, 0) : ofRead(Register.ANY_VALUE, version);
    }

    static Effect ofWrite(int value, long sequence, long ifSequence) {
      if (ifSequence == Change.ANY_VERSION) {
        return new Effect(false, 0, 0, true, value, sequence);
      }
      Effect seen = ofVersion(ifSequence);
      return new Effect(true, seen.seenValue, seen.seenSequence, true, value, sequence);
    }

    /** The key afterwards; null if this can't happen to it. The same object if it is as before. */
    @Nullable Register on(Register before) {
      Register known = sees ? before.seen(seenValue, seenSequence) : before;
      return known == null || !writes ? known : known.written(writtenValue, writtenSequence);
    }

    /** Whether this can't happen any more to a key that is as {@code now}, or later. */
    boolean isTooLateFor(Register now) {
      return (writes && writtenSequence != 0 && writtenSequence <= now.sequence())
          || (sees && seenSequence != 0 && seenSequence < now.sequence());
    }
  }

  boolean isUnknown() {
    return operation.outcome() instanceof Outcome.Unknown;
  }
}
