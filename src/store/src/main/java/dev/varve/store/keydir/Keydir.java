package dev.varve.store.keydir;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The index of one keyspace: for each key, deleted ones included until compaction drops them, where
 * its newest record is. It lives outside the Java heap at no more than 20 bytes a key.
 *
 * <p>The hash's top 8 bits choose one of 256 sub-tables, the next 51 are kept; the whole key is
 * verified in the record by the caller's {@link Match}. Sub-tables grow one at a time. {@link #get}
 * and {@link #holds} take no lock and never wait for I/O of others; the changing methods lock one
 * sub-table each, so several threads may change the keydir.
 */
public final class Keydir implements AutoCloseable {

  /** The lowest bits of a hash, which the keydir does not keep. */
  static final int UNUSED_HASH_BITS = 5;

  private static final int PARTITION_BITS = 8;
  private static final int PARTITIONS = 1 << PARTITION_BITS;

  private final SubTable[] subTables = new SubTable[PARTITIONS];

  /** An empty keydir. */
  public Keydir() {
    this(0);
  }

  /** An empty keydir that has room for so many keys without growing. */
  public Keydir(long expectedKeys) {
    int each = Math.toIntExact(expectedKeys / PARTITIONS + (expectedKeys > 0 ? 1 : 0));
    for (int i = 0; i < PARTITIONS; i++) {
      subTables[i] = new SubTable(each);
    }
  }

  /**
   * Looks a key up. The match may be asked again for a new place when an entry moves meanwhile.
   *
   * @return where its newest record is, a tombstone maybe; null if the key was never written or its
   *     tombstone is gone
   * @throws IOException what the match threw
   */
  public @Nullable Location get(long hash, Match match) throws IOException {
    return subTable(hash).get(fingerprint(hash), match);
  }

  /**
   * Points a key to a new record. The match runs under the sub-table's lock.
   *
   * @return where the key's record was before; null if there was none
   * @throws IOException what the match threw; nothing has changed
   */
  public @Nullable Location put(long hash, Location now, Match match) throws IOException {
    SubTable subTable = subTable(hash);
    subTable.lock.lock();
    try {
      return subTable.put(fingerprint(hash), now, match);
    } finally {
      subTable.lock.unlock();
    }
  }

  /**
   * Changes the entry that is exactly {@code expected}; reads no record.
   *
   * @param now the entry's new place; null removes it
   * @return false if there is no such entry (any more); then nothing has changed
   */
  public boolean replace(long hash, Location expected, @Nullable Location now) {
    SubTable subTable = subTable(hash);
    subTable.lock.lock();
    try {
      return subTable.replace(fingerprint(hash), expected, now);
    } finally {
      subTable.lock.unlock();
    }
  }

  /** Whether an entry is exactly this; reads no record and takes no lock. */
  public boolean holds(long hash, Location location) {
    return subTable(hash).holds(fingerprint(hash), location);
  }

  /** How many sub-tables there are, numbered from 0. */
  public int partitions() {
    return PARTITIONS;
  }

  /** The sub-table of a hash. */
  public int partitionOf(long hash) {
    return (int) (hash >>> (Long.SIZE - PARTITION_BITS));
  }

  /** All entries of a sub-table at one moment. */
  public List<Located> copy(int partition) {
    SubTable subTable = subTables[partition];
    subTable.lock.lock();
    try {
      return subTable.copy((long) partition << (Long.SIZE - PARTITION_BITS));
    } finally {
      subTable.lock.unlock();
    }
  }

  /**
   * All entries of a sub-table at one moment, as {@link #restore} takes them: two words each, which
   * mean something to a keydir alone.
   */
  public long[] words(int partition) {
    SubTable subTable = subTables[partition];
    subTable.lock.lock();
    try {
      return subTable.words();
    } finally {
      subTable.lock.unlock();
    }
  }

  /** The place that an entry of {@link #words} points to. */
  public static Location location(long word0, long word1) {
    return Slots.location(word0, word1);
  }

  /**
   * Fills a sub-table, which is empty, with the entries that {@link #words} gave for it.
   *
   * @throws IllegalArgumentException if they are not such entries; the sub-table is empty still
   */
  public void restore(int partition, long[] words) {
    SubTable subTable = subTables[partition];
    subTable.lock.lock();
    try {
      subTable.restore(words);
    } finally {
      subTable.lock.unlock();
    }
  }

  /**
   * Runs something while no other thread can change the hash's sub-table. It may change entries of
   * this sub-table itself, and must touch no other.
   */
  public void inPartition(long hash, Runnable action) {
    ReentrantLock lock = subTable(hash).lock;
    lock.lock();
    try {
      action.run();
    } finally {
      lock.unlock();
    }
  }

  /** How many entries there are, tombstones included; approximate while others change it. */
  public long size() {
    long size = 0;
    for (SubTable subTable : subTables) {
      size += subTable.entries();
    }
    return size;
  }

  /** Bytes of memory outside the heap. */
  public long bytes() {
    long bytes = 0;
    for (SubTable subTable : subTables) {
      bytes += subTable.bytes();
    }
    return bytes;
  }

  /** Gives the memory back; every use from now on throws {@link IllegalStateException}. */
  @Override
  public void close() {
    for (SubTable subTable : subTables) {
      subTable.lock.lock();
      try {
        subTable.close();
      } finally {
        subTable.lock.unlock();
      }
    }
  }

  private SubTable subTable(long hash) {
    return subTables[partitionOf(hash)];
  }

  private static long fingerprint(long hash) {
    return hash << PARTITION_BITS >>> (Long.SIZE - Slots.FINGERPRINT_BITS);
  }
}
