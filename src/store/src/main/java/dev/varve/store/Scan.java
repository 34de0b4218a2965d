package dev.varve.store;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * The entries of a keyspace at one sequence, unordered. For one thread at a time; holds files and
 * memory until closed.
 */
public interface Scan extends AutoCloseable {
  /** The sequence whose view this is. */
  long sequence();

  /**
   * The next entry, or null at the end. Entries that have expired or were cut off by now are passed
   * over.
   *
   * @throws SnapshotLostException when more was overwritten meanwhile than the store keeps
   */
  @Nullable Entry next() throws IOException;

  /** Idempotent. */
  @Override
  void close();

  /**
   * A key and its value.
   *
   * @param versioned with an empty value in a scan of keys only
   */
  @SuppressWarnings("ArrayRecordComponent") // a carrier: never compared or used as a key
  record Entry(byte[] key, Versioned versioned) {}
}
