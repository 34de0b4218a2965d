package dev.varve.store;

/**
 * An entry of a stream.
 *
 * @param id 1 for the first ever appended, one more for each
 * @param timeMs when it was appended by the leader's clock, in milliseconds since 1970; never lower
 *     than the entry before
 */
@SuppressWarnings("ArrayRecordComponent") // a carrier: never compared or used as a key
public record StreamEntry(long id, long timeMs, byte[] payload) {}
