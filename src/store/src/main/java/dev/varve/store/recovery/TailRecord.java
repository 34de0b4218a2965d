package dev.varve.store.recovery;

import dev.varve.store.format.RecordKind;
import dev.varve.store.format.SegmentId;

/**
 * A record of a segment's tail, without its value, but for a request's.
 *
 * @param offset where the record begins in the segment
 * @param length the record's length in bytes
 * @param request the value of a request's record; empty of another one's
 */
@SuppressWarnings("ArrayRecordComponent") // a carrier: never compared or used as a key
public record TailRecord(
    String keyspace,
    SegmentId segment,
    RecordKind kind,
    long expiresAtMs,
    long offset,
    int length,
    byte[] key,
    byte[] request) {}
