package dev.varve.store;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Mutations that happen together or not at all, under one sequence. Built by one thread; not
 * changed after it is given to {@link Store#write}. Arrays are not copied: leave them alone too.
 */
public final class WriteBatch {
  /** No condition on the version of a key. */
  public static final long ANY_VERSION = -1;

  private final List<Mutation> mutations = new ArrayList<>();
  private @Nullable RequestId request;

  /** One change of one key. */
  public sealed interface Mutation {
    /** Where the key is. */
    String keyspace();

    /** From 1 to 4,096 bytes; not a copy. */
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

  /**
   * Sets a key, which never expires, whatever it had before.
   *
   * @return this batch
   */
  public WriteBatch put(String keyspace, byte[] key, byte[] value) {
    return put(keyspace, key, value, 0, ANY_VERSION);
  }

  /**
   * Sets a key if it has a version.
   *
   * @param expiresAtMs wall-clock milliseconds since 1970 from which on reads hide it; 0: never
   * @param ifSequence the sequence that the key must have, 0 for an absent one, or {@link
   *     #ANY_VERSION}; if one of a batch has another, nothing of the batch is written
   * @return this batch
   */
  public WriteBatch put(
      String keyspace, byte[] key, byte[] value, long expiresAtMs, long ifSequence) {
    mutations.add(new Put(keyspace, key, value, expiresAtMs, ifSequence));
    return this;
  }

  /**
   * Removes a key, if it is there.
   *
   * @return this batch
   */
  public WriteBatch delete(String keyspace, byte[] key) {
    return delete(keyspace, key, ANY_VERSION);
  }

  /**
   * Removes a key if it has a version.
   *
   * @param ifSequence as for a put
   * @return this batch
   */
  public WriteBatch delete(String keyspace, byte[] key, long ifSequence) {
    mutations.add(new Delete(keyspace, key, ifSequence));
    return this;
  }

  /**
   * Has it applied once, however often it is written with the same ids: see {@link RequestId}.
   *
   * @return this batch
   */
  public WriteBatch once(RequestId id) {
    request = id;
    return this;
  }

  /** By what it is applied once; null: each time. */
  public @Nullable RequestId request() {
    return request;
  }

  /** In the order given. */
  public List<Mutation> mutations() {
    return mutations;
  }
}
