package dev.varve.store;

import dev.varve.store.compaction.CancelToken;
import dev.varve.store.compaction.CompactionCancelledException;
import dev.varve.store.compaction.CompactionPlan;
import dev.varve.store.compaction.CompactionPlanner;
import dev.varve.store.compaction.RateLimiter;
import dev.varve.store.compaction.RunListTooLongException;
import dev.varve.store.compaction.SegmentRewriter;
import dev.varve.store.compaction.SegmentStats;
import dev.varve.store.compaction.Strategy;
import dev.varve.store.format.SegmentId;
import dev.varve.store.manifest.Edit;
import dev.varve.store.manifest.Layout;
import dev.varve.store.retention.TrustedClock;
import dev.varve.store.segment.CorruptRecordException;
import dev.varve.store.storage.DiskFullException;
import dev.varve.store.storage.Storage;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Runs compactions on a leader, one at a time a keyspace. Until its edit is in the log a run
 * changes nothing but files that the manifest does not name; from the commit on adoption does the
 * rest, here as on every member.
 */
final class Compactor {
  private static final System.Logger LOG = System.getLogger(Compactor.class.getName());

  private final Storage storage;
  private final StoreRuntime runtime;
  private final Keyspaces keyspaces;
  private final Applied applied;
  private final Published published;
  private final LogTail tail;
  private final GroupCommit writer;
  private final Adoption adoption;
  private final Maintenance maintenance;
  private final Times times;
  private final RequestHorizons horizons;
  private final Plans plans;
  private final EventLog events;
  private final Supplier<Layout> layout;
  private final SingleFileCompaction singleFile;
  private final Ballast ballast;
  private final long runListBytesMax;
  private final Map<String, Running> running = new ConcurrentHashMap<>();
  private volatile boolean closed;

  /** A run under way, told of to those who ask. */
  private static final class Running {
    final String runId;
    volatile @Nullable CompactionEvent latest;

    Running(String runId) {
      this.runId = runId;
    }
  }

  Compactor(
      Storage storage,
      StoreRuntime runtime,
      Keyspaces keyspaces,
      Applied applied,
      Published published,
      LogTail tail,
      GroupCommit writer,
      Adoption adoption,
      Maintenance maintenance,
      Times times,
      RequestHorizons horizons,
      Plans plans,
      EventLog events,
      Ballast ballast,
      long runListBytesMax,
      Supplier<Layout> layout) {
    this.ballast = ballast;
    this.runListBytesMax = runListBytesMax;
    this.storage = storage;
    this.runtime = runtime;
    this.keyspaces = keyspaces;
    this.applied = applied;
    this.published = published;
    this.tail = tail;
    this.writer = writer;
    this.adoption = adoption;
    this.maintenance = maintenance;
    this.times = times;
    this.horizons = horizons;
    this.plans = plans;
    this.events = events;
    this.layout = layout;
    this.singleFile = new SingleFileCompaction(storage, runtime, applied, tail, writer);
  }

  Layout layout() {
    return layout.get();
  }

  private boolean isSingleFile() {
    return layout() == Layout.SINGLE_FILE;
  }

  /** Tells the runs under way to stop, which they do as soon as they look; waits for none. */
  void close() {
    closed = true;
  }

  /**
   * Why a run that began in a term has nothing left to run on; null if it has. A run is for one
   * term: in a later one another member may have replaced its inputs.
   */
  private @Nullable String obstacle(long term) {
    if (closed) {
      return HotSwaps.SHUTTING_DOWN;
    }
    LogState log = published.state();
    if (!log.leading()) {
      return CompactionReport.NOT_PRIMARY;
    }
    return log.last().term() == term ? null : CompactionReport.STALE_TERM;
  }

  /** The latest event of each run under way. */
  List<CompactionEvent> running() {
    return running.values().stream()
        .map(run -> run.latest)
        .filter(Objects::nonNull)
        .filter(event -> !event.type().ends())
        .toList();
  }

