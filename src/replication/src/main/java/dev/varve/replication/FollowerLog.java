package dev.varve.replication;

import dev.varve.replication.Response.AppendOutcome;
import dev.varve.store.Attachment;
import dev.varve.store.LogDivergedException;
import dev.varve.store.LogEntry;
import dev.varve.store.LogPosition;
import dev.varve.store.LogState;
import dev.varve.store.ShardLog;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * The log of a member that follows: takes entries from the one who leads, several groups at a time,
 * cuts what contradicts them, and knows how far it is the same as the leader's log. On the
 * scheduler only.
 */
final class FollowerLog {
  /** What became of entries that were offered. */
  record Taken(AppendOutcome outcome, String detail) {}

  /** Bytes given to the store and not yet durable; beyond it the sender is asked to wait. */
  private static final long QUEUED_BYTES_MAX = 48L << 20;

  private final MemberThread thread;
  private @Nullable ShardLog log;
  private boolean taking;
  private TermStarts tail = TermStarts.EMPTY;
  private long durableMatch;
  private long leadership;
  private long queuedBytes;
  private int outstanding;
  private boolean disturbed;
  private int divergences;

  FollowerLog(MemberThread thread) {
    this.thread = thread;
  }

  /**
   * Begins to take entries for this log; if something of an earlier role is still queued there, not
   * before that ended.
   */
  void open(ShardLog opened) {
    taking = true;
    use(opened);
    forgetMatch();
    divergences = 0;
    if (outstanding > 0) {
      disturbed = true;
    } else {
      tail = TermStarts.of(opened.state());
    }
  }

  void close() {
    taking = false;
  }

  /** Takes nothing until {@code ended}: until then only that log knows where it ends. */
  void waitFor(ShardLog busy, CompletableFuture<?> ended) {
    use(busy);
    outstanding++;
    disturbed = true;
    thread.when(ended, done -> finished(busy, 0, null), failure -> finished(busy, 0, failure));
  }

  private void use(ShardLog other) {
    if (log != other) {
      log = other;
      tail = TermStarts.of(other.state());
      queuedBytes = 0;
      outstanding = 0;
      disturbed = false;
    }
  }

  /** Another leads now: nothing is known about how far the logs are the same. */
  void forgetMatch() {
    durableMatch = 0;
    leadership++;
  }

  /**
   * The leader's log holds {@code position}: so this log is the same up to there, if it holds it
   * too.
   */
  void match(LogPosition position) {
    if (taking && outstanding == 0 && !disturbed && tail.holds(position)) {
      durableMatch = Math.max(durableMatch, position.sequence());
    }
  }

  /** The log with what is queued. */
  TermStarts tail() {
    return tail;
  }

  /**
   * How far this log is durable and known to be the same as the leader's: all that may be
   * acknowledged. Not the end of the log, which may hold what the leader never had.
   */
  LogPosition durableMatch() {
    return tail.positionAt(durableMatch);
  }

  long committed() {
    ShardLog current = log;
    return current == null ? 0 : current.state().committed();
  }

  /** Whether the entries keep contradicting this log's files, so that only an image helps. */
  boolean needsImage() {
    return divergences >= 2;
  }

  /**
   * What the leader calls committed is committed here as far as the logs are known to be the same.
   */
  void commit(long leaderCommitted) {
    ShardLog current = log;
    if (current != null) {
      current.commit(Math.min(leaderCommitted, durableMatch));
    }
  }

  /** The attachments that must be stored before these entries can be taken. */
  List<Attachment> missingAttachments(List<LogEntry> entries) throws IOException {
    ShardLog current = log;
    return current == null ? List.of() : current.missingAttachments(entries);
  }

  /**
   * Takes the leader's entries after {@code previous}. Completes on the scheduler when they are
   * durable, or were not taken. What this log holds beyond its common part with them is cut, but
   * never what is committed.
   */
  CompletableFuture<Taken> take(LogPosition previous, List<LogEntry> entries) {
    ShardLog current = log;
    if (current == null || !taking || disturbed) {
      return taken(
          AppendOutcome.BUSY, disturbed ? "waits for the log to settle" : "no store is open");
    }
    Taking decided = Taking.decide(tail, previous, entries);
    if (decided == null) {
      return taken(AppendOutcome.MISMATCH, "ends at " + tail.last());
    }
    if (queuedBytes > QUEUED_BYTES_MAX) {
      return taken(AppendOutcome.BUSY, "too much is queued");
    }
    if (decided.cut()) {
      long keep = decided.keep();
      if (keep < current.state().committed()) {
        throw new IllegalStateException(
            "told to cut to " + keep + ", below the committed " + current.state().committed());
      }
      durableMatch = Math.min(durableMatch, keep);
      CompletableFuture<Taken> _ = track(current, current.cut(keep), 0, 0);
    }
    tail = decided.applied(tail);
    int bytes = decided.fresh().stream().mapToInt(LogEntry::bytes).sum();
    // Even with nothing new: the answer must wait until what is queued before is durable.
    return track(current, current.append(decided.fresh()), bytes, decided.upTo());
  }

  private CompletableFuture<Taken> track(
      ShardLog current, CompletableFuture<LogState> done, int bytes, long upTo) {
    CompletableFuture<Taken> result = new CompletableFuture<>();
    long under = leadership;
    outstanding++;
    queuedBytes += bytes;
    thread.when(
        done,
        state -> {
          if (log == current && under == leadership) {
            durableMatch = Math.max(durableMatch, upTo);
          }
          finished(current, bytes, null);
          result.complete(new Taken(AppendOutcome.ACCEPTED, ""));
        },
        failure -> {
          finished(current, bytes, failure);
          result.complete(new Taken(AppendOutcome.BUSY, String.valueOf(failure.getMessage())));
        });
    return result;
  }

  private void finished(ShardLog current, int bytes, @Nullable Throwable failure) {
    if (log != current) {
      return;
    }
    outstanding--;
    queuedBytes -= bytes;
    if (failure != null) {
      disturbed = true;
      divergences += failure instanceof LogDivergedException ? 1 : 0;
    } else if (!disturbed) {
      divergences = 0;
    }
    if (disturbed && outstanding == 0) {
      // What was queued behind the failure failed too; only the log itself knows where it ends now.
      disturbed = false;
      tail = TermStarts.of(current.state());
      durableMatch = Math.min(durableMatch, tail.last().sequence());
    }
  }

  private static CompletableFuture<Taken> taken(AppendOutcome outcome, String detail) {
    return CompletableFuture.completedFuture(new Taken(outcome, detail));
  }
}
