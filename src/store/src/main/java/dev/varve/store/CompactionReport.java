package dev.varve.store;

import dev.varve.store.compaction.CompactionCancelledException;
import dev.varve.store.compaction.RunListTooLongException;
import dev.varve.store.compaction.SegmentRewriter;
import dev.varve.store.compaction.Strategy;
import dev.varve.store.recovery.CorruptionException;
import dev.varve.store.segment.CorruptRecordException;
import dev.varve.store.storage.DiskFullException;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletionException;
import java.util.stream.Stream;

/** Tells the listener and the event log of one run. */
final class CompactionReport {
  private static final System.Logger LOG = System.getLogger(CompactionReport.class.getName());

  /** Why a run ended whose store no longer leads. */
  static final String NOT_PRIMARY = "NotPrimary";

  /** Why a run ended whose store leads another term by now. */
  static final String STALE_TERM = "StaleTerm";

  /** Why a run ended that met something which nobody foresaw; the log has its stack. */
  private static final String INTERNAL_ERROR = "InternalError";

  private final CompactionRequest request;
  private final CompactionListener listener;
  private final EventLog events;
  private final WallClock clock;
  private final long term;
  private final long bytesBefore;
  private final long startedMs;
  private List<String> files = List.of();
  private List<String> replaced = List.of();
  private double progress;
  private long recordsScanned;
  private long recordsDropped;
  private long saved;

  CompactionReport(
      CompactionRequest request,
      CompactionListener listener,
      EventLog events,
      WallClock clock,
      long term,
      long bytesBefore) {
    this.request = request;
    this.listener = listener;
    this.events = events;
    this.clock = clock;
    this.term = term;
    this.bytesBefore = bytesBefore;
    this.startedMs = clock.nowMs();
  }

  long term() {
    return term;
  }

  /** What the run's next edit replaces. */
  void inputs(List<String> paths) {
    files = Stream.concat(replaced.stream(), paths.stream()).toList();
  }

  void started() {
    keep(event(CompactionEvent.Type.STARTED, bytesBefore, 0, "Started", "compaction started"));
  }

  void progress(long bytesRead, long bytesInAll) {
    progress = bytesInAll == 0 ? 0 : (double) bytesRead / bytesInAll;
    listener.on(
        event(
            CompactionEvent.Type.PROGRESS,
            bytesBefore,
            0,
            "Progress",
            String.format(Locale.ROOT, "read %d of %d bytes", bytesRead, bytesInAll)));
  }

  void rewritten(SegmentRewriter.Result result, List<SegmentRewriter.Source> sources) {
    recordsScanned += result.recordsScanned();
    recordsDropped += result.recordsDropped();
    replaced = files;
    saved +=
        sources.stream().mapToLong(SegmentRewriter.Source::length).sum() - result.bytesCopied();
  }

  CompactionEvent completed(long bytesAfter) {
    progress = 1;
    return keep(event(CompactionEvent.Type.COMPLETED, bytesAfter, saved, "Compacted", reclaimed()));
  }

  /** The inputs are replaced in the log, but this member does not read from the outputs yet. */
  CompactionEvent completedButNotAdopted(Exception cause) {
    progress = 1;
    return keep(
        event(
            CompactionEvent.Type.COMPLETED,
            bytesBefore - saved,
            saved,
            "Compacted",
            String.format(
                Locale.ROOT,
                "%s; the inputs stay until this member has moved to the outputs, which is tried"
                    + " again: %s",
                reclaimed(),
                said(cause))));
  }

  private String reclaimed() {
    boolean shifted = request.options().strategy() == Strategy.SHIFT;
    return String.format(
        Locale.ROOT,
        shifted
            ? "dropped %s (%.0f %%) with the %d oldest segments, live records included"
            : "reclaimed %s (%.0f %%) from %d segments",
        ByteCount.of(saved),
        bytesBefore == 0 ? 0 : 100.0 * saved / bytesBefore,
        files.size());
  }

  CompactionEvent skipped(String reason, String message) {
    return keep(event(CompactionEvent.Type.SKIPPED, bytesBefore, 0, reason, message));
  }

  CompactionEvent failed(Exception cause) {
    String reason = reason(cause);
    if (reason.equals(INTERNAL_ERROR)) {
      LOG.log(
          System.Logger.Level.ERROR,
          "compaction " + request.runId() + " of " + request.options().keyspace() + " failed",
          cause);
    }
    String partly =
        replaced.isEmpty()
            ? ""
            : String.format(
                Locale.ROOT, "; %d segments were compacted before, which stays", replaced.size());
    return keep(
        event(
            CompactionEvent.Type.FAILED, bytesBefore - saved, saved, reason, said(cause) + partly));
  }

  private static String said(Exception cause) {
    Throwable said =
        cause instanceof CompletionException && cause.getCause() != null ? cause.getCause() : cause;
    return said.getMessage() == null ? said.toString() : said.getMessage();
  }

  private static String reason(Exception cause) {
    return switch (cause) {
      case CompactionCancelledException cancelled -> cancelled.reason();
      case DiskFullException _, StoreFullException _ -> "DiskFull";
      case RunListTooLongException _ -> "RunListTooLong";
      case CorruptRecordException _, CorruptionException _ -> "Corruption";
      case NotLeaderException _ -> NOT_PRIMARY;
      case OutcomeUnknownException _ -> "OutcomeUnknown";
      case StorePoisonedException _ -> "Poisoned";
      case StoreClosedException _ -> HotSwaps.SHUTTING_DOWN;
      case IOException _ -> "IoError";
      default -> INTERNAL_ERROR;
    };
  }

  private CompactionEvent keep(CompactionEvent event) {
    CompactionEvent kept = events.append(event);
    listener.on(kept);
    return kept;
  }

  private CompactionEvent event(
      CompactionEvent.Type type, long bytesAfter, long spaceSaved, String reason, String message) {
    long nowMs = clock.nowMs();
    return new CompactionEvent(
        0,
        type,
        request.runId(),
        request.options().keyspace(),
        request.options().strategy(),
        nowMs,
        files,
        bytesBefore,
        bytesAfter,
        spaceSaved,
        nowMs - startedMs,
        progress,
        recordsScanned,
        recordsDropped,
        type == CompactionEvent.Type.COMPLETED ? files.size() : 0,
        type == CompactionEvent.Type.FAILED ? 1 : 0,
        reason,
        message,
        term);
  }
}