  CompactionEvent compact(
      CompactionRequest request, CompactionListener listener, CancelToken cancel)
      throws IOException {
    String name = request.options().keyspace();
    CompactionEvent earlier = events.end(request.runId(), name);
    if (earlier != null) {
      return earlier;
    }
    if (!published.state().leading()) {
      throw new NotLeaderException();
    }
    Running now = new Running(request.runId());
    Running other = running.putIfAbsent(name, now);
    if (other != null) {
      throw new CompactionBusyException(name, other.runId);
    }
    CompactionListener noting =
        event -> {
          now.latest = event;
          tell(listener, event);
        };
    try {
      return run(request, keyspaces.existing(name), noting, cancel);
    } finally {
      running.remove(name);
    }
  }

  /** A listener that fails is no reason for the run to: the event tells how that went. */
  private static void tell(CompactionListener listener, CompactionEvent event) {
    try {
      listener.on(event);
    } catch (RuntimeException e) {
      LOG.log(
          System.Logger.Level.WARNING,
          "the listener of compaction " + event.runId() + " failed on " + event.type(),
          e);
    }
  }

  private CompactionEvent run(
      CompactionRequest request, Keyspace keyspace, CompactionListener listener, CancelToken asked)
      throws IOException {
    CompactionReport report =
        new CompactionReport(
            request,
            listener,
            events,
            runtime.clock(),
            published.state().last().term(),
            plans.totalBytes(keyspace));
    report.started();
    CancelToken cancel = asked.narrower(() -> obstacle(report.term()));
    try {
      cancel.check();
      awaitAdoption(cancel); // inputs are what the manifest names from here on
      runtime.await(maintenance.swept(keyspace), cancel); // what is cut off counts as dead
      // One time for all decisions: what the plan counts as expired the run drops.
      TrustedClock.Reading now = times.read();
      long nowMs = now.hideMs();
      horizons.advance(now); // before what lies below may be dropped
      try {
        return planned(request, keyspace, nowMs, report, cancel);
      } catch (DiskFullException e) {
        // More was needed than was foreseen. It is rolled back: once more, with the ballast's room.
        if (!ballast.release()) {
          throw e;
        }
        return planned(request, keyspace, nowMs, report, cancel);
      }
    } catch (IOException e) {
      if (e instanceof CorruptRecordException met) {
        keyspaces.damaged().note(met);
      }
      return report.failed(e);
    } catch (RuntimeException e) {
      return report.failed(explained(e, request, report));
    } finally {
      maintenance.buildBallast();
    }
  }

  /** A run that lost its ground meets an index that is closed, or an edit that no longer fits. */
  private Exception explained(
      RuntimeException met, CompactionRequest request, CompactionReport report) {
    String lost = obstacle(report.term());
    if (lost == null) {
      return met;
    }
    LOG.log(System.Logger.Level.INFO, "compaction " + request.runId() + " stops: " + lost, met);
    return new CompactionCancelledException(lost);
  }

  private CompactionEvent planned(
      CompactionRequest request,
      Keyspace keyspace,
      long nowMs,
      CompactionReport report,
      CancelToken cancel)
      throws IOException {
    CompactionPlan plan = plans.plan(request.options(), nowMs);
    if (!plan.wouldCompact()) {
      return report.skipped(plan.reason(), plan.message());
    }
    if (isSingleFile()) {
      singleFile.run(
          request, keyspace, nowMs, horizons.committed(), limiter(request), report, cancel);
      return committed(keyspace, report, cancel);
    }
    if (sealActive(keyspace, plan)) {
      plan = plans.planSealed(request.options(), nowMs);
      if (!plan.wouldCompact()) {
        return report.skipped(plan.reason(), plan.message());
      }
    }
    List<SegmentStats> stats = plans.stats(keyspace, nowMs);
    List<SegmentId> inputs = plan.selected();
    if (request.options().strategy() != Strategy.SHIFT) {
      inputs = CopyRoom.fitting(inputs, stats, storage.usableBytes());
      if (inputs.isEmpty() && ballast.release()) {
        inputs = CopyRoom.fitting(plan.selected(), stats, storage.usableBytes());
      }
      if (inputs.isEmpty()) {
        throw new DiskFullException(keyspace.name(), null);
      }
    }
    List<SegmentId> left = inputs;
    while (!left.isEmpty()) {
      int done = rewriteSome(request, keyspace, left, stats, nowMs, report, cancel);
      left = left.subList(done, left.size());
      if (!left.isEmpty()) {
        awaitAdoption(cancel); // the next edit's inputs are what the manifest names
      }
    }
    return committed(keyspace, report, cancel);
  }

