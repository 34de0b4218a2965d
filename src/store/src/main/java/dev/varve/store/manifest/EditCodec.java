package dev.varve.store.manifest;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.List;

/**
 * The value bytes of an edit's record. Numbers are big-endian, strings as in {@link
 * DataOutputStream#writeUTF}; a list is a 4-byte count and its items. The record around it carries
 * sequence, term and checksum.
 *
 * <pre>
 * 1 version: 1, see SnapshotCodec for 2 | 1 kind | 8 committed sequence
 * | term starts: 8 term, 8 first sequence | tails: keyspace, id, 8 length
 * kind 1 term started:   8 term
 * kind 2 keyspace added: name | 1 type: 0 key-value, 1 stream | 8 segment bytes
 * kind 3 roll:           keyspace | 1 whether one is closed | if so a file | id opened
 * kind 4 compaction:     run id | keyspace | inputs: id | outputs: file | run list's id, 8 length,
 *                        4 CRC32C | 1 force delete | 8 time in ms
 * kind 5 checkpoint:     nothing
 * kind 6 membership:     member ids
 * kind 7 cut-off:        keyspace | 8 sequence | 8 first id
 * kind 8 time mark:      8 sequence | 8 time in ms
 * kind 9 layout:         1 layout: 1 single file
 * kind 10 swap:          run id | keyspace | closed: file | opened: file | run list's id
 *                        | 1 force delete | 8 time in ms
 * kind 11 compaction:    as kind 4 | 8 the highest sequence dropped
 * kind 12 request horizon: 8 sequence
 * an id:                 8 term | 8 number
 * a file:                id | 8 length | 4 CRC32C
 * </pre>
 */
public final class EditCodec {
  private static final int VERSION = 1;
  private static final int TERM_STARTED = 1;
  private static final int KEYSPACE_ADDED = 2;
  private static final int ROLL = 3;
  private static final int COMPACTION = 4;
  private static final int CHECKPOINT = 5;
  private static final int MEMBERSHIP = 6;
  private static final int CUT_OFF = 7;
  private static final int TIME_MARK = 8;
  private static final int LAYOUT_CHOSEN = 9;
  private static final int SWAP = 10;
  private static final int TELLING_COMPACTION = 11;
  private static final int REQUEST_HORIZON = 12;
  private static final int SINGLE_FILE = 1;

  private EditCodec() {}

