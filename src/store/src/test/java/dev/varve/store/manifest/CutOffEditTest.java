package dev.varve.store.manifest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;

class CutOffEditTest {
  private static RecordedEdit at(long sequence, Edit edit) {
    return new RecordedEdit(sequence, 3, sequence - 1, List.of(), List.of(), edit);
  }

  private static String hex(RecordedEdit edit) {
    return HexFormat.of().formatHex(EditCodec.encode(edit));
  }

  @Test
  void aCutOffHasTheseBytes() throws InconsistentEditException {
    RecordedEdit edit = at(9, new Edit.CutOff("log", 7, 258));
    assertEquals(
        "01" // version
            + "07" // kind
            + "0000000000000008" // committed
            + "00000000" // no term starts
            + "00000000" // no tails
            + "00036c6f67" // log
            + "0000000000000007" // sequence
            + "0000000000000102", // first id
        hex(edit));
    assertEquals(edit, EditCodec.decode(9, 3, EditCodec.encode(edit)));
  }

  @Test
  void aTimeMarkHasTheseBytes() throws InconsistentEditException {
    RecordedEdit edit = at(9, new Edit.TimeMark(5, 1_000));
    assertEquals(
        "01"
            + "08"
            + "0000000000000008"
            + "00000000"
            + "00000000"
            + "0000000000000005"
            + "00000000000003e8",
        hex(edit));
    assertEquals(edit, EditCodec.decode(9, 3, EditCodec.encode(edit)));
  }

  private static ManifestState withKeyspace() throws InconsistentEditException {
    ManifestState state = new ManifestState();
    state.apply(at(1, new Edit.KeyspaceAdded("log", KeyspaceType.STREAM, 4096)));
    return state;
  }

  private static CutOff cutOff(ManifestState state) {
    ManifestState.KeyspaceState keyspace = state.keyspaces().get("log");
    return keyspace == null ? CutOff.NONE : keyspace.cutOff();
  }

  @Test
  void aCutOffNeverMovesBack() throws InconsistentEditException {
    ManifestState state = withKeyspace();
    state.apply(at(20, new Edit.CutOff("log", 15, 7)));
    state.apply(at(21, new Edit.CutOff("log", 12, 5)));
    assertEquals(new CutOff(15, 7), cutOff(state));
    assertEquals(new CutOff(15, 7), cutOff(state.copy()));
    state.apply(at(22, new Edit.CutOff("log", 16, 9)));
    assertEquals(new CutOff(16, 9), cutOff(state));
  }

  @Test
  void nothingThatIsYetToBeWrittenIsCutOffOrMarked() throws InconsistentEditException {
    ManifestState state = withKeyspace();
    assertThrows(
        InconsistentEditException.class, () -> state.apply(at(20, new Edit.CutOff("log", 21, 1))));
    assertThrows(
        InconsistentEditException.class, () -> state.apply(at(20, new Edit.TimeMark(21, 1))));
    assertEquals(CutOff.NONE, cutOff(state));
  }

  @Test
  void marksAreBoundedAndNeverMakeAnythingOlder() throws InconsistentEditException {
    ManifestState state = withKeyspace();
    for (long i = 1; i <= 5_000; i++) {
      state.apply(at(10 * i + 1, new Edit.TimeMark(10 * i, 1_000 * i)));
      assertTrue(state.timeMarks().all().size() <= TimeMarks.MARKS_MAX);
    }
    for (long i = 1; i <= 5_000; i++) {
      long written = state.timeMarks().writtenBy(1_000 * i + 500);
      assertTrue(written <= 10 * i, "sequence " + written + " at " + i);
    }
    assertEquals(49_990, state.timeMarks().writtenBy(4_999_000));
    assertEquals(0, state.timeMarks().writtenBy(999));
    for (long i = 100; i <= 5_000; i++) {
      // Thinned, but no coarser than a part of the age.
      long wanted = 10 * (i - 1 - (5_000 - i) / 16);
      long written = state.timeMarks().writtenBy(1_000 * i);
      assertTrue(written >= wanted, "only " + written + " at " + i);
    }
  }

  @Test
  void aMarkOfAClockThatWasSetBackCountsWithTheTimeBefore() throws InconsistentEditException {
    ManifestState state = withKeyspace();
    state.apply(at(11, new Edit.TimeMark(10, 5_000)));
    state.apply(at(21, new Edit.TimeMark(20, 1_000)));
    assertEquals(0, state.timeMarks().writtenBy(4_999));
    assertEquals(20, state.timeMarks().writtenBy(5_000));
  }
}
