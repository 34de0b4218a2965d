package dev.varve.store.format;

import java.util.List;

/**
 * A segment that entries of a keydir's checkpoint point to.
 *
 * @param slot the number that stands for it in the entries
 * @param covered whether all its records are in the checkpoint, or newer ones of their keys; else
 *     it is to be read again
 * @param minSequence the lowest sequence of a record; {@link Long#MAX_VALUE} without any
 * @param ascending whether its records are known to be in the order of their sequences
 * @param expiring when its live bytes expire, in order; entries do not tell
 */
public record CheckpointedSegment(
    int slot,
    SegmentId id,
    boolean covered,
    long minSequence,
    long maxSequence,
    long maxTombstoneSequence,
    boolean ascending,
    List<ExpirySpan> expiring) {
  public CheckpointedSegment {
    expiring = List.copyOf(expiring);
  }
}
