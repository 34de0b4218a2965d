package dev.varve.client;

import java.util.OptionalLong;

/**
 * How to put or delete.
 *
 * @param keyspace empty: main
 * @param ttlMs how long a put value lives, in milliseconds; 0: for ever
 * @param expiresAtMs instead of {@code ttlMs}, when it expires, in milliseconds since 1970; 0:
 *     never
 * @param ifSequence apply only if the key's present sequence is this; 0: only if the key is absent
 */
public record WriteOptions(String keyspace, long ttlMs, long expiresAtMs, OptionalLong ifSequence) {
  /** Keyspace main, for ever, unconditional. */
  public static final WriteOptions DEFAULT = new WriteOptions("", 0, 0, OptionalLong.empty());

  /** Refuses a negative time and two ways of expiry at once. */
  public WriteOptions {
    if (ttlMs < 0 || expiresAtMs < 0) {
      throw new IllegalArgumentException("times must not be negative");
    }
    if (ttlMs > 0 && expiresAtMs > 0) {
      throw new IllegalArgumentException("either a time to live or a time of expiry");
    }
  }

  /** The same in another keyspace. */
  public WriteOptions in(String name) {
    return new WriteOptions(name, ttlMs, expiresAtMs, ifSequence);
  }

  /** The same with a life of so many milliseconds from when the primary takes the write. */
  public WriteOptions ttl(long ms) {
    return new WriteOptions(keyspace, ms, 0, ifSequence);
  }

  /** The same with an absolute time of expiry. */
  public WriteOptions expiringAt(long ms) {
    return new WriteOptions(keyspace, 0, ms, ifSequence);
  }

  /** The same, only if the key's present sequence is this; 0: only if it is absent. */
  public WriteOptions onlyIf(long sequence) {
    return new WriteOptions(keyspace, ttlMs, expiresAtMs, OptionalLong.of(sequence));
  }
}
