package dev.varve.store.recovery;

import dev.varve.store.format.SegmentId;

/**
 * A record of a segment's tail, without its value.
 *
 * @param offset where the record begins in the segment
 * @param length the record's length in bytes
 */
@SuppressWarnings("ArrayRecordComponent") // a carrier: never compared or used as a key
public record TailRecord(
    String keyspace,
    SegmentId segment,
    boolean tombstone,
    long expiresAtMs,
    long offset,
    int length,
    byte[] key) {}
