package dev.varve.history;

import org.jspecify.annotations.Nullable;

/** What a client was told of an operation. A sequence of 0 was not told. */
sealed interface Outcome {
  /** Nothing, or nothing that says whether a write happens: it may, at any time, or never. */
  record Unknown() implements Outcome {
    @Override
    public String toString() {
      return "unknown";
    }
  }

  /** Certainly not applied, now or later. */
  record Failed() implements Outcome {
    @Override
    public String toString() {
      return "not applied";
    }
  }

  /** A write happened. */
  record Written(long sequence) implements Outcome {
    @Override
    public String toString() {
      return sequence == 0 ? "ok" : "ok, sequence " + sequence;
    }
  }

  /** A read found this; null: nothing. */
  record Read(@Nullable String value, long sequence) implements Outcome {
    @Override
    public String toString() {
      if (value == null) {
        return "nothing";
      }
      return sequence == 0 ? value : value + " of sequence " + sequence;
    }
  }

  /** A condition on {@code key} did not hold, since the key was at {@code current}; 0: absent. */
  record Refused(String key, long current) implements Outcome {
    @Override
    public String toString() {
      return "refused, " + key + (current == 0 ? " is absent" : " is at " + current);
    }
  }
}
