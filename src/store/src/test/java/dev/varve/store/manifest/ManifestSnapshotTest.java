package dev.varve.store.manifest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.store.format.RecordCodec;
import dev.varve.store.format.SegmentId;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ManifestSnapshotTest {
  private static final List<ManifestSnapshot.KeydirMark> MARKS =
      List.of(new ManifestSnapshot.KeydirMark(300, -5));

  private final ManifestState state = new ManifestState();
  private long sequence = 10;
  private long number;

  private void apply(Edit edit) throws InconsistentEditException {
    sequence += 10;
    List<RecordedEdit.Tail> tails =
        List.of(new RecordedEdit.Tail("m", new SegmentId(1, 1), sequence));
    state.apply(new RecordedEdit(sequence, 1, sequence - 1, state.termStarts(), tails, edit));
  }

  private static Edit.SegmentFile file(long number) {
    return new Edit.SegmentFile(new SegmentId(1, number), 100 * number, (int) number);
  }

  /** Replaces the sealed segments by one, and returns the edit's sequence. */
  private long compact(String keyspace, boolean forceDelete) throws InconsistentEditException {
    ManifestState.KeyspaceState known = state.keyspaces().get(keyspace);
    List<SegmentId> inputs =
        known == null ? List.of() : known.sealed().stream().map(Edit.SegmentFile::id).toList();
    number += 2;
    apply(
        new Edit.Compaction(
            "run-" + number,
            keyspace,
            inputs,
            List.of(file(number)),
            new SegmentId(1, number + 1),
            7,
            8,
            forceDelete,
            sequence));
    return sequence;
  }

  private void keyspace(String name, KeyspaceType type) throws InconsistentEditException {
    apply(new Edit.KeyspaceAdded(name, type, 4096));
    apply(new Edit.Roll(name, null, new SegmentId(1, 1)));
    apply(new Edit.Roll(name, file(1), new SegmentId(1, 2)));
    number = Math.max(number, 2);
  }

  private static List<Long> compactions(ManifestState state) {
    return state.compactions().stream().map(ManifestState.SequencedCompaction::sequence).toList();
  }

  /** What its records hold. */
  private static ManifestSnapshot decoded(ManifestSnapshot snapshot)
      throws InconsistentEditException {
    ByteBuffer records = SnapshotCodec.records(snapshot);
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    int at = 0;
    while (at < records.limit()) {
      assertEquals(RecordCodec.Check.WHOLE, RecordCodec.check(records, at, records.limit() - at));
      assertEquals(snapshot.sequence(), RecordCodec.sequence(records, at));
      byte[] value = RecordCodec.decode(records, at).value();
      assertTrue(SnapshotCodec.isPart(value));
      bytes.write(value, 1, value.length - 1);
      at += RecordCodec.length(records, at);
    }
    return SnapshotCodec.decode(snapshot.sequence(), snapshot.term(), bytes.toByteArray());
  }

  @Test
  void standsForAllThatItsEditsSay() throws InconsistentEditException {
    apply(new Edit.TermStarted(1));
    apply(new Edit.Membership(List.of("a", "b")));
    keyspace("m", KeyspaceType.KEY_VALUE);
    keyspace("events", KeyspaceType.STREAM);
    long _ = compact("m", false);
    apply(new Edit.CutOff("events", 30, 12));
    apply(new Edit.TimeMark(40, 1234));
    apply(new Edit.RequestHorizon(33));
    apply(new Edit.RequestHorizon(31));
    apply(new Edit.Checkpoint());
    assertEquals(33, state.requestHorizon(), "it never falls");
    ManifestSnapshot snapshot = state.snapshot(900, sequence, sequence + 3, MARKS);
    assertEquals(snapshot, decoded(snapshot));
    ManifestState again = new ManifestState(snapshot);
    assertEquals(snapshot, again.snapshot(900, sequence, sequence + 3, MARKS));
    Edit next = new Edit.Roll("m", file(2), new SegmentId(1, 50));
    RecordedEdit recorded =
        new RecordedEdit(sequence + 5, 1, sequence, state.termStarts(), List.of(), next);
    state.apply(recorded);
    again.apply(recorded);
    assertEquals(state.snapshot(1, 2, 3, List.of()), again.snapshot(1, 2, 3, List.of()));
  }

  @Test
  void standsForASwappedFile() throws InconsistentEditException {
    apply(new Edit.LayoutChosen(Layout.SINGLE_FILE));
    apply(new Edit.KeyspaceAdded("m", KeyspaceType.KEY_VALUE, 4096));
    apply(new Edit.Roll("m", null, new SegmentId(1, 1)));
    apply(new Edit.Swap("r", "m", file(1), file(2), new SegmentId(1, 3), true, 9));
    ManifestSnapshot snapshot = state.snapshot(900, sequence, sequence, MARKS);
    assertEquals(snapshot, decoded(snapshot));
    assertEquals(snapshot, new ManifestState(snapshot).snapshot(900, sequence, sequence, MARKS));
  }

  @Test
  void hasAsManyRecordsAsItNeeds() throws InconsistentEditException {
    apply(new Edit.KeyspaceAdded("m", KeyspaceType.KEY_VALUE, 4096));
    List<Edit.SegmentFile> sealed = new ArrayList<>();
    for (int i = 1; i <= 100_000; i++) {
      sealed.add(file(i));
    }
    ManifestSnapshot few = state.snapshot(900, sequence, sequence, MARKS);
    ManifestSnapshot.KeyspaceThen then = few.keyspaces().getFirst();
    List<ManifestSnapshot.KeyspaceThen> keyspaces =
        List.of(
            new ManifestSnapshot.KeyspaceThen(
                then.name(),
                then.type(),
                then.segmentBytes(),
                sealed,
                then.active(),
                then.activeBase(),
                100_000,
                0,
                CutOff.NONE,
                0));
    ManifestSnapshot many =
        new ManifestSnapshot(
            few.offset(),
            few.committed(),
            few.logEnd(),
            few.sequence(),
            few.term(),
            few.tails(),
            few.termStarts(),
            few.layout(),
            few.checkpoint(),
            few.requestHorizon(),
            few.membership(),
            few.timeMarks(),
            keyspaces,
            few.compactions(),
            few.keydirs());
    ByteBuffer records = SnapshotCodec.records(many);
    assertEquals(3, RecordCodec.batchSize(records, 0));
    assertEquals(many, decoded(many));
  }

  /**
   * A version that did not write down what compactions dropped: any change up to the snapshot may
   * be gone, but for keyspaces that were never compacted.
   */
  @Test
  void ofAnOlderVersionTellsOfNoChangesBeforeIt() throws InconsistentEditException {
    apply(new Edit.TermStarted(1));
    keyspace("m", KeyspaceType.KEY_VALUE);
    keyspace("n", KeyspaceType.KEY_VALUE);
    long compacted = compact("m", false);
    assertEquals(compacted, state.changesGoneUpTo("m"));
    apply(new Edit.Checkpoint());
    ManifestSnapshot now = state.snapshot(900, sequence, sequence, MARKS);
    List<ManifestSnapshot.KeyspaceThen> untold =
        now.keyspaces().stream().map(k -> k.telling(Edit.Compaction.DROPPED_UNKNOWN)).toList();
    ManifestSnapshot then = decoded(now.with(untold, 0));
    assertEquals(untold, then.keyspaces());
    assertEquals(sequence, new ManifestState(then).changesGoneUpTo("m"));
    long beforeAll = state.termStarts().getFirst().firstSequence() - 1;
    assertEquals(beforeAll, new ManifestState(then).changesGoneUpTo("n"));
    assertEquals(compacted, new ManifestState(decoded(now)).changesGoneUpTo("m"));
  }

  @Test
  void aCompactionIsToldFromOneThatDoesNotSayWhatItDropped() throws InconsistentEditException {
    Edit.Compaction untold =
        new Edit.Compaction("r", "m", List.of(), List.of(), new SegmentId(1, 9), 7, 8, false, 1234);
    for (Edit.Compaction edit : List.of(untold, untold.telling(0), untold.telling(39))) {
      RecordedEdit recorded = new RecordedEdit(40, 1, 39, List.of(), List.of(), edit);
      assertEquals(recorded, EditCodec.decode(40, 1, EditCodec.encode(recorded)));
    }
    keyspace("m", KeyspaceType.KEY_VALUE);
    apply(untold.telling(2));
    assertEquals(2, state.changesGoneUpTo("m"));
    assertThrows(InconsistentEditException.class, () -> apply(untold.telling(sequence + 1000)));
    apply(untold.telling(0));
    assertEquals(2, state.changesGoneUpTo("m"), "it never falls");
    apply(new Edit.CutOff("m", 5, 0));
    assertEquals(4, state.changesGoneUpTo("m"));
    apply(untold);
    assertEquals(sequence, state.changesGoneUpTo("m"));
  }

  /** Members roll their manifests apart: after that their snapshots are compared all the same. */
  @Test
  void isTheSameWhetherACompactionWasReadFromItsEditOrFromASnapshot()
      throws InconsistentEditException {
    keyspace("m", KeyspaceType.KEY_VALUE);
    apply(
        new Edit.Compaction("r", "m", List.of(), List.of(), new SegmentId(1, 9), 7, 8, false, 1234)
            .telling(2));
    ManifestSnapshot now = state.snapshot(900, sequence, sequence, MARKS);
    assertEquals(1, now.compactions().size());
    assertEquals(now, decoded(now));
  }

  /** What knows no snapshots must not take one for an edit, or for the end of the log. */
  @Test
  void isNoEdit() throws InconsistentEditException {
    apply(new Edit.TermStarted(1));
    ByteBuffer records = SnapshotCodec.records(state.snapshot(9, sequence, sequence, List.of()));
    byte[] value = RecordCodec.decode(records, 0).value();
    InconsistentEditException refusal =
        assertThrows(InconsistentEditException.class, () -> EditCodec.decode(sequence, 1, value));
    assertEquals("edit of unknown version 2", refusal.getMessage());
  }

  /** Guards: the conditions in {@link ManifestState#forgetCompactions}, each by itself. */
  @Test
  void forgetsCompactionsThatNoOpeningNeeds() throws InconsistentEditException {
    keyspace("m", KeyspaceType.KEY_VALUE);
    keyspace("n", KeyspaceType.KEY_VALUE);
    long first = compact("m", false);
    long second = compact("m", true);
    apply(new Edit.Checkpoint());
    long forced = compact("n", true);
    long waiting = compact("m", false);
    long behindIt = compact("m", true);
    assertEquals(List.of(first, second, forced, waiting, behindIt), compactions(state));
    ManifestState lagging = state.copy();
    lagging.forgetCompactions(second);
    assertEquals(List.of(second, forced, waiting, behindIt), compactions(lagging));
    state.forgetCompactions(Long.MAX_VALUE);
    assertEquals(List.of(waiting, behindIt), compactions(state));
    apply(new Edit.Checkpoint());
    state.forgetCompactions(Long.MAX_VALUE);
    assertEquals(List.of(), compactions(state));
  }

  @Test
  void keepsTheLastSwapOfAKeyspace() throws InconsistentEditException {
    apply(new Edit.LayoutChosen(Layout.SINGLE_FILE));
    apply(new Edit.KeyspaceAdded("m", KeyspaceType.KEY_VALUE, 4096));
    apply(new Edit.Roll("m", null, new SegmentId(1, 1)));
    apply(new Edit.Swap("r1", "m", file(1), file(2), new SegmentId(1, 3), false, 9));
    apply(new Edit.Swap("r2", "m", file(2), file(4), new SegmentId(1, 5), false, 9));
    long last = sequence;
    apply(new Edit.Checkpoint());
    state.forgetCompactions(Long.MAX_VALUE);
    assertEquals(List.of(last), compactions(state));
  }
}
