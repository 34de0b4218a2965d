package dev.varve.store;

import static dev.varve.store.StoreFixture.bytes;
import static dev.varve.store.StoreFixture.contents;
import static dev.varve.store.StoreFixture.delete;
import static dev.varve.store.StoreFixture.get;
import static dev.varve.store.StoreFixture.keyspace;
import static dev.varve.store.StoreFixture.put;
import static dev.varve.store.StoreFixture.value;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.store.compaction.CancelToken;
import dev.varve.store.compaction.CompactionOptions;
import dev.varve.store.compaction.CompactionPlan;
import dev.varve.store.compaction.Strategy;
import dev.varve.store.format.RecordCodec;
import dev.varve.store.format.RecordKind;
import dev.varve.store.format.SegmentId;
import dev.varve.store.manifest.Edit;
import dev.varve.store.manifest.EditCodec;
import dev.varve.store.manifest.KeyspaceType;
import dev.varve.store.manifest.Layout;
import dev.varve.store.manifest.ManifestState;
import dev.varve.store.manifest.RecordedEdit;
import dev.varve.store.recovery.Finding;
import dev.varve.store.recovery.Repair;
import dev.varve.store.recovery.RepairReport;
import dev.varve.store.recovery.Verification;
import dev.varve.store.simulation.Fault;
import dev.varve.store.simulation.Operation;
import dev.varve.store.simulation.SimulatedStorage;
import dev.varve.store.storage.Storage;
import dev.varve.store.storage.StorageFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Each keyspace is one file; compaction swaps it for a copy of what is live. */
@ExtendWith(QuietLog.class)
class SingleFileTest {
  private final StoreFixture fixture = StoreFixture.of(Layout.SINGLE_FILE);
  private final SimulatedStorage storage = new SimulatedStorage();

  /** Much more than a segment has. */
  static void load(Store store) throws IOException {
    for (int i = 0; i < 100; i++) {
      put(store, "main", "key-" + i % 25, value(i, 300));
    }
  }

  static List<String> files(SimulatedStorage storage, String suffix) {
    return storage.files().stream()
        .filter(path -> path.startsWith("main/") && path.endsWith(suffix))
        .toList();
  }

  private static Verification verify(Storage storage) throws IOException {
    return RecoveryFixture.verify(storage);
  }

  @Test
  void aKeyspaceIsOneFileHoweverMuchIsWritten() throws IOException {
    try (Store store = fixture.standalone(storage)) {
      load(store);
      assertEquals(Layout.SINGLE_FILE, store.layout());
      assertEquals(List.of("main/0000000001-000000000001.log"), files(storage, ".log"));
      assertEquals(1, keyspace(store, "main").segments().size());
      assertTrue(keyspace(store, "main").totalBytes() > 5 * StoreFixture.SEGMENT_BYTES);
    }
    assertEquals(List.of(), files(storage, ".hint"));
  }

  @Test
  void compactionSwapsTheFileAndKeepsTheOldOneUntilTheNext() throws IOException {
    try (Store store = fixture.standalone(storage)) {
      load(store);
      Map<String, String> before = contents(store);
      String first = files(storage, ".log").getFirst();
      byte[] old = storage.contents(first);
      CompactionPlan plan = store.plan(CompactionOptions.defaults("main").forced());
      CompactionEvent end = fixture.compact(store, "main", false);
      assertEquals(CompactionEvent.Type.COMPLETED, end.type(), end.message());
      assertEquals(List.of(first), end.files());
      assertEquals(plan.expectedSpaceSaved(), end.spaceSaved());
      assertEquals(end.bytesBefore() - end.spaceSaved(), end.bytesAfter());
      assertEquals(before, contents(store));
      KeyspaceStatus status = keyspace(store, "main");
      assertEquals(0, status.deadRatio());
      assertEquals(end.bytesAfter(), status.totalBytes());
      assertEquals(0, status.retiredSegments());
      assertEquals(List.of(first + ".old"), files(storage, ".old"));
      org.junit.jupiter.api.Assertions.assertArrayEquals(old, storage.contents(first + ".old"));
      String second = files(storage, ".log").getFirst();
      assertEquals(1, files(storage, ".log").size());
      assertEquals(List.of(), files(storage, SegmentId.RUNS_SUFFIX));

      put(store, "main", "key-1", "newer");
      delete(store, "main", "key-2");
      assertEquals(CompactionEvent.Type.COMPLETED, fixture.compact(store, "main", false).type());
      assertEquals(List.of(second + ".old"), files(storage, ".old"));
      assertEquals("newer", get(store, "main", "key-1"));
      assertEquals("absent", get(store, "main", "key-2"));
      assertEquals(24, keyspace(store, "main").liveKeys());
      assertEquals(0, keyspace(store, "main").deadRatio(), "the tombstone went too");

      put(store, "main", "key-1", "newest");
      assertEquals(CompactionEvent.Type.COMPLETED, fixture.compact(store, "main", true).type());
      assertEquals(List.of(), files(storage, ".old"));
      assertEquals(1, files(storage, ".log").size());
    }
    assertTrue(verify(storage).clean(), () -> "not clean");
  }

