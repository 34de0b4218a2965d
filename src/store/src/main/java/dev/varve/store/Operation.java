package dev.varve.store;

import dev.varve.store.manifest.Edit;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

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
   * @param request by what they are appended once; null: each time
   * @param firstId set to the first one's id
   */
  record AppendEntries(
      String stream,
      List<byte[]> payloads,
      @Nullable RequestId request,
      AtomicLong firstId,
      CompletableFuture<Long> done)
      implements Leading {}

  /** An edit that needs nothing but a record. */
  record Propose(Edit edit, CompletableFuture<Long> done) implements Leading {}

  /** Remember requests from here on; completes with 0 if they are already. */
  record RememberRequests(CompletableFuture<Long> done) implements Leading {}

  /** Seal the active segment of a keyspace if it has a record; completes with 0 if it has none. */
  record Seal(String keyspace, CompletableFuture<Long> done) implements Leading {}

  /**
   * Of a leader with single files: copy what is left, with no group under way, and swap.
   *
   * @param last copies what is left of the file; on the syncer
   * @param done completes with the edit's sequence, or with 0 if too much was left
   */
  record Swap(String keyspace, LastRound last, CompletableFuture<Long> done) implements Operation {}

  /** The last round of a copy. */
  interface LastRound {
    /**
     * Copies the rest and makes the copy durable; null, having done nothing, if it is too much.
     *
     * @param closed the active file as it is, which nobody appends to meanwhile
     */
    Edit.@Nullable Swap copy(Edit.SegmentFile closed) throws IOException;
  }

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
