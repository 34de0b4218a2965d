package dev.varve.store.compaction;

import dev.varve.store.format.SegmentId;
import java.util.List;

/**
 * What a compaction would do, and why or why not.
 *
 * @param wouldCompact whether a run would copy or delete anything
 * @param reason a stable CamelCase word: one of the constants below
 * @param message the same for a person, with the figures
 * @param choices every segment of the keyspace, selected or not, with its reason; the selected ones
 *     first, in the order in which they would be rewritten
 * @param expectedSpaceSaved bytes that the keyspace would be smaller by
 * @param bytesToCopy live bytes that would be written again
 */
public record CompactionPlan(
    boolean wouldCompact,
    String reason,
    String message,
    List<Choice> choices,
    long expectedSpaceSaved,
    long bytesToCopy) {

  /** The thresholds hold. */
  public static final String THRESHOLDS_MET = "ThresholdsMet";

  /** The thresholds were left aside. */
  public static final String FORCED = "Forced";

  /** There are more segments than may remain. */
  public static final String TOO_MANY_SEGMENTS = "TooManySegments";

  /** The dead ratio is too low. */
  public static final String BELOW_THRESHOLD = "BelowThreshold";

  /** The keyspace is too small. */
  public static final String FILE_TOO_SMALL = "FileTooSmall";

  /** The run would save too small a share. */
  public static final String LOW_YIELD = "LowYield";

  /** No segment has anything to free. */
  public static final String NOTHING_TO_RECLAIM = "NothingToReclaim";

  /** The strategy is None. */
  public static final String DISABLED = "Disabled";

  /** The store is in memory and frees what is dead by itself. */
  public static final String MEMORY_LAYOUT = "MemoryLayout";

  /** Copies the list. */
  public CompactionPlan {
    choices = List.copyOf(choices);
  }

  /** The segments to rewrite, in order; empty unless {@link #wouldCompact}. */
  public List<SegmentId> selected() {
    return choices.stream().filter(Choice::selected).map(c -> c.segment().id()).toList();
  }

  /**
   * The decision on one segment.
   *
   * @param reason for a person
   */
  public record Choice(SegmentStats segment, boolean selected, String reason) {}
}
