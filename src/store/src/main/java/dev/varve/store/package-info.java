/**
 * The store: an append-only, compacting key-value engine for one shard, usable embedded.
 *
 * <p>{@link dev.varve.store.Store} is the way in for data and compaction, {@link
 * dev.varve.store.ShardLog} what a replication protocol drives.
 */
@NullMarked
package dev.varve.store;

import org.jspecify.annotations.NullMarked;
