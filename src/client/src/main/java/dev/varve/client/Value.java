package dev.varve.client;

import com.google.protobuf.ByteString;

/**
 * What a read found.
 *
 * @param bytes the value
 * @param sequence at which it was written; the condition of a later {@link WriteOptions#ifSequence}
 * @param expiresAtMs when it expires, in milliseconds since 1970; 0: never
 */
public record Value(ByteString bytes, long sequence, long expiresAtMs) {}
