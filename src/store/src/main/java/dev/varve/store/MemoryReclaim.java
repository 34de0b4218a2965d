package dev.varve.store;

import dev.varve.store.compaction.CancelToken;
import dev.varve.store.compaction.CompactionOptions;
import dev.varve.store.compaction.CompactionPlan;
import dev.varve.store.compaction.CompactionPlanner;
import dev.varve.store.compaction.RateLimiter;
import dev.varve.store.compaction.SegmentRewriter;
import dev.varve.store.compaction.SegmentStats;
import dev.varve.store.compaction.Strategy;
import dev.varve.store.format.SegmentId;
import dev.varve.store.format.TemporaryFolder;
import dev.varve.store.manifest.Edit;
import dev.varve.store.storage.DiskFullException;
import dev.varve.store.storage.MemoryStorage;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Keeps a store in memory from growing with every overwrite: segments without a live record are
 * freed, and once half of a keyspace is dead the live records of its dead segments move together
 * first. Nobody asks for it, and no event tells of it: a user's compaction has nothing left to do.
 *
 * <p>Its edits are those of a compaction, and so is everything that follows from them. Looks run on
 * the maintenance executor, one at a time; a look never waits for the writer.
 */
final class MemoryReclaim {
  private static final System.Logger LOG = System.getLogger(MemoryReclaim.class.getName());

  /** What a plan says of a store in memory. */
  static final CompactionPlan PLAN =
      new CompactionPlan(
          false,
          CompactionPlan.MEMORY_LAYOUT,
          "the store is in memory: there is nothing to compact, dead segments are freed by"
              + " themselves",
          List.of(),
          0,
          0);

  /** A keyspace takes at most twice its live bytes, and two segments beyond them. */
  private static final double DEAD_RATIO_MIN = 0.5;

  /** While writes are refused for want of room, less is worth it. */
  private static final double DEAD_RATIO_MIN_WHEN_FULL = 0.05;

  private final MemoryStorage storage;
  private final Keyspaces keyspaces;
  private final LogTail tail;
  private final GroupCommit writer;
  private final Adoption adoption;
  private final Compactor compactor;
  private final Plans plans;
  private final Times times;
  private final RequestHorizons horizons;
  private final StoreRuntime runtime;
  private final AtomicBoolean pressed = new AtomicBoolean();

  /** Something was done for want of room: the look that follows is for the same. */
  private final AtomicBoolean stillPressed = new AtomicBoolean();

  private final AtomicBoolean proposing = new AtomicBoolean();

  MemoryReclaim(
      MemoryStorage storage,
      Keyspaces keyspaces,
      LogTail tail,
      GroupCommit writer,
      Adoption adoption,
      Compactor compactor,
      Plans plans,
      Times times,
      RequestHorizons horizons,
      StoreRuntime runtime) {
    this.storage = storage;
    this.keyspaces = keyspaces;
    this.tail = tail;
    this.writer = writer;
    this.adoption = adoption;
    this.compactor = compactor;
    this.plans = plans;
    this.times = times;
    this.horizons = horizons;
    this.runtime = runtime;
  }

  /**
   * The options with segments of which one can always be copied: into half of what the storage
   * keeps back.
   */
  static StoreOptions fitted(StoreOptions options, MemoryStorage storage) {
    long most = storage.reserveBytes() / 2;
    return options.withKeyspaces(
        options.keyspaces().stream()
            .map(
                k ->
                    new KeyspaceOptions(
                        k.name(), k.type(), Math.min(k.segmentBytes(), most), k.retention()))
            .toList());
  }

  /** There was no room for a write; returns whether that is news, and a look is due. */
  boolean press() {
    return pressed.compareAndSet(false, true);
  }

  /** Frees what is worth it. Another look follows when that is done. */
  void look() throws IOException {
    if (adoption.backlog() > 0 || proposing.get()) {
      return; // once that is through, there is another look
    }
    boolean still = stillPressed.getAndSet(false);
    boolean full = pressed.getAndSet(false) || still;
    for (Keyspace keyspace : keyspaces.all()) {
      if (look(keyspace, full)) {
        stillPressed.set(full);
        return;
      }
    }
  }