  @Test
  void reopensFromTheHintOfWhatWasCopiedAndTheTail() throws IOException {
    Map<String, String> expected;
    try (Store store = fixture.standalone(storage)) {
      load(store);
      fixture.compact(store, "main", false);
      delete(store, "main", "key-3");
      put(store, "main", "key-4", "after");
      expected = contents(store);
    }
    assertEquals(1, files(storage, ".hint").size());
    assertEquals(expected, reopened());
    storage.delete(files(storage, ".hint").getFirst());
    assertEquals(expected, reopened(), "without the hint");
    assertEquals(1, files(storage, ".hint").size(), "and the hint is there again");
    storage.flipBit(files(storage, ".hint").getFirst(), 500);
    assertEquals(expected, reopened(), "with a bad hint");
    try (Store store = fixture.standalone(storage)) {
      assertEquals(CompactionEvent.Type.COMPLETED, fixture.compact(store, "main", false).type());
      assertEquals(expected, contents(store));
    }
    assertEquals(expected, reopened());
  }

  private Map<String, String> reopened() throws IOException {
    try (Store store = fixture.standalone(storage)) {
      return contents(store);
    }
  }

  @Test
  void whatIsAllDeadBecomesAnEmptyFile() throws IOException {
    try (Store store = fixture.standalone(storage)) {
      load(store);
      for (int i = 0; i < 25; i++) {
        delete(store, "main", "key-" + i);
      }
      CompactionEvent end = fixture.compact(store, "main", false);
      assertEquals(CompactionEvent.Type.COMPLETED, end.type(), end.message());
      assertEquals(0, keyspace(store, "main").totalBytes());
      assertEquals(0, keyspace(store, "main").liveBytes());
      put(store, "main", "key-1", "again");
    }
    assertEquals(Map.of("main/key-1", "again"), reopened());
    try (Store store = fixture.standalone(storage)) {
      assertEquals(CompactionEvent.Type.SKIPPED, fixture.compact(store, "main", false).type());
    }
  }

  /** A manifest whose keyspace says 8 KiB where others say 2 GiB. */
  private static SimulatedStorage withAFileOfAtMost8KiB() throws IOException {
    SimulatedStorage made = new SimulatedStorage();
    SegmentId active = new SegmentId(1, 1);
    ByteBuffer bytes = ByteBuffer.allocate(4096);
    long sequence = 0;
    for (Edit edit :
        List.of(
            new Edit.TermStarted(1),
            new Edit.LayoutChosen(Layout.SINGLE_FILE),
            new Edit.KeyspaceAdded("main", KeyspaceType.KEY_VALUE, 8192),
            new Edit.Roll("main", null, active))) {
      sequence++;
      byte[] value =
          EditCodec.encode(new RecordedEdit(sequence, 1, sequence - 1, List.of(), List.of(), edit));
      RecordCodec.encode(RecordKind.EDIT, sequence, 1, 0, 1, 0, new byte[0], value, bytes);
    }
    made.createDirectory("_manifest");
    made.createDirectory("main");
    made.create(active.logPath("main")).close();
    try (StorageFile manifest = made.create(ManifestState.PATH)) {
      manifest.write(new ByteBuffer[] {bytes.flip()}, 0);
    }
    return made;
  }

