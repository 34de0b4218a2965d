package dev.varve.store.compaction;

import dev.varve.store.format.SegmentId;

/**
 * A sealed segment that a compaction made.
 *
 * @param id its name within the keyspace
 * @param length bytes, final
 * @param crc CRC32C of the whole file
 */
public record OutputSegment(SegmentId id, long length, int crc) {}
