package dev.varve.store;

import dev.varve.store.compaction.CompactionOptions;
import dev.varve.store.compaction.CompactionPlan;
import dev.varve.store.compaction.CompactionPlanner;
import dev.varve.store.compaction.SegmentStats;
import dev.varve.store.compaction.Strategy;
import dev.varve.store.manifest.KeyspaceType;
import dev.varve.store.manifest.Layout;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/** What the planner is told of a keyspace, and what it makes of it. */
final class Plans {
  private final Keyspaces keyspaces;
  private final Applied applied;
  private final Times times;
  private final Supplier<Layout> layout;

  Plans(Keyspaces keyspaces, Applied applied, Times times, Supplier<Layout> layout) {
    this.layout = layout;
    this.keyspaces = keyspaces;
    this.applied = applied;
    this.times = times;
  }

  /** As of now. */
  CompactionPlan plan(CompactionOptions options) {
    return plan(options, times.read().hideMs());
  }

  /**
   * As of a time.
   *
   * @param nowMs what expired by then counts as expired
   */
  CompactionPlan plan(CompactionOptions options, long nowMs) {
    if (layout.get() == Layout.MEMORY) {
      return MemoryReclaim.PLAN;
    }
    Keyspace keyspace = keyspaces.existing(options.keyspace());
    if (options.strategy() == Strategy.SHIFT && keyspace.type() == KeyspaceType.STREAM) {
      return new CompactionPlan(
          false, CompactionPlan.DISABLED, "streams are trimmed, not shifted", List.of(), 0, 0);
    }
    if (options.strategy() == Strategy.SHIFT && layout.get() == Layout.SINGLE_FILE) {
      return new CompactionPlan(
          false,
          CompactionPlan.DISABLED,
          "a single file has no oldest segments to drop",
          List.of(),
          0,
          0);
    }
    return CompactionPlanner.plan(options, keyspace.segmentBytes(), stats(keyspace, nowMs));
  }

  /**
   * The plan without the active segment, which may hold dead bytes again as soon as the one before
   * is sealed.
   */
  CompactionPlan planSealed(CompactionOptions options, long nowMs) {
    Keyspace keyspace = keyspaces.existing(options.keyspace());
    List<SegmentStats> sealed =
        stats(keyspace, nowMs).stream().map(s -> s.active() ? s.uncommitted() : s).toList();
    return CompactionPlanner.plan(options, keyspace.segmentBytes(), sealed);
  }

  List<SegmentStats> stats(Keyspace keyspace, long nowMs) {
    List<SegmentStats> stats = new ArrayList<>();
    applied.lock().lock();
    try {
      for (LiveSegment segment : keyspace.segments()) {
        stats.add(
            new SegmentStats(
                segment.id(),
                segment.committedLength(),
                segment.liveBytes(),
                segment.tombstoneBytes(),
                segment.expiredBytes(nowMs),
                lowestVisible(segment, keyspace.cutOff().sequence()),
                segment.maxSequence(),
                segment.maxTombstoneSequence(),
                !segment.sealed(),
                true));
      }
    } finally {
      applied.lock().unlock();
    }
    return stats;
  }

  /** What is cut off never becomes visible again, so that no tombstone needs to hide it. */
  private static long lowestVisible(LiveSegment segment, long cutOff) {
    return segment.maxSequence() < cutOff
        ? Long.MAX_VALUE
        : Math.max(segment.minSequence(), cutOff);
  }

  /** Record bytes in the keyspace's segments. */
  long totalBytes(Keyspace keyspace) {
    return stats(keyspace, 0).stream().mapToLong(SegmentStats::totalBytes).sum();
  }
}
