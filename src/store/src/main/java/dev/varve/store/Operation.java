package dev.varve.store;

import dev.varve.store.manifest.Edit;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;

/** What the writer is asked to do, one after the other. */
sealed interface Operation {
  /** What whoever asked waits for. */
  CompletableFuture<?> done();

  /** Operations of a leader, which are gathered into groups. */
  sealed interface Leading extends Operation {
    @Override
    CompletableFuture<Long> done();
  }

  /** A batch. */
  record Write(WriteBatch batch, CompletableFuture<Long> done) implements Leading {}

  /**
   * Entries of a stream, which get their ids when they are staged.
   *
   * @param firstId set to the first one's id
   */
  record AppendEntries(
      String stream, List<byte[]> payloads, AtomicLong firstId, CompletableFuture<Long> done)
      implements Leading {}

  /** An edit that needs nothing but a record. */
  record Propose(Edit edit, CompletableFuture<Long> done) implements Leading {}

  /** Seal the active segment of a keyspace if it has a record; completes with 0 if it has none. */
  record Seal(String keyspace, CompletableFuture<Long> done) implements Leading {}

  /** A replica's append. */
  record Append(List<LogEntry> entries, CompletableFuture<LogState> done) implements Operation {}

  /** Remove the end of the log. */
  record Cut(long lastSequenceKept, CompletableFuture<LogState> done) implements Operation {}

  /** Start a term. */
  record Lead(long term, LogListener listener, CompletableFuture<LogState> done)
      implements Operation {}

  /** Stop leading. */
  record Resign(CompletableFuture<Void> done) implements Operation {}

  /** Take no more. */
  record Close(CompletableFuture<Void> done) implements Operation {}
}