  @Test
  void aFileThatCanNotGrowAnyMoreTakesNoWritesUntilItIsCompacted() throws IOException {
    SimulatedStorage made = withAFileOfAtMost8KiB();
    try (Store store = fixture.standalone(made)) {
      StoreFullException full =
          assertThrows(
              StoreFullException.class,
              () -> {
                for (int i = 0; i < 100; i++) {
                  put(store, "main", "key-" + i % 3, value(i, 300));
                }
              });
      assertTrue(String.valueOf(full.getMessage()).contains("compact main"), full.toString());
      assertEquals(List.of("main/0000000001-000000000001.log"), files(made, ".log"));
      Map<String, String> before = contents(store);
      assertEquals(3, before.size());
      put(store, "objects", "another", "keyspace has room");
      before = contents(store);
      assertEquals(CompactionEvent.Type.COMPLETED, fixture.compact(store, "main", false).type());
      assertEquals(before, contents(store));
      put(store, "main", "key-1", "again");
      assertEquals("again", get(store, "main", "key-1"));
    }
  }

  @Test
  void aSecondRunRightAfterAFirstFindsNothing() throws IOException {
    try (Store store = fixture.standalone(storage)) {
      load(store);
      fixture.compact(store, "main", false);
      CompactionEvent second = fixture.compact(store, "main", false);
      assertEquals(CompactionEvent.Type.SKIPPED, second.type());
      assertEquals(CompactionPlan.NOTHING_TO_RECLAIM, second.reason());
      assertEquals(1, files(storage, ".old").size(), "and keeps what the first left");
    }
  }

  @Test
  void shiftIsSkippedAndTheOtherStrategiesCopy() throws IOException {
    try (Store store = fixture.standalone(storage)) {
      for (Strategy strategy : List.of(Strategy.REWRITE, Strategy.LOOKUP, Strategy.SCAN)) {
        load(store);
        Map<String, String> before = contents(store);
        assertEquals(CompactionEvent.Type.COMPLETED, run(store, strategy).type());
        assertEquals(before, contents(store));
        assertEquals(0, keyspace(store, "main").deadRatio());
      }
      load(store);
      CompactionEvent shifted = run(store, Strategy.SHIFT);
      assertEquals(CompactionEvent.Type.SKIPPED, shifted.type());
      assertEquals("Disabled", shifted.reason());
      assertTrue(shifted.message().contains("single file"), shifted.message());
    }
  }

  private static CompactionEvent run(Store store, Strategy strategy) throws IOException {
    return store.compact(
        new CompactionRequest(
            "run-" + strategy, new CompactionOptions("main", strategy, 0, 0, 0, 1, true), false, 0),
        event -> {},
        CancelToken.unbounded());
  }

  @Test
  void anOpenScanKeepsItsViewOverASwap() throws IOException {
    try (Store store = fixture.standalone(storage)) {
      load(store);
      Map<String, String> before = contents(store, "main");
      String first = files(storage, ".log").getFirst();
      Map<String, String> found = new TreeMap<>();
      try (Scan scan = store.scan("main", new byte[0], false)) {
        Scan.Entry entry = scan.next();
        if (entry == null) {
          throw new AssertionError("nothing to scan");
        }
        found.put(
            "main/" + StoreFixture.text(entry.key()), StoreFixture.text(entry.versioned().value()));
        load(store);
        assertEquals(CompactionEvent.Type.COMPLETED, fixture.compact(store, "main", false).type());
        assertTrue(storage.exists(first), "a reader holds it");
        StoreFixture.drain("main", scan, found);
      }
      assertEquals(before, found);
      assertFalse(storage.exists(first));
      assertEquals(List.of(first + ".old"), files(storage, ".old"));
    }
  }

  /** A reader may hold a file longer than the one that took its place. */
  @Test
  void theNewestOldFileIsKeptWhicheverReaderEndsLast() throws IOException {
    try (Store store = fixture.standalone(storage)) {
      load(store);
      Scan early = store.scan("main", new byte[0], false);
      early.next();
      load(store);
      fixture.compact(store, "main", false);
      String second = files(storage, ".log").getLast();
      load(store);
      fixture.compact(store, "main", false);
      assertEquals(List.of(second + ".old"), files(storage, ".old"));
      early.close();
      assertEquals(List.of(second + ".old"), files(storage, ".old"));
      assertEquals(1, files(storage, ".log").size());
    }
  }

  @Test
  void aDirectoryKeepsTheLayoutThatItWasMadeWith() throws IOException {
    fixture.standalone(storage).close();
    Map<String, byte[]> before = RecoveryFixture.files(storage);
    LayoutMismatchException refused =
        assertThrows(
            LayoutMismatchException.class,
            () -> fixture.with(Layout.SEGMENTED).standalone(storage));
    assertEquals(
        "layout: the directory was made as single-file, not as segmented", refused.getMessage());
    assertEquals(before.keySet(), RecoveryFixture.files(storage).keySet());
    try (Store store = new StoreFixture().standalone(storage)) {
      assertEquals(Layout.SINGLE_FILE, store.layout(), "as it was made");
    }
    SimulatedStorage other = new SimulatedStorage();
    new StoreFixture().standalone(other).close();
    LayoutMismatchException also =
        assertThrows(LayoutMismatchException.class, () -> fixture.standalone(other));
    assertEquals(Layout.SEGMENTED, also.made());
  }

