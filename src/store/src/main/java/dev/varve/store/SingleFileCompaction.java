package dev.varve.store;

import dev.varve.store.compaction.CancelToken;
import dev.varve.store.compaction.CompactionCancelledException;
import dev.varve.store.compaction.FileCopy;
import dev.varve.store.compaction.OutputSegment;
import dev.varve.store.compaction.RateLimiter;
import dev.varve.store.compaction.SegmentRewriter;
import dev.varve.store.compaction.Strategy;
import dev.varve.store.manifest.Edit;
import dev.varve.store.storage.Storage;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Compacts a keyspace that is one file: copies what is live to a new file, catches up in rounds
 * with what is written meanwhile, and has the writer swap the two. The swap's edit is the commit
 * point; any failure before it leaves the store as it was and deletes the copy.
 */
final class SingleFileCompaction {
  /** Why a run ends that the writes outran. */
  static final String CANNOT_CATCH_UP = "CannotCatchUp";

  /** With no more than this left, the writer is asked to wait for the last round. */
  private static final long LEFT_BYTES = 1 << 20;

  /** More than this is not copied while writes wait: groups came in between. */
  private static final long LAST_ROUND_BYTES_MAX = 32 << 20;

  private static final int ROUNDS_MAX = 100;

  private final Storage storage;
  private final StoreRuntime runtime;
  private final Applied applied;
  private final LogTail tail;
  private final GroupCommit writer;

  SingleFileCompaction(
      Storage storage, StoreRuntime runtime, Applied applied, LogTail tail, GroupCommit writer) {
    this.storage = storage;
    this.runtime = runtime;
    this.applied = applied;
    this.tail = tail;
    this.writer = writer;
  }

  /**
   * Returns once the swap is committed.
   *
   * @param nowMs what expired by then is left out
   * @param requestHorizon but for requests of a higher sequence
   * @param limiter the rate of the first round
   */
  void run(
      CompactionRequest request,
      Keyspace keyspace,
      long nowMs,
      long requestHorizon,
      RateLimiter limiter,
      CompactionReport report,
      CancelToken cancel)
      throws IOException {
    LiveSegment active = pin(keyspace);
    try {
      report.inputs(List.of(active.reader().path()));
      SegmentRewriter.Source source =
          new SegmentRewriter.Source(active.id(), active.reader().file(), active.committedLength());
      try (FileCopy copy =
          new FileCopy(
              storage,
              keyspace.name(),
              source,
              tail.reserve(keyspace.name(), report.term()),
              tail.reserve(keyspace.name(), report.term()),
              cancel,
              report::progress)) {
        try {
          new Run(request, keyspace, active, copy, cancel, report)
              .run(nowMs, requestHorizon, limiter);
        } catch (OutcomeUnknownException | StorePoisonedException | StoreClosedException e) {
          throw e; // the edit may be in the log: the next opening tells, and deletes what is not
        } catch (IOException | RuntimeException e) {
          copy.discard(e);
          throw e;
        }
      }
    } finally {
      active.reader().release();
    }
  }

  private LiveSegment pin(Keyspace keyspace) {
    applied.lock().lock();
    try {
      LiveSegment active = keyspace.segments().getLast();
      if (active.sealed() || !active.reader().tryAcquire()) {
        throw new IllegalStateException(active.reader().path() + " can't be compacted now");
      }
      return active;
    } finally {
      applied.lock().unlock();
    }
  }

  /** One run. */
  private final class Run {
    private final CompactionRequest request;
    private final Keyspace keyspace;
    private final LiveSegment active;
    private final FileCopy copy;
    private final CancelToken cancel;
    private final CompactionReport report;
    private SegmentRewriter.@Nullable Result result;
    private long closedBytes;

    Run(
        CompactionRequest request,
        Keyspace keyspace,
        LiveSegment active,
        FileCopy copy,
        CancelToken cancel,
        CompactionReport report) {
      this.request = request;
      this.keyspace = keyspace;
      this.active = active;
      this.copy = copy;
      this.cancel = cancel;
      this.report = report;
    }

    void run(long nowMs, long requestHorizon, RateLimiter limiter) throws IOException {
      List<LiveSegment> inputs = List.of(active);
      boolean scan = request.options().strategy() == Strategy.SCAN;
      // The length first: a place that the index has is then below it, or of a later round.
      long committed = active.committedLength();
      copy.copyFirst(
          committed,
          scan
              ? InputLiveness.scan(keyspace.keydir(), inputs)
              : InputLiveness.lookup(keyspace.keydir(), inputs),
          nowMs,
          requestHorizon,
          limiter);
      int rounds = catchUp(inputs, 0);
      copy.install();
      while (!swap()) {
        rounds = catchUp(inputs, rounds);
      }
      SegmentRewriter.Result done = result;
      if (done != null) {
        report.rewritten(
            done,
            List.of(new SegmentRewriter.Source(active.id(), active.reader().file(), closedBytes)));
      }
    }

    private int catchUp(List<LiveSegment> inputs, int before) throws IOException {
      int rounds = before;
      do {
        cancel.check();
        if (++rounds > ROUNDS_MAX) {
          throw new CompactionCancelledException(CANNOT_CATCH_UP);
        }
        copy.copyMore(active.committedLength(), InputLiveness.lookup(keyspace.keydir(), inputs));
      } while (active.committedLength() - copy.copiedTo() > LEFT_BYTES);
      return rounds;
    }

    /** Returns whether it came to that: false if too much was left. */
    private boolean swap() throws IOException {
      CompletableFuture<Long> swapped = new CompletableFuture<>();
      writer.submit(new Operation.Swap(keyspace.name(), this::copyLast, swapped));
      return runtime.await(swapped) != 0;
    }

    private Edit.@Nullable Swap copyLast(Edit.SegmentFile closed) throws IOException {
      if (!closed.id().equals(active.id())) {
        throw new IllegalStateException(closed.id() + " is active, not " + active.id());
      }
      if (closed.length() - copy.copiedTo() > LAST_ROUND_BYTES_MAX) {
        return null;
      }
      cancel.check();
      OutputSegment opened = copy.copyLast(closed.length());
      SegmentRewriter.Result done = copy.result(opened);
      result = done;
      closedBytes = closed.length();
      return new Edit.Swap(
          request.runId(),
          keyspace.name(),
          closed,
          new Edit.SegmentFile(opened.id(), opened.length(), opened.crc()),
          done.runs(),
          request.forceDelete(),
          runtime.clock().nowMs());
    }
  }
}
