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
      long timeMs)
      implements Edit {
    public Compaction {
      inputs = List.copyOf(inputs);
      outputs = List.copyOf(outputs);
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
   * A sealed segment's file.
   *
   * @param length bytes, final
   * @param crc CRC32C of the whole file
   */
  record SegmentFile(SegmentId id, long length, int crc) {}
}
