package dev.varve.client;

/**
 * A write that a majority has on disk.
 *
 * @param shard that took it
 * @param sequence of the write: a later read of that shard with this as {@link
 *     ReadOptions#minSequence} sees it, on any member
 * @param term of the primary that took it
 */
public record Written(int shard, long sequence, long term) {}
