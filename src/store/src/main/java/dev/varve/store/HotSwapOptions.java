package dev.varve.store;

import dev.varve.store.compaction.CancelToken;
import dev.varve.store.compaction.CompactionOptions;
import dev.varve.store.format.TemporaryFolder;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;

/**
 * A compaction beside reads and writes: {@link Store#compactInBackground}.
 *
 * @param runId names the run in events; asked for again, it answers with how it ended before
 * @param keyspaces which keyspaces, one after the other, and when each is worth it
 * @param forceDelete retired segments go without waiting for the next checkpoint
 * @param rateLimitBytesPerSecond bytes read a second; 0: unlimited
 * @param temporaryFolder where new files are written before they are renamed into place
 * @param timeout for all keyspaces together, from the call on; zero: none
 * @param cancel stops it besides {@link HotSwap#cancel}
 */
public record HotSwapOptions(
    String runId,
    List<CompactionOptions> keyspaces,
    boolean forceDelete,
    long rateLimitBytesPerSecond,
    TemporaryFolder temporaryFolder,
    Duration timeout,
    CancelToken cancel) {

  /** Checks the ranges; the message names the field. */
  public HotSwapOptions {
    keyspaces = List.copyOf(keyspaces);
    if (keyspaces.isEmpty()) {
      throw new IllegalArgumentException("keyspaces must name at least one");
    }
    if (rateLimitBytesPerSecond < 0) {
      throw new IllegalArgumentException(
          "rateLimitBytesPerSecond must not be negative: " + rateLimitBytesPerSecond);
    }
    if (timeout.isNegative()) {
      throw new IllegalArgumentException("timeout must not be negative: " + timeout);
    }
  }

  /** {@code Rewrite} with the default thresholds, unlimited, beside the files that are there. */
  public static HotSwapOptions of(String runId, String... keyspaces) {
    return new HotSwapOptions(
        runId,
        Stream.of(keyspaces).map(CompactionOptions::defaults).toList(),
        false,
        0,
        TemporaryFolder.BESIDE_OUTPUTS,
        Duration.ZERO,
        CancelToken.unbounded());
  }

  /** The same with other options of the keyspaces. */
  public HotSwapOptions withKeyspaces(List<CompactionOptions> others) {
    return new HotSwapOptions(
        runId, others, forceDelete, rateLimitBytesPerSecond, temporaryFolder, timeout, cancel);
  }

  /** The same, to free at least this share of each keyspace's bytes or do nothing: 0 to 1. */
  public HotSwapOptions withMinSpaceSaving(double ratio) {
    return withKeyspaces(keyspaces.stream().map(k -> k.withMinSpaceSaving(ratio)).toList());
  }

  /** The same, with retired segments going without waiting for the next checkpoint. */
  public HotSwapOptions withForceDelete() {
    return new HotSwapOptions(
        runId, keyspaces, true, rateLimitBytesPerSecond, temporaryFolder, timeout, cancel);
  }

  /** The same at another rate; 0: unlimited. */
  public HotSwapOptions withRateLimitBytesPerSecond(long bytes) {
    return new HotSwapOptions(
        runId, keyspaces, forceDelete, bytes, temporaryFolder, timeout, cancel);
  }

  /**
   * The same, writing new files to a folder of the store's directory and file system that is called
   * {@code _compacting} or {@code _compacting-}…; it is made if need be, and stays, empty.
   */
  public HotSwapOptions withTemporaryDirectory(String name) {
    return new HotSwapOptions(
        runId,
        keyspaces,
        forceDelete,
        rateLimitBytesPerSecond,
        new TemporaryFolder(name),
        timeout,
        cancel);
  }

  /** The same with a time after which it is rolled back. */
  public HotSwapOptions withTimeout(Duration other) {
    return new HotSwapOptions(
        runId, keyspaces, forceDelete, rateLimitBytesPerSecond, temporaryFolder, other, cancel);
  }

  /** The same that this token stops as well. */
  public HotSwapOptions withCancel(CancelToken token) {
    return new HotSwapOptions(
        runId, keyspaces, forceDelete, rateLimitBytesPerSecond, temporaryFolder, timeout, token);
  }

  CompactionRequest request(CompactionOptions keyspace) {
    return new CompactionRequest(
        runId, keyspace, forceDelete, rateLimitBytesPerSecond, temporaryFolder);
  }
}
