package dev.varve.store.compaction;

import java.util.Comparator;
import java.util.List;

/**
 * Which of a keyspace's oldest segments a compaction takes. Oldest first by their lowest sequence.
 * Pure.
 */
final class OldestSegments {
  private final List<SegmentStats> oldestFirst;
  private final int all;

  /**
   * @param segments all segments of the keyspace; only sealed and wholly committed ones are taken,
   *     and an active one that a run would seal
   */
  OldestSegments(List<SegmentStats> segments) {
    this.all = segments.size();
    this.oldestFirst =
        segments.stream().sorted(Comparator.comparingLong(SegmentStats::minSequence)).toList();
  }

  /**
   * The longest run of oldest segments that is dead by {@code deadRatio} as a whole, without
   * segments at its end that are all live: copying those would free nothing.
   */
  List<SegmentStats> deadBy(double deadRatio) {
    long total = 0;
    long dead = 0;
    int taken = 0;
    for (int i = 0; i < oldestFirst.size() && canBeCopied(oldestFirst.get(i)); i++) {
      SegmentStats segment = oldestFirst.get(i);
      total += segment.totalBytes();
      dead += segment.deadBytes();
      if (segment.deadBytes() > 0 && dead >= deadRatio * total) {
        taken = i + 1;
      }
    }
    return oldestFirst.subList(0, taken);
  }

  /**
   * The fewest oldest segments whose live records fit into so few new ones that at most {@code
   * segmentsMax} remain in all; empty if no number of them does.
   */
  List<SegmentStats> mergedInto(int segmentsMax, long segmentBytesMax) {
    long live = 0;
    for (int i = 0; i < oldestFirst.size() && canBeCopied(oldestFirst.get(i)); i++) {
      live += oldestFirst.get(i).liveBytes();
      long outputs = (live + segmentBytesMax - 1) / segmentBytesMax;
      if (all - (i + 1) + outputs <= segmentsMax) {
        return oldestFirst.subList(0, i + 1);
      }
    }
    return List.of();
  }

  /**
   * The oldest segments that may be dropped whole so that {@code segmentsMax} remain. Everything in
   * them is older than everything that stays: else an old value would come back for a key whose
   * newer one went (pitfall 1). Where segments overlap it may be some more, or fewer.
   */
  List<SegmentStats> droppable(int segmentsMax) {
    int wanted = all - segmentsMax;
    int taken = 0;
    long highest = 0;
    for (int i = 0; i < oldestFirst.size() - 1 && taken < wanted; i++) {
      SegmentStats segment = oldestFirst.get(i);
      if (segment.active() || !segment.committed()) {
        break;
      }
      highest = Math.max(highest, segment.maxSequence());
      if (highest < oldestFirst.get(i + 1).minSequence()) {
        taken = i + 1;
      }
    }
    return oldestFirst.subList(0, taken);
  }

  private static boolean canBeCopied(SegmentStats segment) {
    return segment.committed() && (!segment.active() || segment.deadBytes() > 0);
  }
}
