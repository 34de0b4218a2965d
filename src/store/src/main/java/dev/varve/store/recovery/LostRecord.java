package dev.varve.store.recovery;

/**
 * A record that is gone, known from a hint file.
 *
 * @param tombstone whether it said that the key has no value
 */
@SuppressWarnings("ArrayRecordComponent") // a carrier: never compared or used as a key
public record LostRecord(
    String keyspace, byte[] key, long sequence, long term, long expiresAtMs, boolean tombstone) {}
