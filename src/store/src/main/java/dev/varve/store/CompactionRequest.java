package dev.varve.store;

import dev.varve.store.compaction.CompactionOptions;

/**
 * A compaction that somebody asks for.
 *
 * @param runId names the run in events
 * @param options which keyspace, and when it is worth it
 * @param forceDelete retired segments go without waiting for the next checkpoint
 * @param rateLimitBytesPerSecond bytes read a second; 0: unlimited
 */
public record CompactionRequest(
    String runId, CompactionOptions options, boolean forceDelete, long rateLimitBytesPerSecond) {

  /** Checks the rate. */
  public CompactionRequest {
    if (rateLimitBytesPerSecond < 0) {
      throw new IllegalArgumentException(
          "rateLimitBytesPerSecond must not be negative: " + rateLimitBytesPerSecond);
    }
  }
}
