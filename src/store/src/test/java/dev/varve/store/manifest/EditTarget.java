package dev.varve.store.manifest;

import dev.varve.store.format.SegmentId;
import dev.varve.store.fuzz.Target;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** {@link EditCodec} under the fuzzer. */
public final class EditTarget implements Target {
  private static final long SEQUENCE = 90;
  private static final long TERM = 4;

  @Override
  public String name() {
    return "edit";
  }

  @Override
  public Map<String, byte[]> valid() {
    SegmentId id = new SegmentId(3, 17);
    Edit.SegmentFile file = new Edit.SegmentFile(id, 4096, 0xCAFE_BABE);
    List<Edit> edits =
        List.of(
            new Edit.TermStarted(TERM),
            new Edit.KeyspaceAdded("main", KeyspaceType.KEY_VALUE, 64 << 20),
            new Edit.KeyspaceAdded("events", KeyspaceType.STREAM, 1 << 20),
            new Edit.Roll("main", null, id),
            new Edit.Roll("main", file, new SegmentId(4, 1)),
            new Edit.Compaction(
                "run-7",
                "main",
                List.of(id, new SegmentId(3, 18)),
                List.of(file),
                new SegmentId(4, 2),
                120,
                -1,
                true,
                1_700_000_000_000L),
            new Edit.Checkpoint(),
            new Edit.Membership(List.of("member-a", "member-b")),
            new Edit.CutOff("events", 40, 12),
            new Edit.TimeMark(80, 1_700_000_000_000L),
            new Edit.Compaction(
                "run-8",
                "main",
                List.of(id),
                List.of(),
                new SegmentId(4, 3),
                20,
                7,
                false,
                1_700_000_000_000L,
                77));
    Map<String, byte[]> valid = new LinkedHashMap<>();
    for (int i = 0; i < edits.size(); i++) {
      Edit edit = edits.get(i);
      RecordedEdit recorded =
          new RecordedEdit(
              SEQUENCE,
              TERM,
              80,
              i % 2 == 0 ? List.of() : List.of(new TermStart(1, 1), new TermStart(4, 70)),
              i % 3 == 0 ? List.of() : List.of(new RecordedEdit.Tail("main", id, 100)),
              edit);
      String kind = edit.getClass().getSimpleName().toLowerCase(Locale.ROOT);
      valid.put(i + "-" + kind, EditCodec.encode(recorded));
    }
    return valid;
  }

  @Override
  public byte[] mended(byte[] bytes) {
    return bytes; // the record around it has the checksum
  }

  @Override
  public void decode(byte[] bytes) {
    RecordedEdit decoded;
    try {
      decoded = EditCodec.decode(SEQUENCE, TERM, bytes);
    } catch (InconsistentEditException e) {
      return;
    }
    if (!Arrays.equals(bytes, EditCodec.encode(decoded))) {
      throw new AssertionError("an edit was read that is not what is written: " + decoded);
    }
    applied(decoded);
  }

  /** An edit that can be read may still contradict the store, and is then refused as such. */
  private static void applied(RecordedEdit decoded) {
    ManifestState state = new ManifestState();
    try {
      state.apply(decoded);
    } catch (InconsistentEditException e) {
      return;
    }
    if (state.copy().keyspaces().size() != state.keyspaces().size()) {
      throw new AssertionError("a copy of the state differs after " + decoded);
    }
  }
}
