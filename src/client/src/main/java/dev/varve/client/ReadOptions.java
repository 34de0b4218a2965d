package dev.varve.client;

/**
 * How to read.
 *
 * @param keyspace empty: main
 * @param minSequence read no older state than this sequence of the key's shard ({@link
 *     Written#sequence}); 0: any
 * @param allowStale let any member answer, not only the primary
 * @param maxStaleMs with {@code allowStale}, how far behind in milliseconds the member may be; 0:
 *     unbounded
 */
public record ReadOptions(String keyspace, long minSequence, boolean allowStale, long maxStaleMs) {
  /** From the primary, keyspace main. */
  public static final ReadOptions DEFAULT = new ReadOptions("", 0, false, 0);

  /** The same in another keyspace. */
  public ReadOptions in(String name) {
    return new ReadOptions(name, minSequence, allowStale, maxStaleMs);
  }

  /** The same, seeing at least that write. */
  public ReadOptions after(Written write) {
    return new ReadOptions(keyspace, write.sequence(), allowStale, maxStaleMs);
  }

  /** The same from any member at most {@code ms} behind; 0: however far. */
  public ReadOptions stale(long ms) {
    return new ReadOptions(keyspace, minSequence, true, ms);
  }
}
