package dev.varve.store.compaction;

import dev.varve.store.compaction.CompactionPlan.Choice;
import dev.varve.store.format.SegmentId;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * Decides whether a keyspace is compacted and which of its segments. Pure: the same figures give
 * the same plan.
 *
 * <p>The thresholds hold for the keyspace as a whole. Once they do, every wholly committed segment
 * with a dead ratio of at least {@link #SEGMENT_DEAD_RATIO_MIN} is taken, best value first: benefit
 * by cost as in Rosenblum and Ousterhout, "The design and implementation of a log-structured file
 * system" (1992), section 3.6: (1 − u) · age ÷ (1 + u), with u the live share and age counted in
 * sequences. A segment that is all live is never taken for its own sake, however often it is asked.
 *
 * <p>What has expired counts as dead in the ratio, but like a tombstone it is only freed where no
 * segment outside the inputs can hold an older record of its key; what a run would save counts
 * exactly that.
 */
public final class CompactionPlanner {

  /** Below this a segment is left alone unless forced: copying 19 bytes to free one pays nobody. */
  public static final double SEGMENT_DEAD_RATIO_MIN = 0.05;

  private final CompactionOptions options;
  private final long segmentBytesMax;
  private final List<SegmentStats> segments;
  private final Map<SegmentId, String> selected = new LinkedHashMap<>();

  private CompactionPlanner(
      CompactionOptions options, long segmentBytesMax, List<SegmentStats> segments) {
    this.options = options;
    this.segmentBytesMax = segmentBytesMax;
    this.segments = segments;
  }

  /**
   * Plans a compaction of one keyspace.
   *
   * @param segmentBytesMax the size at which the keyspace's segments are sealed
   * @param segments all segments that make up the keyspace, the active one included
   */
  public static CompactionPlan plan(
      CompactionOptions options, long segmentBytesMax, List<SegmentStats> segments) {
    return new CompactionPlanner(options, segmentBytesMax, segments).plan();
  }

  private CompactionPlan plan() {
    long total = segments.stream().mapToLong(SegmentStats::totalBytes).sum();
    long kept = segments.stream().mapToLong(SegmentStats::keptBytes).sum();
    double deadRatio = total == 0 ? 0 : 1 - (double) kept / total;
    boolean tooMany = options.segmentsMax() > 0 && segments.size() > options.segmentsMax();
    if (options.strategy() == Strategy.NONE) {
      return not(CompactionPlan.DISABLED, "the strategy is None");
    }
    if (options.strategy() == Strategy.SHIFT) {
      return shift(tooMany);
    }
    if (!options.force() && !tooMany) {
      if (total < options.minBytes()) {
        return not(
            CompactionPlan.FILE_TOO_SMALL,
            String.format(Locale.ROOT, "%d bytes < %d", total, options.minBytes()));
      }
      if (deadRatio < options.minDeadRatio()) {
        return not(
            CompactionPlan.BELOW_THRESHOLD,
            String.format(
                Locale.ROOT, "dead ratio %.2f < %.2f", deadRatio, options.minDeadRatio()));
      }
    }
    switch (options.strategy()) {
      case REWRITE -> {
        selectByValue();
        selectForHidden();
        selectWithOlder();
        if (tooMany) {
          selectToMerge();
        }
      }
      case LOOKUP, SCAN -> selectOldest(tooMany);
      case SHIFT, NONE -> throw new IllegalStateException("planned above");
    }
    if (selected.isEmpty()) {
      return not(CompactionPlan.NOTHING_TO_RECLAIM, "no segment has enough dead bytes to free");
    }
    long saved = selectedStats().stream().mapToLong(SegmentStats::deadBytes).sum() + droppable();
    if (!options.force() && !tooMany && saved < options.minSpaceSaving() * total) {
      return not(
          CompactionPlan.LOW_YIELD,
          String.format(
              Locale.ROOT,
              "would save %.2f of %d bytes < %.2f",
              (double) saved / total,
              total,
              options.minSpaceSaving()));
    }
    long bytes = selectedStats().stream().mapToLong(SegmentStats::totalBytes).sum();
    String why =
        options.force()
            ? CompactionPlan.FORCED
            : deadRatio >= options.minDeadRatio() && total >= options.minBytes()
                ? CompactionPlan.THRESHOLDS_MET
                : CompactionPlan.TOO_MANY_SEGMENTS;
    return new CompactionPlan(
        true,
        why,
        String.format(
            Locale.ROOT,
            "dead ratio %.2f: %d of %d segments, %d bytes to free, %d to copy",
            deadRatio,
            selected.size(),
            segments.size(),
            saved,
            bytes - saved),
        choices(),
        saved,
        bytes - saved);
  }

  private void selectOldest(boolean tooMany) {
    OldestSegments oldest = new OldestSegments(segments);
    oldest
        .freeing(options.force() ? 0 : options.minDeadRatio(), Set.of())
        .forEach(
            s -> select(s, String.format(Locale.ROOT, "oldest, dead ratio %.2f", s.deadRatio())));
    if (tooMany) {
      oldest
          .mergedInto(options.segmentsMax(), segmentBytesMax)
          .forEach(s -> select(s, "oldest: more segments than may remain"));
    }
  }

  /** Only the number of segments counts: what is live goes as well. */
  private CompactionPlan shift(boolean tooMany) {
    if (!tooMany) {
      return not(
          CompactionPlan.NOTHING_TO_RECLAIM,
          options.segmentsMax() == 0
              ? "Shift drops what is beyond the most segments that may remain, and no such number"
                  + " is set"
              : String.format(
                  Locale.ROOT, "%d segments <= %d", segments.size(), options.segmentsMax()));
    }
    new OldestSegments(segments)
        .droppable(options.segmentsMax())
        .forEach(s -> select(s, "oldest: dropped with its live records"));
    if (selected.isEmpty()) {
      return not(
          CompactionPlan.NOTHING_TO_RECLAIM,
          "the oldest segments hold newer records than others do: Rewrite or Lookup first");
    }
    long bytes = selectedStats().stream().mapToLong(SegmentStats::totalBytes).sum();
    long live = selectedStats().stream().mapToLong(SegmentStats::liveBytes).sum();
    return new CompactionPlan(
        true,
        CompactionPlan.TOO_MANY_SEGMENTS,
        String.format(
            Locale.ROOT,
            "%d segments > %d: drops the %d oldest of %d bytes, and LOSES their %d live bytes",
            segments.size(),
            options.segmentsMax(),
            selected.size(),
            bytes,
            live),
        choices(),
        bytes,
        0);
  }

  private void selectByValue() {
    long newest = segments.stream().mapToLong(SegmentStats::maxSequence).max().orElse(0);
    segments.stream()
        .filter(SegmentStats::canBeCopied)
        .filter(
            s ->
                s.deadBytes() > 0
                    && (options.force() || share(s.deadBytes(), s) >= SEGMENT_DEAD_RATIO_MIN))
        .sorted(
            Comparator.comparingDouble((SegmentStats s) -> value(s, newest))
                .reversed()
                .thenComparing(SegmentStats::id))
        .forEach(s -> select(s, String.format(Locale.ROOT, "dead ratio %.2f", s.deadRatio())));
  }

  private static double value(SegmentStats segment, long newest) {
    double live = 1 - share(segment.deadBytes(), segment);
    return (1 - live) * (newest - segment.maxSequence() + 1) / (1 + live);
  }

  /**
   * Adds segments whose tombstones and expired records would hide nothing any more: with the inputs
   * so far and this one gone, no segment could hold a lower sequence. Oldest first, since each one
   * taken may free the next.
   */
  private void selectForHidden() {
    segments.stream()
        .sorted(Comparator.comparingLong(SegmentStats::maxSequence))
        .filter(SegmentStats::canBeCopied)
        .filter(s -> !selected.containsKey(s.id()))
        .forEach(
            s -> {
              long lowest =
                  segments.stream()
                      .filter(o -> !o.id().equals(s.id()) && !selected.containsKey(o.id()))
                      .mapToLong(SegmentStats::minSequence)
                      .min()
                      .orElse(Long.MAX_VALUE);
              long freed = s.droppableBelow(lowest);
              if (freed > 0 && (options.force() || share(freed, s) >= SEGMENT_DEAD_RATIO_MIN)) {
                select(s, "its tombstones and expired records hide nothing any more");
              }
            });
  }

  /**
   * Adds older segments that keep expired records and tombstones of others from going, if what goes
   * is worth reading them: a few records that never expire must not keep all later ones for good.
   */
  private void selectWithOlder() {
    double worth =
        options.force()
            ? SEGMENT_DEAD_RATIO_MIN
            : Math.max(SEGMENT_DEAD_RATIO_MIN, options.minDeadRatio());
    new OldestSegments(segments)
        .freeing(worth, selected.keySet())
        .forEach(s -> select(s, "with it gone, expired records and tombstones hide nothing"));
  }

  /** Adds the segments with the fewest live bytes until at most the bound would remain. */
  private void selectToMerge() {
    List<SegmentStats> rest =
        new ArrayList<>(
            segments.stream()
                .filter(s -> !s.active() && s.committed() && !selected.containsKey(s.id()))
                .sorted(Comparator.comparingLong(SegmentStats::liveBytes))
                .toList());
    List<SegmentStats> merged = new ArrayList<>();
    while (remaining(merged) > options.segmentsMax() && !rest.isEmpty()) {
      merged.add(rest.removeFirst());
    }
    // Merging that leaves as many segments as before would only copy.
    if (remaining(merged) < remaining(List.of())) {
      merged.forEach(s -> select(s, "merged: more segments than may remain"));
    }
  }

  private long remaining(List<SegmentStats> merged) {
    long live =
        selectedStats().stream().mapToLong(SegmentStats::liveBytes).sum()
            + merged.stream().mapToLong(SegmentStats::liveBytes).sum();
    long outputs = (live + segmentBytesMax - 1) / segmentBytesMax;
    return segments.size() - selected.size() - merged.size() + outputs;
  }

  /** Bytes of the inputs that hide nothing: their sequences lie below everything outside. */
  private long droppable() {
    long lowest = lowestOutside(segments, selected.keySet());
    return selectedStats().stream().mapToLong(s -> s.droppableBelow(lowest)).sum();
  }

  /**
   * The lowest sequence that a segment outside the inputs can hold: tombstones and expired records
   * of the inputs below it hide nothing and may be dropped (pitfalls 1 and 3: any other one brings
   * an old value back).
   */
  public static long lowestOutside(
      List<SegmentStats> segments, java.util.Collection<SegmentId> inputs) {
    return segments.stream()
        .filter(s -> !inputs.contains(s.id()))
        .mapToLong(SegmentStats::minSequence)
        .min()
        .orElse(Long.MAX_VALUE);
  }

  private static double share(long bytes, SegmentStats segment) {
    return (double) bytes / segment.totalBytes();
  }

  private void select(SegmentStats segment, String reason) {
    selected.put(segment.id(), reason);
  }

  private List<SegmentStats> selectedStats() {
    return segments.stream().filter(s -> selected.containsKey(s.id())).toList();
  }

  private CompactionPlan not(String reason, String message) {
    List<Choice> all =
        segments.stream().map(s -> new Choice(s, false, unselectedReason(s))).toList();
    return new CompactionPlan(false, reason, message, all, 0, 0);
  }

  private List<Choice> choices() {
    Map<SegmentId, SegmentStats> byId = new LinkedHashMap<>();
    segments.forEach(s -> byId.put(s.id(), s));
    List<Choice> all = new ArrayList<>();
    selected.forEach(
        (id, reason) -> {
          SegmentStats segment = byId.remove(id);
          if (segment != null) {
            all.add(new Choice(segment, true, reason));
          }
        });
    byId.values().forEach(s -> all.add(new Choice(s, false, unselectedReason(s))));
    return all;
  }

  private static String unselectedReason(SegmentStats segment) {
    if (!segment.committed()) {
      return "not wholly committed yet";
    }
    if (segment.deadBytes() == 0 && segment.expiredBytes() > 0) {
      return String.format(
          Locale.ROOT,
          "%d bytes expired, but may hide something in older segments",
          segment.expiredBytes());
    }
    if (segment.deadBytes() == 0) {
      return segment.active() ? "active and all live" : "all live";
    }
    return String.format(Locale.ROOT, "dead ratio %.2f", segment.deadRatio());
  }
}
