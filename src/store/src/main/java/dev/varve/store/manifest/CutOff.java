package dev.varve.store.manifest;

/**
 * What of a keyspace is hidden for good. It only ever rises.
 *
 * @param sequence records of lower sequences are hidden; 0: none are
 * @param firstId of a stream, entries with lower ids are hidden too; 0 for other keyspaces
 */
public record CutOff(long sequence, long firstId) {
  /** Nothing is hidden. */
  public static final CutOff NONE = new CutOff(0, 0);

  /** The higher of the two in each part. */
  public CutOff raisedTo(CutOff other) {
    long higher = Math.max(sequence, other.sequence);
    long later = Math.max(firstId, other.firstId);
    return higher == sequence && later == firstId ? this : new CutOff(higher, later);
  }

  /**
   * Whether a record is hidden.
   *
   * @param id of an entry of a stream; {@link Long#MAX_VALUE} for a record of another keyspace
   */
  public boolean hides(long recordSequence, long id) {
    return recordSequence < sequence || id < firstId;
  }
}
