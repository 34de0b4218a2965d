package dev.varve.store.recovery;

import dev.varve.store.format.LogRecord;
import dev.varve.store.format.Mending;
import dev.varve.store.format.RecordBuffer;
import dev.varve.store.format.RecordKind;
import dev.varve.store.format.SegmentId;
import dev.varve.store.fuzz.Target;
import dev.varve.store.manifest.Edit;
import dev.varve.store.manifest.EditCodec;
import dev.varve.store.manifest.KeyspaceType;
import dev.varve.store.manifest.ManifestSnapshot;
import dev.varve.store.manifest.ManifestState;
import dev.varve.store.manifest.RecordedEdit;
import dev.varve.store.manifest.SnapshotCodec;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** {@link ManifestScan} under the fuzzer. */
public final class ManifestTarget implements Target {
  private static final byte[] NO_KEY = {};

  @Override
  public String name() {
    return "manifest";
  }

  @Override
  public Map<String, byte[]> valid() throws IOException {
    NewManifest manifest = new NewManifest(30, 2);
    Edit.SegmentFile sealed = new Edit.SegmentFile(new SegmentId(1, 1), 4096, 0xCAFE_BABE);
    manifest.add("main", KeyspaceType.KEY_VALUE, 64 << 20, List.of(sealed), new SegmentId(3, 2));
    manifest.add("events", KeyspaceType.STREAM, 1 << 20, List.of(), new SegmentId(3, 1));
    var storage = Mending.holding(ManifestState.PATH, NO_KEY);
    manifest.install(storage);
    byte[] edits = storage.contents(ManifestState.PATH);
    return Map.of("empty", NO_KEY, "new", edits, "rolled", rolled(manifest.state()));
  }

  /** A snapshot, and an edit after it. */
  private static byte[] rolled(ManifestState state) {
    ManifestSnapshot snapshot =
        state.snapshot(900, 50, 60, List.of(new ManifestSnapshot.KeydirMark(700, 0xCAFE)));
    ByteBuffer head = SnapshotCodec.records(snapshot);
    RecordedEdit next =
        new RecordedEdit(70, 3, 60, snapshot.termStarts(), List.of(), new Edit.Checkpoint());
    RecordBuffer records = new RecordBuffer(1024);
    records.add(new LogRecord(RecordKind.EDIT, 70, 3, 0, 1, 0, NO_KEY, EditCodec.encode(next)));
    byte[] edit = records.toArray();
    return ByteBuffer.allocate(head.remaining() + edit.length).put(head).put(edit).array();
  }

  private static byte[] bytes(ByteBuffer buffer) {
    byte[] bytes = new byte[buffer.remaining()];
    buffer.get(bytes);
    return bytes;
  }

  @Override
  public byte[] mended(byte[] bytes) {
    return Mending.records(bytes);
  }

  @Override
  public void decode(byte[] bytes) throws IOException {
    ManifestScan scan;
    try {
      scan = ManifestScan.read(Mending.holding(ManifestState.PATH, bytes));
    } catch (CorruptionException e) {
      if (!e.file().equals(ManifestState.PATH) || e.offset() < 0 || e.offset() > bytes.length) {
        throw new AssertionError("damage of the manifest was reported elsewhere", e);
      }
      return;
    }
    ManifestSnapshot snapshot = scan.snapshot();
    byte[] head = snapshot == null ? NO_KEY : bytes(SnapshotCodec.records(snapshot));
    if (head.length != scan.snapshotLength()
        || !Arrays.equals(head, Arrays.copyOf(bytes, head.length))) {
      throw new AssertionError("a snapshot was read that is not what is written");
    }
    RecordBuffer again = new RecordBuffer(Math.max(1, bytes.length));
    for (ManifestScan.PlacedEdit edit : scan.edits()) {
      RecordedEdit recorded = edit.recorded();
      int at =
          again.add(
              new LogRecord(
                  RecordKind.EDIT,
                  recorded.sequence(),
                  recorded.term(),
                  0,
                  1,
                  0,
                  NO_KEY,
                  EditCodec.encode(recorded)));
      if (head.length + at != edit.offset() || head.length + again.length() != edit.end()) {
        throw new AssertionError("an edit is said to be at " + edit.offset() + ", not " + at);
      }
    }
    byte[] edits = Arrays.copyOfRange(bytes, head.length, (int) scan.goodLength());
    if (!Arrays.equals(again.toArray(), edits)) {
      throw new AssertionError("edits were read that are not what is written");
    }
    if (scan.defect().isEmpty() != (scan.goodLength() == bytes.length)) {
      throw new AssertionError("the scan ended at " + scan.goodLength() + ": " + scan.defect());
    }
  }
}