  private boolean look(Keyspace keyspace, boolean full) throws IOException {
    double deadRatioMin = full ? DEAD_RATIO_MIN_WHEN_FULL : DEAD_RATIO_MIN;
    CompactionOptions options =
        new CompactionOptions(
            keyspace.name(), Strategy.REWRITE, deadRatioMin, 0, deadRatioMin / 2, 0, false);
    long nowMs = times.read().hideMs();
    List<SegmentStats> stats = plans.stats(keyspace, nowMs);
    CompactionPlan plan = CompactionPlanner.plan(options, keyspace.segmentBytes(), stats);
    if (!plan.wouldCompact()) {
      return false;
    }
    List<SegmentId> inputs = fitting(plan);
    if (!inputs.isEmpty()) {
      return free(keyspace, inputs, stats, nowMs);
    }
    boolean sealable =
        plan.choices().stream().anyMatch(c -> c.selected() && c.segment().active()) && full;
    if (sealable) {
      // What is dead is in the active segment: the roll brings the next look.
      writer.submit(new Operation.Seal(keyspace.name(), new CompletableFuture<>()));
    }
    return sealable;
  }

  /** Of the sealed segments that are worth it those for whose live records there is room. */
  private List<SegmentId> fitting(CompactionPlan plan) {
    long room = storage.usableBytes() + storage.reserveBytes() * 3 / 4; // the rest is for lists
    List<SegmentId> inputs = new ArrayList<>();
    for (CompactionPlan.Choice choice : plan.choices()) {
      SegmentStats segment = choice.segment();
      if (choice.selected() && !segment.active() && segment.liveBytes() <= room) {
        room -= segment.liveBytes();
        inputs.add(segment.id());
      }
    }
    return inputs;
  }

  private boolean free(
      Keyspace keyspace, List<SegmentId> selected, List<SegmentStats> stats, long nowMs)
      throws IOException {
    String name = keyspace.name();
    long term = tail.appended().termStarts().getLast().term();
    SegmentRewriter rewriter =
        new SegmentRewriter(
            storage,
            name,
            keyspace.segmentBytes(),
            () -> tail.reserve(name, term),
            TemporaryFolder.BESIDE_OUTPUTS,
            RateLimiter.unlimited(),
            CancelToken.unbounded(),
            (bytes, totalBytes) -> {},
            Long.MAX_VALUE, // no other member copies it
            Runnable::run);
    List<LiveSegment> inputs = compactor.pin(keyspace, selected);
    SegmentRewriter.Result result;
    try {
      List<SegmentRewriter.Source> sources =
          inputs.stream()
              .map(
                  input ->
                      new SegmentRewriter.Source(
                          input.id(), input.reader().file(), input.committedLength()))
              .toList();
      List<SegmentId> order = sources.stream().map(SegmentRewriter.Source::id).toList();
      result =
          rewriter.rewrite(
              sources,
              InputLiveness.lookup(keyspace.keydir(), inputs),
              CompactionPlanner.lowestOutside(stats, order),
              nowMs,
              horizons.committed());
      rewriter.install();
    } catch (DiskFullException e) {
      LOG.log(System.Logger.Level.WARNING, "no room to free memory of {0}: {1}", name, e);
      return false;
    } finally {
      inputs.forEach(input -> input.reader().release());
    }
    propose(name, selected, rewriter, result);
    return true;
  }

  private void propose(
      String keyspace,
      List<SegmentId> inputs,
      SegmentRewriter rewriter,
      SegmentRewriter.Result result) {
    Edit.Compaction edit =
        new Edit.Compaction(
            "memory-" + result.runs().name(),
            keyspace,
            inputs,
            result.files(),
            result.runs(),
            result.runsLength(),
            result.runsCrc(),
            true,
            runtime.clock().nowMs(),
            result.droppedUpTo());
    proposing.set(true);
    CompletableFuture<Long> committed = new CompletableFuture<>();
    CompletableFuture<Long> _ =
        committed.whenComplete(
            (sequence, failure) -> {
              proposing.set(false);
              if (failure instanceof NotLeaderException || failure instanceof StoreFullException) {
                rewriter.discard(result, failure); // the edit is not in the log
              }
            });
    writer.submit(new Operation.Propose(edit, committed));
  }
}
