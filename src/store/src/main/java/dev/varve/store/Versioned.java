package dev.varve.store;

/**
 * A value with its version.
 *
 * @param value the bytes; the caller's own
 * @param sequence the sequence of the batch that wrote it
 * @param expiresAtMs wall-clock milliseconds since 1970 after which it is hidden; 0: never
 */
@SuppressWarnings("ArrayRecordComponent") // a carrier: never compared or used as a key
public record Versioned(byte[] value, long sequence, long expiresAtMs) {}