  /** The value of the edit's record. */
  public static byte[] encode(RecordedEdit recorded) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(128);
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      out.writeByte(VERSION);
      out.writeByte(kind(recorded.edit()));
      out.writeLong(recorded.committed());
      EditFields.writeTermStarts(out, recorded.termStarts());
      EditFields.writeTails(out, recorded.tails());
      writeEdit(out, recorded.edit());
    } catch (IOException e) {
      throw new UncheckedIOException("memory does not fail", e);
    }
    return bytes.toByteArray();
  }

  /**
   * The edit of a record whose checksum has been verified.
   *
   * @throws InconsistentEditException if the bytes are no edit that this version knows
   */
  public static RecordedEdit decode(long sequence, long term, byte[] value)
      throws InconsistentEditException {
    try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(value))) {
      int version = in.readUnsignedByte();
      if (version != VERSION) {
        throw new InconsistentEditException("edit of unknown version " + version);
      }
      int kind = in.readUnsignedByte();
      long committed = in.readLong();
      List<TermStart> starts = EditFields.readTermStarts(in);
      List<RecordedEdit.Tail> tails = EditFields.readTails(in);
      Edit edit = readEdit(in, kind);
      RecordedEdit decoded = new RecordedEdit(sequence, term, committed, starts, tails, edit);
      // An edit has one form: members compare bytes, and what a later version adds is not passed
      // by.
      if (!Arrays.equals(encode(decoded), value)) {
        throw new InconsistentEditException(
            "edit of sequence " + sequence + " has other bytes than " + edit);
      }
      return decoded;
    } catch (IOException | IllegalArgumentException e) {
      throw new InconsistentEditException("edit of sequence " + sequence + " is malformed: " + e);
    }
  }

  private static int kind(Edit edit) {
    return switch (edit) {
      case Edit.TermStarted _ -> TERM_STARTED;
      case Edit.KeyspaceAdded _ -> KEYSPACE_ADDED;
      case Edit.Roll _ -> ROLL;
      case Edit.Compaction compaction -> tells(compaction) ? TELLING_COMPACTION : COMPACTION;
      case Edit.Checkpoint _ -> CHECKPOINT;
      case Edit.Membership _ -> MEMBERSHIP;
      case Edit.CutOff _ -> CUT_OFF;
      case Edit.TimeMark _ -> TIME_MARK;
      case Edit.LayoutChosen _ -> LAYOUT_CHOSEN;
      case Edit.Swap _ -> SWAP;
      case Edit.RequestHorizon _ -> REQUEST_HORIZON;
    };
  }

  /** What does not tell what it dropped keeps the bytes that it was written with. */
  private static boolean tells(Edit.Compaction compaction) {
    return compaction.droppedUpTo() != Edit.Compaction.DROPPED_UNKNOWN;
  }

  private static void writeEdit(DataOutputStream out, Edit edit) throws IOException {
    switch (edit) {
      case Edit.TermStarted started -> out.writeLong(started.term());
      case Edit.KeyspaceAdded added -> {
        out.writeUTF(added.keyspace());
        out.writeByte(added.type() == KeyspaceType.STREAM ? 1 : 0);
        out.writeLong(added.segmentBytes());
      }
      case Edit.Roll roll -> {
        out.writeUTF(roll.keyspace());
        Edit.SegmentFile closed = roll.closed();
        out.writeBoolean(closed != null);
        if (closed != null) {
          EditFields.writeFile(out, closed);
        }
        EditFields.writeId(out, roll.opened());
      }
      case Edit.Compaction compaction -> {
        EditFields.writeCompaction(out, compaction);
        if (tells(compaction)) {
          out.writeLong(compaction.droppedUpTo());
        }
      }
      case Edit.Checkpoint _ -> {}
      case Edit.Membership membership -> EditFields.writeNames(out, membership.memberIds());
      case Edit.CutOff cutOff -> {
        out.writeUTF(cutOff.keyspace());
        out.writeLong(cutOff.sequence());
        out.writeLong(cutOff.firstId());
      }
      case Edit.TimeMark mark -> {
        out.writeLong(mark.sequence());
        out.writeLong(mark.timeMs());
      }
      case Edit.RequestHorizon horizon -> out.writeLong(horizon.sequence());
      case Edit.LayoutChosen chosen -> {
        if (chosen.layout() != Layout.SINGLE_FILE) {
          throw new IllegalArgumentException("no edit chooses the layout " + chosen.layout());
        }
        out.writeByte(SINGLE_FILE);
      }
      case Edit.Swap swap -> {
        out.writeUTF(swap.runId());
        out.writeUTF(swap.keyspace());
        EditFields.writeFile(out, swap.closed());
        EditFields.writeFile(out, swap.opened());
        EditFields.writeId(out, swap.runs());
        out.writeBoolean(swap.forceDelete());
        out.writeLong(swap.timeMs());
      }
    }
  }

  private static Edit readEdit(DataInputStream in, int kind)
      throws IOException, InconsistentEditException {
    return switch (kind) {
      case TERM_STARTED -> new Edit.TermStarted(in.readLong());
      case KEYSPACE_ADDED ->
          new Edit.KeyspaceAdded(
              in.readUTF(),
              in.readUnsignedByte() == 1 ? KeyspaceType.STREAM : KeyspaceType.KEY_VALUE,
              in.readLong());
      case ROLL ->
          new Edit.Roll(
              in.readUTF(),
              in.readBoolean() ? EditFields.readFile(in) : null,
              EditFields.readId(in));
      case COMPACTION -> EditFields.readCompaction(in);
      case TELLING_COMPACTION -> EditFields.readCompaction(in).telling(in.readLong());
      case CHECKPOINT -> new Edit.Checkpoint();
      case MEMBERSHIP -> new Edit.Membership(EditFields.readNames(in));
      case CUT_OFF -> new Edit.CutOff(in.readUTF(), in.readLong(), in.readLong());
      case REQUEST_HORIZON -> new Edit.RequestHorizon(in.readLong());
      case TIME_MARK -> new Edit.TimeMark(in.readLong(), in.readLong());
      case LAYOUT_CHOSEN -> {
        int layout = in.readUnsignedByte();
        if (layout != SINGLE_FILE) {
          throw new InconsistentEditException("unknown layout " + layout);
        }
        yield new Edit.LayoutChosen(Layout.SINGLE_FILE);
      }
      case SWAP ->
          new Edit.Swap(
              in.readUTF(),
              in.readUTF(),
              EditFields.readFile(in),
              EditFields.readFile(in),
              EditFields.readId(in),
              in.readBoolean(),
              in.readLong());
      default -> throw new InconsistentEditException("edit of unknown kind " + kind);
    };
  }
}
