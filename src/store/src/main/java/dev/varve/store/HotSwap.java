package dev.varve.store;

import dev.varve.store.compaction.CancelToken;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** A compaction in the background, waiting for its turn, under way or over. */
public final class HotSwap {
  private final String runId;
  private final CancelToken token;
  private final CompletableFuture<List<CompactionEvent>> ends = new CompletableFuture<>();

  HotSwap(String runId, CancelToken token) {
    this.runId = runId;
    this.token = token;
  }

  /** Its name in events. */
  public String runId() {
    return runId;
  }

  /**
   * How it ended, one event a keyspace in the order asked for: completed, skipped or failed. Fails
   * with {@link NotLeaderException} or {@link CompactionBusyException} if a keyspace's run could
   * not begin; those before it ended as {@link Store#events} tells, those after it did not begin.
   * Completes on the thread that compacts: dependents must not block it. Cancelling this future
   * cancels nothing; {@link #cancel} does.
   */
  public CompletableFuture<List<CompactionEvent>> done() {
    return ends.copy();
  }

  /** {@link #done} as bytes that all keyspaces together became smaller by. */
  public CompletableFuture<Long> bytesReclaimed() {
    return ends.thenApply(events -> events.stream().mapToLong(CompactionEvent::spaceSaved).sum());
  }

  /**
   * Asks it to stop and returns at once. A run that has not reached its commit point is rolled
   * back: when {@link #done} completes nothing of it remains, and it ended as failed with reason
   * {@code Cancelled}. One that has reached it is completed.
   */
  public void cancel() {
    token.cancel(CancelToken.CANCELLED);
  }

  CancelToken token() {
    return token;
  }

  CompletableFuture<List<CompactionEvent>> ends() {
    return ends;
  }
}
