package dev.varve.store;

/** Up to where a stream is trimmed. */
public sealed interface TrimBound {
  /** At most so many entries stay: the youngest. */
  record MaxLength(long entries) implements TrimBound {
    public MaxLength {
      requireNotNegative("entries", entries);
    }
  }

  /** Entries with lower ids go; all, if the id was not given to any yet. */
  record MinId(long id) implements TrimBound {
    public MinId {
      requireNotNegative("id", id);
    }
  }

  /** Entries appended longer ago go, up to the first one that was not. */
  record MaxAge(long ms) implements TrimBound {
    public MaxAge {
      requireNotNegative("ms", ms);
    }
  }

  private static void requireNotNegative(String field, long value) {
    if (value < 0) {
      throw new IllegalArgumentException(field + " must not be negative: " + value);
    }
  }
}