  @Test
  void followersAreRefused() throws IOException {
    try (Store leader = fixture.standalone(storage);
        Store follower = new StoreFixture().open(new SimulatedStorage())) {
      List<LogEntry> entries = leader.log().read(0, 1 << 20);
      assertTrue(entries != null && !entries.isEmpty());
      java.util.concurrent.CompletionException refused =
          assertThrows(
              java.util.concurrent.CompletionException.class,
              () -> follower.log().append(entries).join());
      assertTrue(refused.getCause() instanceof LogDivergedException, refused.toString());
      assertTrue(String.valueOf(refused.getMessage()).contains("single-file"), refused.toString());
    }
  }

  private static StreamEntry next(StreamReader reader) throws IOException {
    StreamEntry entry = reader.next();
    if (entry == null) {
      throw new AssertionError("no entry " + reader.nextId());
    }
    return entry;
  }

  @Test
  void aStreamIsCompactedAndReadOn() throws IOException {
    StoreFixture streams =
        new StoreFixture(List.of(new KeyspaceOptions("main", KeyspaceType.STREAM, 4096)))
            .with(Layout.SINGLE_FILE);
    try (Store store = streams.standalone(storage)) {
      EventStream stream = store.stream("main");
      for (int i = 1; i <= 60; i++) {
        stream.append(List.of(bytes(value(i, 200)))).join();
      }
      try (StreamReader reader = stream.read(31)) {
        StreamEntry entry = next(reader);
        assertEquals(31, entry.id());
        stream.trim(new TrimBound.MinId(31), false);
        CompactionEvent end = streams.compact(store, "main", false);
        assertEquals(CompactionEvent.Type.COMPLETED, end.type(), end.message());
        stream.append(List.of(bytes("after"))).join();
        for (int id = 32; id <= 61; id++) {
          assertEquals(id, next(reader).id());
        }
      }
      stream.trim(new TrimBound.MinId(61), false);
      assertTrue(keyspace(store, "main").deadRatio() > 0.9, "what was moved is swept too");
      assertEquals(CompactionEvent.Type.COMPLETED, streams.compact(store, "main", true).type());
      assertEquals(1, keyspace(store, "main").liveKeys());
    }
    try (Store store = streams.standalone(storage);
        StreamReader reader = store.stream("main").read(1)) {
      assertEquals("after", StoreFixture.text(next(reader).payload()));
    }
  }

  /** The guard is LiveSegment.unswept: the new file was swept before the index moved to it. */
  @Test
  void whatIsTrimmedBetweenASwapAndItsAdoptionLeavesTheIndexToo() throws IOException {
    StoreFixture streams =
        new StoreFixture(List.of(new KeyspaceOptions("main", KeyspaceType.STREAM, 4096)))
            .with(Layout.SINGLE_FILE);
    try (Store store = streams.standalone(storage)) {
      EventStream stream = store.stream("main");
      for (int i = 1; i <= 60; i++) {
        stream.append(List.of(bytes(value(i, 200)))).join();
      }
      stream.trim(new TrimBound.MinId(11), false);
      storage.failWhen(
          op -> op.kind() == Operation.Kind.OPEN && op.path().endsWith(SegmentId.RUNS_SUFFIX),
          Fault.IO_ERROR);
      assertEquals(CompactionEvent.Type.COMPLETED, streams.compact(store, "main", false).type());
      assertEquals(1, store.log().adoptionBacklog());
      stream.trim(new TrimBound.MinId(41), false);
      storage.clearFaults();
      store.checkpoint().join(); // adoption is tried again
      assertEquals(0, store.log().adoptionBacklog());
      assertEquals(20, keyspace(store, "main").liveKeys());
    }
  }

