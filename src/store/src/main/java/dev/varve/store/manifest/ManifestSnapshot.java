package dev.varve.store.manifest;

import dev.varve.store.format.SegmentId;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the edits up to one of them add up to. A rolled manifest has it in their place; {@link
 * SnapshotCodec} gives its bytes.
 *
 * @param offset bytes that the edits up to the last one take in the log, where the next one follows
 * @param committed the highest sequence known to be committed, at least {@code sequence}: all up to
 *     there is durable in this directory
 * @param logEnd the last sequence in the log at the roll: nothing later is written before the file
 *     has its name durably
 * @param sequence the last edit's
 * @param term the last edit's
 * @param tails as the last edit recorded them
 * @param checkpoint the sequence of the last checkpoint; 0: none
 * @param requestHorizon as {@link ManifestState#requestHorizon}
 * @param keyspaces in the order of their creation
 * @param compactions those that an opening may need, oldest first
 * @param keydirs which checkpoints of keydirs belong to the edits that are not told one by one
 */
public record ManifestSnapshot(
    long offset,
    long committed,
    long logEnd,
    long sequence,
    long term,
    List<RecordedEdit.Tail> tails,
    List<TermStart> termStarts,
    Layout layout,
    long checkpoint,
    long requestHorizon,
    List<String> membership,
    List<Edit.TimeMark> timeMarks,
    List<KeyspaceThen> keyspaces,
    List<ManifestState.SequencedCompaction> compactions,
    List<KeydirMark> keydirs) {
  public ManifestSnapshot {
    tails = List.copyOf(tails);
    termStarts = List.copyOf(termStarts);
    membership = List.copyOf(membership);
    timeMarks = List.copyOf(timeMarks);
    keyspaces = List.copyOf(keyspaces);
    compactions = List.copyOf(compactions);
    keydirs = List.copyOf(keydirs);
  }

  ManifestSnapshot with(List<KeyspaceThen> others, long horizon) {
    return new ManifestSnapshot(
        offset,
        committed,
        logEnd,
        sequence,
        term,
        tails,
        termStarts,
        layout,
        checkpoint,
        horizon,
        membership,
        timeMarks,
        others,
        compactions,
        keydirs);
  }

  /**
   * A keyspace as {@link ManifestState.KeyspaceState} has it.
   *
   * @param sealed oldest first, unmodifiable
   * @param droppedUpTo the highest sequence of a record that a compaction dropped; {@link
   *     Edit.Compaction#DROPPED_UNKNOWN} in a snapshot of a version that did not tell
   */
  public record KeyspaceThen(
      String name,
      KeyspaceType type,
      long segmentBytes,
      List<Edit.SegmentFile> sealed,
      @Nullable SegmentId active,
      Edit.@Nullable SegmentFile activeBase,
      long highestNumber,
      long lastCompactionMs,
      CutOff cutOff,
      long droppedUpTo) {
    KeyspaceThen telling(long dropped) {
      return new KeyspaceThen(
          name,
          type,
          segmentBytes,
          sealed,
          active,
          activeBase,
          highestNumber,
          lastCompactionMs,
          cutOff,
          dropped);
    }
  }

  /**
   * By this a keydir's checkpoint tells which manifest it belongs to.
   *
   * @param manifestLength bytes of edits in the log
   * @param manifestCrc CRC32C of the manifest's file up to there, as it was then
   */
  public record KeydirMark(long manifestLength, int manifestCrc) {}
}