  /**
   * As many of the segments as one run list can tell of, from the first on: every other member has
   * to copy the list before it takes the edit.
   *
   * @return how many
   */
  private int rewriteSome(
      CompactionRequest request,
      Keyspace keyspace,
      List<SegmentId> wanted,
      List<SegmentStats> stats,
      long nowMs,
      CompactionReport report,
      CancelToken cancel)
      throws IOException {
    List<SegmentId> some = wanted;
    while (true) {
      try {
        rewrite(request, keyspace, some, stats, nowMs, report, cancel);
        return some.size();
      } catch (RunListTooLongException e) {
        if (e.fitting() == 0) {
          throw e;
        }
        LOG.log(
            System.Logger.Level.INFO,
            "compaction {0} makes several edits: {1}",
            request.runId(),
            e.getMessage());
        some = some.subList(0, e.fitting());
      }
    }
  }

  /** Tries at once what has failed before this looked: nobody else would soon. */
  private void awaitAdoption(CancelToken cancel) throws IOException {
    CompletableFuture<Void> idle = adoption.whenIdle();
    if (!idle.isDone()) {
      maintenance.retryAdoption();
    }
    runtime.await(idle, cancel);
  }

  /** Returns whether the plan is to be made anew, of what is sealed. */
  private boolean sealActive(Keyspace keyspace, CompactionPlan plan) throws IOException {
    boolean selected = plan.choices().stream().anyMatch(c -> c.selected() && c.segment().active());
    if (!selected) {
      return false;
    }
    try {
      runtime.await(
          ballast.relieve(
              () -> {
                CompletableFuture<Long> sealed = new CompletableFuture<>();
                writer.submit(new Operation.Seal(keyspace.name(), sealed));
                return sealed;
              }));
    } catch (StoreFullException e) {
      if (e.isOfDisk()) {
        throw e;
      }
      // There may be no more segments: what others free makes room for that.
      LOG.log(System.Logger.Level.INFO, "compacts the sealed segments alone: {0}", e.getMessage());
    }
    return true;
  }

  private void rewrite(
      CompactionRequest request,
      Keyspace keyspace,
      List<SegmentId> selected,
      List<SegmentStats> stats,
      long nowMs,
      CompactionReport report,
      CancelToken cancel)
      throws IOException {
    List<LiveSegment> inputs = pin(keyspace, selected);
    try {
      List<SegmentRewriter.Source> sources = new ArrayList<>();
      List<String> files = new ArrayList<>();
      for (LiveSegment input : inputs) {
        sources.add(
            new SegmentRewriter.Source(input.id(), input.reader().file(), input.committedLength()));
        files.add(input.reader().path());
      }
      report.inputs(files);
      if (request.options().strategy() == Strategy.SHIFT) {
        horizons.raiseTo(inputs.stream().mapToLong(LiveSegment::maxSequence).max().orElse(0));
      }
      long term = report.term();
      SegmentRewriter rewriter =
          new SegmentRewriter(
              storage,
              keyspace.name(),
              keyspace.segmentBytes(),
              () -> tail.reserve(keyspace.name(), term),
              request.temporaryFolder(),
              limiter(request),
              cancel,
              report::progress,
              runListBytesMax,
              runtime.copies());
      SegmentRewriter.Result result =
          switch (request.options().strategy()) {
            case SHIFT -> rewriter.drop(sources, InputLiveness.lookup(keyspace.keydir(), inputs));
            case SCAN ->
                copy(
                    rewriter, sources, InputLiveness.scan(keyspace.keydir(), inputs), stats, nowMs);
            case LOOKUP ->
                copy(
                    rewriter,
                    sources,
                    InputLiveness.lookup(keyspace.keydir(), inputs),
                    stats,
                    nowMs);
            case REWRITE, NONE ->
                copy(
                    rewriter,
                    sources,
                    InputLiveness.cheaper(
                        keyspace.keydir(),
                        inputs,
                        stats.stream().mapToLong(SegmentStats::totalBytes).sum()),
                    stats,
                    nowMs);
          };
      rewriter.install();
      publish(request, keyspace, selected, rewriter, result);
      report.rewritten(result, sources);
    } finally {
      inputs.forEach(input -> input.reader().release());
    }
  }

