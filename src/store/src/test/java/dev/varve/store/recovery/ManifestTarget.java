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
import dev.varve.store.manifest.ManifestState;
import dev.varve.store.manifest.RecordedEdit;
import java.io.IOException;
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
    return Map.of("empty", NO_KEY, "new", storage.contents(ManifestState.PATH));
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
      if (at != edit.offset() || again.length() != edit.end()) {
        throw new AssertionError("an edit is said to be at " + edit.offset() + ", not " + at);
      }
    }
    if (!Arrays.equals(again.toArray(), Arrays.copyOf(bytes, (int) scan.goodLength()))) {
      throw new AssertionError("edits were read that are not what is written");
    }
    if (scan.defect().isEmpty() != (scan.goodLength() == bytes.length)) {
      throw new AssertionError("the scan ended at " + scan.goodLength() + ": " + scan.defect());
    }
  }
}
