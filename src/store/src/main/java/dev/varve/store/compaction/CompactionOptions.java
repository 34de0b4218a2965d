package dev.varve.store.compaction;

/**
 * What a compaction of one keyspace is asked to do.
 *
 * @param keyspace its name
 * @param strategy how space is freed
 * @param minDeadRatio 0 to 1: the keyspace's least dead ratio for a run
 * @param minBytes the keyspace's least size in bytes for a run
 * @param minSpaceSaving 0 to 1: the least share of the keyspace's bytes that a run must free
 * @param segmentsMax at most this many segments should remain, and more trigger a run; 0: no bound
 * @param force leaves the thresholds aside, never safety
 */
public record CompactionOptions(
    String keyspace,
    Strategy strategy,
    double minDeadRatio,
    long minBytes,
    double minSpaceSaving,
    int segmentsMax,
    boolean force) {

  /** Least dead ratio unless told otherwise. */
  public static final double MIN_DEAD_RATIO = 0.3;

  /** Least size of a keyspace unless told otherwise, in bytes. */
  public static final long MIN_BYTES = 10L << 20;

  /** Least share saved unless told otherwise. */
  public static final double MIN_SPACE_SAVING = 0.1;

  /** Checks the ranges; the message names the field. */
  public CompactionOptions {
    requireRatio("minDeadRatio", minDeadRatio);
    requireRatio("minSpaceSaving", minSpaceSaving);
    if (minBytes < 0) {
      throw new IllegalArgumentException("minBytes must not be negative: " + minBytes);
    }
    if (segmentsMax < 0) {
      throw new IllegalArgumentException("segmentsMax must not be negative: " + segmentsMax);
    }
  }

  /** Rewrite with the default thresholds. */
  public static CompactionOptions defaults(String keyspace) {
    return new CompactionOptions(
        keyspace, Strategy.REWRITE, MIN_DEAD_RATIO, MIN_BYTES, MIN_SPACE_SAVING, 0, false);
  }

  /** The same with the thresholds left aside. */
  public CompactionOptions forced() {
    return new CompactionOptions(
        keyspace, strategy, minDeadRatio, minBytes, minSpaceSaving, segmentsMax, true);
  }

  /** The same with another least share saved. */
  public CompactionOptions withMinSpaceSaving(double ratio) {
    return new CompactionOptions(
        keyspace, strategy, minDeadRatio, minBytes, ratio, segmentsMax, force);
  }

  private static void requireRatio(String field, double value) {
    if (!(value >= 0 && value <= 1)) {
      throw new IllegalArgumentException(field + " must be from 0 to 1: " + value);
    }
  }
}
