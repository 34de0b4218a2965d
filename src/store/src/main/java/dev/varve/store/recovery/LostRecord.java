package dev.varve.store.recovery;

import dev.varve.store.format.RecordKind;

/** A record that is gone, known from a hint file. */
@SuppressWarnings("ArrayRecordComponent") // a carrier: never compared or used as a key
public record LostRecord(
    String keyspace, byte[] key, long sequence, long term, long expiresAtMs, RecordKind kind) {

  /** Whether it said that the key has no value. */
  public boolean tombstone() {
    return kind == RecordKind.TOMBSTONE;
  }
}