  @Test
  void damageInWhatWasCopiedIsFoundAndRepaired() throws IOException {
    Map<String, String> expected;
    try (Store store = fixture.standalone(storage)) {
      load(store);
      fixture.compact(store, "main", true);
      put(store, "main", "after", "1");
      expected = contents(store);
    }
    String file = files(storage, ".log").getFirst();
    storage.flipBit(file, 8 * 400);
    Verification found = verify(storage);
    assertEquals(
        List.of(Finding.Severity.DAMAGE),
        found.findings().stream().map(Finding::severity).toList(),
        found::toString);
    assertEquals(file, found.findings().getFirst().file());
    RepairReport report = Repair.run(storage, 1, (path, bytes, all) -> {});
    assertEquals(1, report.lostRecords().size(), report::toString);
    try (Store store = new StoreFixture().standalone(storage)) {
      assertEquals(Layout.SEGMENTED, store.layout());
      Map<String, String> rest = contents(store);
      assertEquals(expected.size() - 1, rest.size());
      assertTrue(expected.entrySet().containsAll(rest.entrySet()));
    }
  }

  @Test
  void aBadHintOfWhatWasCopiedIsMended() throws IOException {
    try (Store store = fixture.standalone(storage)) {
      load(store);
      fixture.compact(store, "main", true);
      put(store, "main", "after", "1");
    }
    storage.flipBit(files(storage, ".hint").getFirst(), 400);
    assertEquals(Finding.Severity.DEFECT, verify(storage).findings().getFirst().severity());
    assertFalse(Repair.run(storage, 1, (path, bytes, all) -> {}).lostData());
    assertTrue(verify(storage).clean());
  }

  @Test
  void aFileThatLacksWhatWasCopiedIsDamage() throws IOException {
    try (Store store = fixture.standalone(storage)) {
      load(store);
      fixture.compact(store, "main", true);
    }
    String path = files(storage, ".log").getFirst();
    try (StorageFile file = storage.open(path)) {
      file.truncate(file.size() - 1);
      file.sync();
    }
    dev.varve.store.recovery.CorruptionException refused =
        assertThrows(
            dev.varve.store.recovery.CorruptionException.class, () -> fixture.standalone(storage));
    assertEquals(path, refused.file());
    assertFalse(verify(storage).clean());
  }

  /** As docs/recovery.md says it is done by hand. */
  @Test
  void theOldFileAloneMakesAStoreAsOfTheSwap() throws IOException {
    Map<String, String> before;
    try (Store store = fixture.standalone(storage)) {
      load(store);
      delete(store, "main", "key-7");
      before = contents(store, "main");
      fixture.compact(store, "main", false);
      put(store, "main", "key-1", "later");
    }
    String old = files(storage, ".old").getFirst();
    SimulatedStorage made = new SimulatedStorage();
    made.createDirectory("main");
    byte[] bytes = storage.contents(old);
    try (StorageFile file = made.create(old.substring(0, old.length() - ".old".length()))) {
      file.write(new ByteBuffer[] {ByteBuffer.wrap(bytes)}, 0);
    }
    assertFalse(Repair.run(made, 1, (path, read, all) -> {}).folder().isEmpty());
    try (Store store = new StoreFixture().standalone(made)) {
      assertEquals(before, contents(store, "main"));
    }
  }

  @Test
  void aBackupIsRestoredAsASingleFile() throws IOException, InterruptedException {
    Map<String, String> expected;
    Map<String, java.io.ByteArrayOutputStream> backedUp = new TreeMap<>();
    try (Store store = fixture.standalone(storage)) {
      load(store);
      fixture.compact(store, "main", false);
      put(store, "main", "after", "1");
      expected = contents(store);
      try (Backup backup = Backup.begin(store)) {
        backup.send(
            (file, length, offset, bytes) -> {
              byte[] chunk = new byte[bytes.remaining()];
              bytes.get(chunk);
              backedUp
                  .computeIfAbsent(file, path -> new java.io.ByteArrayOutputStream())
                  .writeBytes(chunk);
              fixture.compact(store, "main", true);
              put(store, "main", "later", "2");
            });
      }
    }
    List<String> logs = new ArrayList<>(backedUp.keySet());
    logs.removeIf(path -> !path.startsWith("main/") || !path.endsWith(".log"));
    assertEquals(1, logs.size(), "not what a swap closed: " + backedUp.keySet());
    SimulatedStorage made = new SimulatedStorage();
    BackupTest.restore(made, backedUp);
    try (Store store = fixture.standalone(made)) {
      assertEquals(expected, contents(store));
      assertEquals(CompactionEvent.Type.SKIPPED, fixture.compact(store, "main", false).type());
    }
  }
}
