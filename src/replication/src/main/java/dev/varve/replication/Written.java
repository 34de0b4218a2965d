package dev.varve.replication;

/**
 * An acknowledged write.
 *
 * @param sequence its position in the shard
 * @param term the term of the primary that acknowledged it
 */
public record Written(long sequence, long term) {}
