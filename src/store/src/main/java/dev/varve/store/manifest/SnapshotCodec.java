package dev.varve.store.manifest;

import dev.varve.store.format.RecordCodec;
import dev.varve.store.format.RecordKind;
import dev.varve.store.format.SegmentId;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The records that a rolled manifest begins with: one batch of edits' records, whose values are 1
 * byte version, 2, and a part of the snapshot. All parts but the last have {@link #PART_BYTES}.
 * Sequence and term are those of the last edit that the snapshot stands for. An {@link EditCodec}
 * that knows no snapshots refuses the version. Together the parts are, in the terms of that codec:
 *
 * <pre>
 * 8 offset | 8 committed sequence | 8 last sequence of the log
 * | tails: keyspace, id, 8 length | term starts: 8 term, 8 first sequence | 1 layout: 0 segmented, 1 single file
 * | 8 checkpoint's sequence | member ids | time marks: 8 sequence, 8 time in ms
 * | keyspaces | compactions | marks of keydirs: 8 manifest length, 4 CRC32C
 * | of each keyspace, unless a version wrote it that did not: 8 the highest sequence dropped
 * | 8 request horizon, if there is one
 * a keyspace:    name | 1 type: 0 key-value, 1 stream | 8 segment bytes | sealed: file
 *                | 1 whether one is active | if so its id | 1 whether it has a base | if so a file
 *                | 8 highest number | 8 time in ms of the last compaction
 *                | cut-off: 8 sequence, 8 first id
 * a compaction:  8 sequence | as in its edit | the inputs' files | 1 whether it is a swap
 * </pre>
 */
public final class SnapshotCodec {
  /** Bytes of the snapshot in each record but the last. */
  public static final int PART_BYTES = 1 << 20;

  private static final int VERSION = 2;
  private static final byte[] NO_KEY = {};

  private SnapshotCodec() {}

  /** The records, one behind the other. */
  public static ByteBuffer records(ManifestSnapshot snapshot) {
    byte[] bytes = encode(snapshot);
    int parts = Math.ceilDiv(bytes.length, PART_BYTES);
    int perPart = RecordCodec.encodedLength(0, 1);
    ByteBuffer records = ByteBuffer.allocate(Math.addExact(bytes.length, parts * perPart));
    for (int i = 0; i < parts; i++) {
      int from = i * PART_BYTES;
      int length = Math.min(PART_BYTES, bytes.length - from);
      byte[] value = new byte[1 + length];
      value[0] = VERSION;
      System.arraycopy(bytes, from, value, 1, length);
      RecordCodec.encode(
          RecordKind.EDIT,
          snapshot.sequence(),
          snapshot.term(),
          i,
          parts,
          0,
          NO_KEY,
          value,
          records);
    }
    return records.flip();
  }

  /** Whether an edit's record with this value is a part of a snapshot. */
  public static boolean isPart(byte[] value) {
    return value.length > 1 && value[0] == VERSION;
  }

  private static byte[] encode(ManifestSnapshot snapshot) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(1024);
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      out.writeLong(snapshot.offset());
      out.writeLong(snapshot.committed());
      out.writeLong(snapshot.logEnd());
      EditFields.writeTails(out, snapshot.tails());
      EditFields.writeTermStarts(out, snapshot.termStarts());
      out.writeByte(layout(snapshot.layout()));
      out.writeLong(snapshot.checkpoint());
      EditFields.writeNames(out, snapshot.membership());
      out.writeInt(snapshot.timeMarks().size());
      for (Edit.TimeMark mark : snapshot.timeMarks()) {
        out.writeLong(mark.sequence());
        out.writeLong(mark.timeMs());
      }
      out.writeInt(snapshot.keyspaces().size());
      for (ManifestSnapshot.KeyspaceThen keyspace : snapshot.keyspaces()) {
        writeKeyspace(out, keyspace);
      }
      out.writeInt(snapshot.compactions().size());
      for (ManifestState.SequencedCompaction compaction : snapshot.compactions()) {
        out.writeLong(compaction.sequence());
        EditFields.writeCompaction(out, compaction.edit());
        EditFields.writeFiles(out, compaction.inputs());
        out.writeBoolean(compaction.swap());
      }
      out.writeInt(snapshot.keydirs().size());
      for (ManifestSnapshot.KeydirMark mark : snapshot.keydirs()) {
        out.writeLong(mark.manifestLength());
        out.writeInt(mark.manifestCrc());
      }
      for (ManifestSnapshot.KeyspaceThen keyspace : snapshot.keyspaces()) {
        if (keyspace.droppedUpTo() != Edit.Compaction.DROPPED_UNKNOWN) {
          out.writeLong(keyspace.droppedUpTo());
        }
      }
      if (snapshot.requestHorizon() != 0) {
        out.writeLong(snapshot.requestHorizon());
      }
    } catch (IOException e) {
      throw new UncheckedIOException("memory does not fail", e);
    }
    return bytes.toByteArray();
  }

  /**
   * The snapshot of parts whose checksums have been verified.
   *
   * @param sequence of their records
   * @param term of their records
   * @param bytes of all parts, without their versions
   * @throws InconsistentEditException if the bytes are no snapshot that this version writes
   */
  public static ManifestSnapshot decode(long sequence, long term, byte[] bytes)
      throws InconsistentEditException {
    try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
      ManifestSnapshot untold =
          new ManifestSnapshot(
              in.readLong(),
              in.readLong(),
              in.readLong(),
              sequence,
              term,
              EditFields.readTails(in),
              EditFields.readTermStarts(in),
              layout(in.readUnsignedByte()),
              in.readLong(),
              0,
              EditFields.readNames(in),
              readTimeMarks(in),
              readKeyspaces(in),
              readCompactions(in),
              readKeydirs(in));
      ManifestSnapshot snapshot = in.available() == 0 ? untold : withDropped(untold, in);
      if (!Arrays.equals(encode(snapshot), bytes)) {
        throw new InconsistentEditException("the snapshot has other bytes than what it says");
      }
      if (snapshot.offset() < 0
          || sequence < 1
          || snapshot.committed() < sequence
          || snapshot.logEnd() < snapshot.committed()) {
        throw new InconsistentEditException("a snapshot of nothing");
      }
      return snapshot;
    } catch (IOException | IllegalArgumentException e) {
      throw new InconsistentEditException("the snapshot is malformed: " + e);
    }
  }

  private static int layout(Layout layout) {
    return switch (layout) {
      case SEGMENTED -> 0;
      case SINGLE_FILE -> 1;
      case MEMORY -> throw new IllegalArgumentException("no edit chooses the layout " + layout);
    };
  }

  private static Layout layout(int code) throws InconsistentEditException {
    return switch (code) {
      case 0 -> Layout.SEGMENTED;
      case 1 -> Layout.SINGLE_FILE;
      default -> throw new InconsistentEditException("unknown layout " + code);
    };
  }

  private static void writeKeyspace(DataOutputStream out, ManifestSnapshot.KeyspaceThen keyspace)
      throws IOException {
    out.writeUTF(keyspace.name());
    out.writeByte(keyspace.type() == KeyspaceType.STREAM ? 1 : 0);
    out.writeLong(keyspace.segmentBytes());
    EditFields.writeFiles(out, keyspace.sealed());
    SegmentId active = keyspace.active();
    out.writeBoolean(active != null);
    if (active != null) {
      EditFields.writeId(out, active);
    }
    Edit.SegmentFile base = keyspace.activeBase();
    out.writeBoolean(base != null);
    if (base != null) {
      EditFields.writeFile(out, base);
    }
    out.writeLong(keyspace.highestNumber());
    out.writeLong(keyspace.lastCompactionMs());
    out.writeLong(keyspace.cutOff().sequence());
    out.writeLong(keyspace.cutOff().firstId());
  }

  private static List<ManifestSnapshot.KeyspaceThen> readKeyspaces(DataInputStream in)
      throws IOException {
    int count = EditFields.count(in);
    List<ManifestSnapshot.KeyspaceThen> keyspaces = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      String name = in.readUTF();
      KeyspaceType type = in.readUnsignedByte() == 1 ? KeyspaceType.STREAM : KeyspaceType.KEY_VALUE;
      long segmentBytes = in.readLong();
      List<Edit.SegmentFile> sealed = EditFields.readFiles(in);
      @Nullable SegmentId active = in.readBoolean() ? EditFields.readId(in) : null;
      Edit.@Nullable SegmentFile base = in.readBoolean() ? EditFields.readFile(in) : null;
      keyspaces.add(
          new ManifestSnapshot.KeyspaceThen(
              name,
              type,
              segmentBytes,
              sealed,
              active,
              base,
              in.readLong(),
              in.readLong(),
              new CutOff(in.readLong(), in.readLong()),
              Edit.Compaction.DROPPED_UNKNOWN));
    }
    return keyspaces;
  }

  private static ManifestSnapshot withDropped(ManifestSnapshot untold, DataInputStream in)
      throws IOException {
    List<ManifestSnapshot.KeyspaceThen> keyspaces = new ArrayList<>();
    for (ManifestSnapshot.KeyspaceThen keyspace : untold.keyspaces()) {
      long dropped = in.readLong();
      if (dropped < 0 || dropped > untold.sequence()) {
        throw new IOException("keyspace " + keyspace.name() + " dropped up to " + dropped);
      }
      keyspaces.add(keyspace.telling(dropped));
    }
    long horizon = in.available() == 0 ? 0 : in.readLong();
    if (horizon < 0 || horizon > untold.sequence()) {
      throw new IOException("requests are forgotten up to " + horizon);
    }
    return untold.with(keyspaces, horizon);
  }

  private static List<ManifestState.SequencedCompaction> readCompactions(DataInputStream in)
      throws IOException {
    int count = EditFields.count(in);
    List<ManifestState.SequencedCompaction> compactions = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      compactions.add(
          new ManifestState.SequencedCompaction(
              in.readLong(),
              EditFields.readCompaction(in),
              EditFields.readFiles(in),
              in.readBoolean()));
    }
    return compactions;
  }

  private static List<Edit.TimeMark> readTimeMarks(DataInputStream in) throws IOException {
    int count = EditFields.count(in);
    List<Edit.TimeMark> marks = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      marks.add(new Edit.TimeMark(in.readLong(), in.readLong()));
    }
    return marks;
  }

  private static List<ManifestSnapshot.KeydirMark> readKeydirs(DataInputStream in)
      throws IOException {
    int count = EditFields.count(in);
    List<ManifestSnapshot.KeydirMark> marks = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      marks.add(new ManifestSnapshot.KeydirMark(in.readLong(), in.readInt()));
    }
    return marks;
  }
}
