package dev.varve.node.rpc;

import dev.varve.store.compaction.RecentLatency;
import java.util.function.LongSupplier;

/**
 * How long operations of clients take lately, which compactions yield to. Reads and writes apart:
 * the one is a read of a file, the other a sync and a quorum.
 *
 * @param reads Gets
 * @param writes batches
 */
public record ForegroundOperations(RecentLatency reads, RecentLatency writes) {

  /** None yet, by a monotonic clock. */
  public static ForegroundOperations since(LongSupplier nanoTime) {
    return new ForegroundOperations(new RecentLatency(nanoTime), new RecentLatency(nanoTime));
  }
}
