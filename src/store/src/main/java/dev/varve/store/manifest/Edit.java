package dev.varve.store.manifest;

import dev.varve.store.format.SegmentId;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One change of what makes up the store. Edits take sequences like batches do, are replicated with
 * them and take effect when committed; {@link EditCodec} gives their bytes.
 */
public sealed interface Edit {

  /** A primary began this term: nothing before it commits without it. */
  record TermStarted(long term) implements Edit {}

  /** A keyspace exists from here on. */
  record KeyspaceAdded(String keyspace, KeyspaceType type, long segmentBytes) implements Edit {}

  /**
   * The active segment of a keyspace is sealed and another one opened.
   *
   * @param closed the sealed one with its final length and CRC; null when the keyspace had none
   * @param opened the new active segment, empty
   */
  record Roll(String keyspace, @Nullable SegmentFile closed, SegmentId opened) implements Edit {}

  /**
   * The outputs take the place of the inputs, all sealed.
   *
   * @param runId the caller's name of the run
   * @param outputs in output order; empty when nothing of the inputs was live
   * @param runs the id that names the run list's file
   * @param runsLength bytes of the run list
   * @param runsCrc CRC32C of the run list
   * @param forceDelete inputs may go without waiting for the next checkpoint
   * @param timeMs wall-clock milliseconds of the primary when the run ended
   * @param droppedUpTo the highest sequence of a record that the outputs lack, 0 if they lack none;
   *     {@link #DROPPED_UNKNOWN} in an edit of a version that did not tell: any up to the edit's
   *     own
   */
  record Compaction(
      String runId,
      String keyspace,
      List<SegmentId> inputs,
      List<SegmentFile> outputs,
      SegmentId runs,
      long runsLength,
      int runsCrc,
      boolean forceDelete,
      long timeMs,
      long droppedUpTo)
      implements Edit {
    /** Nobody wrote down what was dropped. */
    public static final long DROPPED_UNKNOWN = -1;

    public Compaction {
      inputs = List.copyOf(inputs);
      outputs = List.copyOf(outputs);
      if (droppedUpTo < DROPPED_UNKNOWN) {
        throw new IllegalArgumentException("droppedUpTo must not be negative: " + droppedUpTo);
      }
    }

    /** One that does not tell what it dropped. */
    public Compaction(
        String runId,
        String keyspace,
        List<SegmentId> inputs,
        List<SegmentFile> outputs,
        SegmentId runs,
        long runsLength,
        int runsCrc,
        boolean forceDelete,
        long timeMs) {
      this(
          runId,
          keyspace,
          inputs,
          outputs,
          runs,
          runsLength,
          runsCrc,
          forceDelete,
          timeMs,
          DROPPED_UNKNOWN);
    }

    /** The same, which tells that it dropped this. */
    Compaction telling(long dropped) {
      return new Compaction(
          runId,
          keyspace,
          inputs,
          outputs,
          runs,
          runsLength,
          runsCrc,
          forceDelete,
          timeMs,
          dropped);
    }
  }

  /**
   * How the store's keyspaces lie, where that is not segmented. Comes before the first keyspace and
   * never again.
   */
  record LayoutChosen(Layout layout) implements Edit {}

  /**
   * Of the layout {@link Layout#SINGLE_FILE}: another file takes the active one's place and is
   * appended to from here on. It is durable before the edit is written.
   *
   * @param runId the caller's name of the run
   * @param closed the file that was active, with its final length and CRC
   * @param opened the file that is now, with the length and CRC of the records copied to it
   * @param runs the id that names the run list's file, which is only needed until the index has
   *     moved
   * @param forceDelete the closed file is not kept
   * @param timeMs wall-clock milliseconds when the run ended
   */
  record Swap(
      String runId,
      String keyspace,
      SegmentFile closed,
      SegmentFile opened,
      SegmentId runs,
      boolean forceDelete,
      long timeMs)
      implements Edit {

    /** What it is for the index: the closed file's records have moved to the opened one. */
    public Compaction compaction() {
      return new Compaction(
          runId, keyspace, List.of(closed.id()), List.of(opened), runs, 0, 0, forceDelete, timeMs);
    }
  }

  /** A durable recovery point: inputs of compactions before it may be deleted. */
  record Checkpoint() implements Edit {}

  /** The members of the shard, changed one at a time. */
  record Membership(List<String> memberIds) implements Edit {
    public Membership {
      memberIds = List.copyOf(memberIds);
    }
  }

  /**
   * Records of a keyspace with a lower sequence are hidden from here on, for good: retention and
   * the trimming of streams both end in this. It hides tombstones as well as what they hide, so
   * that nothing comes back whichever of them compaction removes first. An edit that names less
   * than an earlier one changes nothing.
   *
   * @param sequence the lowest sequence that stays visible, at most the edit's own
   * @param firstId of a stream, the first entry that stays visible: entries with lower ids are
   *     hidden too, since several of one batch share a sequence; 0 for other keyspaces
   */
  record CutOff(String keyspace, long sequence, long firstId) implements Edit {}

  /**
   * Everything up to a sequence was written by a time: what a retention by age goes by.
   *
   * @param sequence at most the edit's own
   * @param timeMs wall-clock milliseconds, not lower than an earlier mark's
   */
  record TimeMark(long sequence, long timeMs) implements Edit {}

  /**
   * Requests are remembered from the first such edit on, and those at or below its sequence may be
   * forgotten: their records are dropped once it is committed. An edit that names less than an
   * earlier one changes nothing.
   *
   * @param sequence at most the edit's own
   */
  record RequestHorizon(long sequence) implements Edit {}

  /**
   * A sealed segment's file.
   *
   * @param length bytes, final
   * @param crc CRC32C of the whole file
   */
  record SegmentFile(SegmentId id, long length, int crc) {}
}
