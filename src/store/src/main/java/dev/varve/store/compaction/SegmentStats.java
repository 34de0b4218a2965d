package dev.varve.store.compaction;

import dev.varve.store.format.SegmentId;

/**
 * What the planner knows of a segment.
 *
 * @param id its name within the keyspace
 * @param totalBytes bytes of its records
 * @param liveBytes bytes of records that the keydir points at, tombstones included
 * @param tombstoneBytes the part of {@code liveBytes} that is tombstones
 * @param expiredBytes the part of {@code liveBytes} whose time to live is over, or somewhat less
 * @param minSequence the lowest sequence in it; {@code Long.MAX_VALUE} if it is empty
 * @param maxSequence the highest sequence in it; 0 if it is empty
 * @param maxTombstoneSequence the highest sequence of a tombstone in it, or an upper bound; 0: none
 * @param active whether it is still appended to; a run seals it first if it holds dead bytes
 * @param committed whether all its records are committed; only then may it be compacted
 */
public record SegmentStats(
    SegmentId id,
    long totalBytes,
    long liveBytes,
    long tombstoneBytes,
    long expiredBytes,
    long minSequence,
    long maxSequence,
    long maxTombstoneSequence,
    boolean active,
    boolean committed) {

  /** The same, but not to be compacted. */
  public SegmentStats uncommitted() {
    return new SegmentStats(
        id,
        totalBytes,
        liveBytes,
        tombstoneBytes,
        expiredBytes,
        minSequence,
        maxSequence,
        maxTombstoneSequence,
        active,
        false);
  }

  /** Bytes that nothing points at. */
  public long deadBytes() {
    return totalBytes - liveBytes;
  }

  /** Bytes that are live and have not expired. */
  public long keptBytes() {
    return liveBytes - expiredBytes;
  }

  /** The share of bytes that nothing points at or that have expired; 0 if empty. */
  public double deadRatio() {
    return totalBytes == 0 ? 0 : 1 - (double) keptBytes() / totalBytes;
  }

  /**
   * Bytes of tombstones and expired records that hide nothing any more, once no segment outside a
   * run's inputs holds a sequence below {@code lowestOutside}.
   */
  public long droppableBelow(long lowestOutside) {
    return (maxTombstoneSequence < lowestOutside ? tombstoneBytes : 0)
        + (maxSequence < lowestOutside ? expiredBytes : 0);
  }

  /** Whether a run could take it, sealing it first if it is active. */
  boolean canBeCopied() {
    return committed && (!active || deadBytes() > 0 || expiredBytes > 0);
  }
}
