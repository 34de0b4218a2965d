package dev.varve.store.keydir;

import dev.varve.store.format.Limits;
import dev.varve.store.format.RecordCodec;

/**
 * Where the newest record of a key is.
 *
 * @param segment the segment's slot number: a small number that the store gives each open segment,
 *     0 to {@value #SEGMENT_MAX}
 * @param offset where the record begins, below 2 GiB
 * @param length the record's length in bytes
 * @param tombstone whether no key has a value by the record: it says that its key is deleted, or is
 *     a request's
 */
public record Location(int segment, long offset, int length, boolean tombstone) {

  /** The highest slot number. */
  public static final int SEGMENT_MAX = (1 << 20) - 1;

  /** Checks the ranges, which are what fits a keydir slot. */
  public Location {
    if (segment < 0
        || segment > SEGMENT_MAX
        || offset < 0
        || offset >= Limits.SEGMENT_BYTES_MAX
        || length < RecordCodec.HEADER_BYTES
        || length > RecordCodec.RECORD_BYTES_MAX) {
      throw new IllegalArgumentException(
          "no location: segment " + segment + ", offset " + offset + ", length " + length);
    }
  }
}
