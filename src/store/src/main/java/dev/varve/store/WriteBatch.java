package dev.varve.store;

import java.util.ArrayList;
import java.util.List;

/**
 * Mutations that happen together or not at all, under one sequence. Built by one thread; not
 * changed after it is given to {@link Store#write}. Arrays are not copied: leave them alone too.
 */
public final class WriteBatch {
  /** No condition on the version of a key. */
  public static final long ANY_VERSION = -1;

  private final List<Mutation> mutations = new ArrayList<>();

  /** One change of one key. */
  public sealed interface Mutation {
    String keyspace();

    byte[] key();

    /** The sequence the key must have, 0 for an absent one, or {@link #ANY_VERSION}. */
    long ifSequence();
  }

  /**
   * Sets a key.
   *
   * @param expiresAtMs wall-clock milliseconds since 1970; 0: never
   */
  @SuppressWarnings("ArrayRecordComponent") // a carrier: never compared or used as a key
  public record Put(String keyspace, byte[] key, byte[] value, long expiresAtMs, long ifSequence)
      implements Mutation {}

  /** Removes a key; that it exists is no condition. */
  @SuppressWarnings("ArrayRecordComponent") // a carrier: never compared or used as a key
  public record Delete(String keyspace, byte[] key, long ifSequence) implements Mutation {}

  public WriteBatch put(String keyspace, byte[] key, byte[] value) {
    return put(keyspace, key, value, 0, ANY_VERSION);
  }

  public WriteBatch put(
      String keyspace, byte[] key, byte[] value, long expiresAtMs, long ifSequence) {
    mutations.add(new Put(keyspace, key, value, expiresAtMs, ifSequence));
    return this;
  }

  public WriteBatch delete(String keyspace, byte[] key) {
    return delete(keyspace, key, ANY_VERSION);
  }

  public WriteBatch delete(String keyspace, byte[] key, long ifSequence) {
    mutations.add(new Delete(keyspace, key, ifSequence));
    return this;
  }

  /** In the order given. */
  public List<Mutation> mutations() {
    return mutations;
  }
}
