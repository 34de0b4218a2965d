package dev.varve.store.manifest;

import dev.varve.store.format.SegmentId;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** What edits and snapshots have in common; {@link EditCodec} has the table of bytes. */
final class EditFields {
  private EditFields() {}

  static void writeTermStarts(DataOutputStream out, List<TermStart> starts) throws IOException {
    out.writeInt(starts.size());
    for (TermStart start : starts) {
      out.writeLong(start.term());
      out.writeLong(start.firstSequence());
    }
  }

  static List<TermStart> readTermStarts(DataInputStream in) throws IOException {
    int count = count(in);
    List<TermStart> starts = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      starts.add(new TermStart(in.readLong(), in.readLong()));
    }
    return starts;
  }

  static void writeTails(DataOutputStream out, List<RecordedEdit.Tail> tails) throws IOException {
    out.writeInt(tails.size());
    for (RecordedEdit.Tail tail : tails) {
      out.writeUTF(tail.keyspace());
      writeId(out, tail.id());
      out.writeLong(tail.length());
    }
  }

  static List<RecordedEdit.Tail> readTails(DataInputStream in) throws IOException {
    int count = count(in);
    List<RecordedEdit.Tail> tails = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      tails.add(new RecordedEdit.Tail(in.readUTF(), readId(in), in.readLong()));
    }
    return tails;
  }

  static void writeNames(DataOutputStream out, List<String> names) throws IOException {
    out.writeInt(names.size());
    for (String name : names) {
      out.writeUTF(name);
    }
  }

  static List<String> readNames(DataInputStream in) throws IOException {
    int count = count(in);
    List<String> names = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      names.add(in.readUTF());
    }
    return names;
  }

  static void writeCompaction(DataOutputStream out, Edit.Compaction compaction) throws IOException {
    out.writeUTF(compaction.runId());
    out.writeUTF(compaction.keyspace());
    out.writeInt(compaction.inputs().size());
    for (SegmentId input : compaction.inputs()) {
      writeId(out, input);
    }
    writeFiles(out, compaction.outputs());
    writeId(out, compaction.runs());
    out.writeLong(compaction.runsLength());
    out.writeInt(compaction.runsCrc());
    out.writeBoolean(compaction.forceDelete());
    out.writeLong(compaction.timeMs());
  }

  static Edit.Compaction readCompaction(DataInputStream in) throws IOException {
    String runId = in.readUTF();
    String keyspace = in.readUTF();
    int inputCount = count(in);
    List<SegmentId> inputs = new ArrayList<>();
    for (int i = 0; i < inputCount; i++) {
      inputs.add(readId(in));
    }
    return new Edit.Compaction(
        runId,
        keyspace,
        inputs,
        readFiles(in),
        readId(in),
        in.readLong(),
        in.readInt(),
        in.readBoolean(),
        in.readLong());
  }

  static void writeFiles(DataOutputStream out, List<Edit.SegmentFile> files) throws IOException {
    out.writeInt(files.size());
    for (Edit.SegmentFile file : files) {
      writeFile(out, file);
    }
  }

  static List<Edit.SegmentFile> readFiles(DataInputStream in) throws IOException {
    int count = count(in);
    List<Edit.SegmentFile> files = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      files.add(readFile(in));
    }
    return List.copyOf(files);
  }

  /** How many items follow; no more than there are bytes. */
  static int count(DataInputStream in) throws IOException {
    int count = in.readInt();
    if (count < 0 || count > in.available()) {
      throw new IOException("a list of " + count + " items");
    }
    return count;
  }

  static void writeId(DataOutputStream out, SegmentId id) throws IOException {
    out.writeLong(id.term());
    out.writeLong(id.number());
  }

  static SegmentId readId(DataInputStream in) throws IOException {
    return new SegmentId(in.readLong(), in.readLong());
  }

  static void writeFile(DataOutputStream out, Edit.SegmentFile file) throws IOException {
    writeId(out, file.id());
    out.writeLong(file.length());
    out.writeInt(file.crc());
  }

  static Edit.SegmentFile readFile(DataInputStream in) throws IOException {
    return new Edit.SegmentFile(readId(in), in.readLong(), in.readInt());
  }
}
