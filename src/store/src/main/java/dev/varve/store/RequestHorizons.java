package dev.varve.store;

import dev.varve.store.manifest.Edit;
import dev.varve.store.retention.TrustedClock;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Marks of time on a leader, and by them up to where requests may be forgotten. A horizon is
 * committed before anything at or below it is dropped: whoever leads then knows that it may be
 * gone.
 */
final class RequestHorizons {
  /** Marks of time are as close to each other as this part of the shortest age asked for. */
  private static final long MARKS_IN_AGE = 16;

  private static final long MARK_INTERVAL_MS_MIN = 1000;

  private final StoreRuntime runtime;
  private final Applied applied;
  private final Published published;
  private final GroupCommit writer;
  private final Times times;

  RequestHorizons(
      StoreRuntime runtime, Applied applied, Published published, GroupCommit writer, Times times) {
    this.runtime = runtime;
    this.applied = applied;
    this.published = published;
    this.writer = writer;
    this.times = times;
  }

  /** Up to where requests may be forgotten, committed; 0: none is remembered at all. */
  long committed() {
    applied.lock().lock();
    try {
      return applied.manifest().requestHorizon();
    } finally {
      applied.lock().unlock();
    }
  }

  private long lastRequest() {
    applied.lock().lock();
    try {
      return applied.lastRequest();
    } finally {
      applied.lock().unlock();
    }
  }

  /** Notes that what is applied was written by now, if that was not noted just before. */
  void mark(TrustedClock.Reading now, long shortestAgeMs) throws IOException {
    long sequence = published.state().applied();
    // After the sequence: what is stamped was written before.
    long stampMs = Math.max(now.stampMs(), times.read().stampMs());
    long intervalMs = Math.max(MARK_INTERVAL_MS_MIN, shortestAgeMs / MARKS_IN_AGE);
    Edit.@Nullable TimeMark last = times.lastMark();
    boolean due =
        last == null || (sequence > last.sequence() + 1 && stampMs - last.timeMs() >= intervalMs);
    if (due && sequence > 0) {
      propose(new Edit.TimeMark(sequence, stampMs));
    }
  }

  /** Lets go of requests that are older than they are remembered; on return that is committed. */
  void advance(TrustedClock.Reading now) throws IOException {
    long horizon = committed();
    long lastRequest = lastRequest();
    if (horizon == 0 || lastRequest <= horizon) {
      return; // a horizon for nobody would be a reason for the next mark, for ever
    }
    Edit.@Nullable TimeMark last = times.lastMark();
    if (last == null || lastRequest > last.sequence()) {
      mark(now, RequestId.REMEMBERED_MS);
    }
    raiseTo(times.writtenBy(now.hideMs() - RequestId.REMEMBERED_MS));
  }

  /** Lets go of all requests up to a sequence; on return that is committed. */
  void raiseTo(long sequence) throws IOException {
    long before = committed();
    if (before > 0 && sequence > before) {
      propose(new Edit.RequestHorizon(sequence));
    }
  }

  private void propose(Edit edit) throws IOException {
    CompletableFuture<Long> committed = new CompletableFuture<>();
    writer.submit(new Operation.Propose(edit, committed));
    runtime.await(committed);
  }
}
