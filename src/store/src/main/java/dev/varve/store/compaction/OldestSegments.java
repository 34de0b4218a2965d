package dev.varve.store.compaction;

import dev.varve.store.format.SegmentId;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.Set;

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

  /** Bytes that go when no segment outside the inputs has a sequence up to some one. */
  private record Hidden(long maxSequence, long bytes) {}

  /**
   * The longest run of oldest segments that frees enough as a whole, without segments at its end
   * that free nothing. What has expired and tombstones count where the run makes them droppable,
   * those of segments that are selected anyway as well.
   *
   * @param ratio bytes freed must be at least this share of the bytes of those not yet selected
   * @param selected taken in any case
   * @return those of the run that were not selected
   */
  List<SegmentStats> freeing(double ratio, Set<SegmentId> selected) {
    PriorityQueue<Hidden> hidden =
        new PriorityQueue<>(Comparator.comparingLong(Hidden::maxSequence));
    oldestFirst.stream().filter(s -> selected.contains(s.id())).forEach(s -> add(s, hidden));
    long[] lowestAfter = lowestAfter(selected);
    take(hidden, lowestAfter[0]); // goes without any of these
    long total = 0;
    long freed = 0;
    long freedByTaken = 0;
    int taken = 0;
    for (int i = 0; i < oldestFirst.size() && oldestFirst.get(i).canBeCopied(); i++) {
      SegmentStats segment = oldestFirst.get(i);
      if (!selected.contains(segment.id())) {
        total += segment.totalBytes();
        freed += segment.deadBytes();
        add(segment, hidden);
      }
      freed += take(hidden, lowestAfter[i + 1]);
      if (freed > freedByTaken && freed >= ratio * total) {
        taken = i + 1;
        freedByTaken = freed;
      }
    }
    return oldestFirst.subList(0, taken).stream().filter(s -> !selected.contains(s.id())).toList();
  }

  /** By index: the lowest sequence in segments from there on that are not selected. */
  private long[] lowestAfter(Set<SegmentId> selected) {
    long[] lowest = new long[oldestFirst.size() + 1];
    lowest[oldestFirst.size()] = Long.MAX_VALUE;
    for (int i = oldestFirst.size() - 1; i >= 0; i--) {
      SegmentStats segment = oldestFirst.get(i);
      lowest[i] = selected.contains(segment.id()) ? lowest[i + 1] : segment.minSequence();
    }
    return lowest;
  }

  private static void add(SegmentStats segment, PriorityQueue<Hidden> hidden) {
    hidden.add(new Hidden(segment.maxTombstoneSequence(), segment.tombstoneBytes()));
    hidden.add(new Hidden(segment.maxSequence(), segment.expiredBytes()));
  }

  private static long take(PriorityQueue<Hidden> hidden, long lowestOutside) {
    long bytes = 0;
    for (Hidden next = hidden.peek();
        next != null && next.maxSequence() < lowestOutside;
        next = hidden.peek()) {
      bytes += next.bytes();
      hidden.remove();
    }
    return bytes;
  }

  /**
   * The fewest oldest segments whose live records fit into so few new ones that at most {@code
   * segmentsMax} remain in all; empty if no number of them does.
   */
  List<SegmentStats> mergedInto(int segmentsMax, long segmentBytesMax) {
    long live = 0;
    for (int i = 0; i < oldestFirst.size() && oldestFirst.get(i).canBeCopied(); i++) {
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
}