  private RateLimiter limiter(CompactionRequest request) {
    return RateLimiter.yieldingTo(
        runtime.foregroundLatency(),
        request.rateLimitBytesPerSecond(),
        System::nanoTime,
        LockSupport::parkNanos);
  }

  private SegmentRewriter.Result copy(
      SegmentRewriter rewriter,
      List<SegmentRewriter.Source> sources,
      SegmentRewriter.Liveness liveness,
      List<SegmentStats> stats,
      long nowMs)
      throws IOException {
    List<SegmentId> inputs = sources.stream().map(SegmentRewriter.Source::id).toList();
    long droppableBelow = CompactionPlanner.lowestOutside(stats, inputs);
    return rewriter.rewrite(sources, liveness, droppableBelow, nowMs, horizons.committed());
  }

  /** The edit is in the log: whatever goes wrong from here on, the run did what it was asked to. */
  private CompactionEvent committed(
      Keyspace keyspace, CompactionReport report, CancelToken cancel) {
    try {
      awaitAdoption(cancel);
    } catch (IOException | CompletionException e) {
      return report.completedButNotAdopted(e);
    }
    return report.completed(plans.totalBytes(keyspace));
  }

  /** The selected segments, each with a reference that the caller releases. */
  List<LiveSegment> pin(Keyspace keyspace, List<SegmentId> selected) {
    List<LiveSegment> inputs = new ArrayList<>();
    applied.lock().lock();
    try {
      for (LiveSegment segment : keyspace.segments()) {
        if (selected.contains(segment.id())) {
          if (!segment.sealed() || !segment.reader().tryAcquire()) {
            inputs.forEach(input -> input.reader().release());
            throw new IllegalStateException(segment.reader().path() + " can't be compacted now");
          }
          inputs.add(segment);
        }
      }
    } finally {
      applied.lock().unlock();
    }
    return inputs;
  }

  /** The commit point. */
  private void publish(
      CompactionRequest request,
      Keyspace keyspace,
      List<SegmentId> selected,
      SegmentRewriter rewriter,
      SegmentRewriter.Result result)
      throws IOException {
    Edit.Compaction edit =
        new Edit.Compaction(
            request.runId(),
            keyspace.name(),
            selected,
            result.files(),
            result.runs(),
            result.runsLength(),
            result.runsCrc(),
            request.forceDelete(),
            runtime.clock().nowMs(),
            result.droppedUpTo());
    try {
      keyspace.table().requireSlots(result.files().size());
      runtime.await(
          ballast.relieve(
              () -> {
                CompletableFuture<Long> committed = new CompletableFuture<>();
                writer.submit(new Operation.Propose(edit, committed));
                return committed;
              }));
    } catch (NotLeaderException | StoreFullException e) {
      rewriter.discard(result, e); // the edit is not in the log; otherwise a cut or recovery tells
      throw e;
    } catch (CompletionException e) {
      if (e.getCause() instanceof IllegalArgumentException) {
        rewriter.discard(result, e); // nor if it contradicts the log
      }
      throw e;
    }
  }
}
