package dev.varve.store;

/**
 * Records that a store keeps in memory because they are read often, and what that was good for.
 *
 * @param bytes of the heap that they take now, at most {@link StoreOptions#readCacheBytes}
 * @param hits look-ups of a record by reads and writes since the store was opened that found it
 *     here
 * @param misses those that went to the file
 */
public record ReadCacheStatus(long bytes, long hits, long misses) {}
