package dev.varve.store;

import dev.varve.store.compaction.CompactionOptions;
import dev.varve.store.format.TemporaryFolder;

/**
 * A compaction that somebody asks for.
 *
 * @param runId names the run in events
 * @param options which keyspace, and when it is worth it
 * @param forceDelete retired segments go without waiting for the next checkpoint
 * @param rateLimitBytesPerSecond bytes read a second; 0: unlimited
 * @param temporaryFolder where new files are written before they are renamed into place
 */
public record CompactionRequest(
    String runId,
    CompactionOptions options,
    boolean forceDelete,
    long rateLimitBytesPerSecond,
    TemporaryFolder temporaryFolder) {

  /** Checks the rate. */
  public CompactionRequest {
    if (rateLimitBytesPerSecond < 0) {
      throw new IllegalArgumentException(
          "rateLimitBytesPerSecond must not be negative: " + rateLimitBytesPerSecond);
    }
  }

  /** New files are written beside those that are there. */
  public CompactionRequest(
      String runId, CompactionOptions options, boolean forceDelete, long rateLimitBytesPerSecond) {
    this(runId, options, forceDelete, rateLimitBytesPerSecond, TemporaryFolder.BESIDE_OUTPUTS);
  }
}
