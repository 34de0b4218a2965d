package dev.varve.store;

import dev.varve.store.compaction.CompactionPlanner;
import dev.varve.store.compaction.SegmentStats;
import dev.varve.store.format.SegmentId;
import java.util.ArrayList;
import java.util.List;

/**
 * How many of a plan's segments can be rewritten in the room that the disk has: copies stand beside
 * their inputs until a checkpoint. A run that is bound to fail would only wear the disk (pitfall
 * 8); one of fewer segments frees room for the next.
 */
final class CopyRoom {
  /** For the run list, the edit and directory entries. */
  private static final long RESERVE_BYTES = 4 << 10;

  private CopyRoom() {}

  /**
   * The planned segments, in order, without those for whose copies there is no room.
   *
   * @return empty if what fits would free nothing
   */
  static List<SegmentId> fitting(
      List<SegmentId> planned, List<SegmentStats> stats, long usableBytes) {
    List<SegmentId> fitting = new ArrayList<>();
    List<SegmentStats> inputs = new ArrayList<>();
    long left = usableBytes - RESERVE_BYTES;
    for (SegmentId id : planned) {
      for (SegmentStats segment : stats) {
        if (segment.id().equals(id) && copyBytes(segment) <= left) {
          left -= copyBytes(segment);
          fitting.add(id);
          inputs.add(segment);
        }
      }
    }
    if (fitting.size() == planned.size()) {
      return fitting;
    }
    long lowest = CompactionPlanner.lowestOutside(stats, fitting);
    long freed = inputs.stream().mapToLong(s -> s.deadBytes() + s.droppableBelow(lowest)).sum();
    return freed > 0 ? fitting : List.of();
  }

  /** Live records with their entries in a hint, a quarter of them; small records need more. */
  private static long copyBytes(SegmentStats segment) {
    return segment.keptBytes() + segment.keptBytes() / 4;
  }
}
