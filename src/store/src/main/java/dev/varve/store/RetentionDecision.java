package dev.varve.store;

/**
 * What a retention decided for a keyspace.
 *
 * @param firstSequence the lowest sequence that is visible from now on; 0: all are
 * @param bytesHidden bytes of records that this decision hid; the next compactions remove them
 * @param reason which limit asked for the most: {@code MaxAge}, {@code MaxBytes}, {@code
 *     MaxRecords}, or {@code WithinLimits}
 * @param clockAheadMs by how much the wall clock is off while its word on ages is not taken ({@link
 *     dev.varve.store.retention.TrustedClock}); 0 while it is
 */
public record RetentionDecision(
    String keyspace, long firstSequence, long bytesHidden, String reason, long clockAheadMs) {
  /** Nothing had to be hidden. */
  public static final String WITHIN_LIMITS = "WithinLimits";

  /** Records were too old. */
  public static final String MAX_AGE = "MaxAge";

  /** There were too many bytes. */
  public static final String MAX_BYTES = "MaxBytes";

  /** There were too many records. */
  public static final String MAX_RECORDS = "MaxRecords";
}
