package dev.varve.store.retention;

/**
 * How much of a keyspace stays visible. Each limit hides from the oldest sequence on; what they
 * hide stays hidden when they are relaxed later. Bytes and records are counted as in the keyspace's
 * live ones: expired ones that no compaction has removed yet are among them.
 *
 * @param maxAgeMs records written longer ago are hidden, some of them up to a sixteenth of this
 *     later; 0: no limit
 * @param maxBytes bytes of visible records, with their headers and keys; 0: no limit
 * @param maxRecords visible records; 0: no limit
 */
public record RetentionRules(long maxAgeMs, long maxBytes, long maxRecords) {
  /** Nothing is hidden. */
  public static final RetentionRules NONE = new RetentionRules(0, 0, 0);

  /** Checks the ranges; the message names the field. */
  public RetentionRules {
    requireNotNegative("maxAgeMs", maxAgeMs);
    requireNotNegative("maxBytes", maxBytes);
    requireNotNegative("maxRecords", maxRecords);
  }

  private static void requireNotNegative(String field, long value) {
    if (value < 0) {
      throw new IllegalArgumentException(field + " must not be negative: " + value);
    }
  }

  /** Whether there is any limit. */
  public boolean any() {
    return maxAgeMs > 0 || maxBytes > 0 || maxRecords > 0;
  }
}
