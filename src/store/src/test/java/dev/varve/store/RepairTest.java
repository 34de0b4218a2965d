package dev.varve.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.store.manifest.KeyspaceType;
import dev.varve.store.recovery.CannotRepairException;
import dev.varve.store.recovery.CorruptionException;
import dev.varve.store.recovery.LostRecord;
import dev.varve.store.recovery.Repair;
import dev.varve.store.recovery.RepairReport;
import dev.varve.store.simulation.Fault;
import dev.varve.store.simulation.SimulatedStorage;
import dev.varve.store.storage.Storage;
import dev.varve.store.storage.StorageFile;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Repair makes a store that opens and hides nothing of what is gone (pitfalls 1, 6, 9, 11). */
@ExtendWith(QuietLog.class)
class RepairTest {
  private static final String MANIFEST = "_manifest/0000000000-000000000001.log";

  private final RecoveryFixture recovery = new RecoveryFixture();

  private RepairReport repair(Storage storage) throws IOException {
    return Repair.run(storage, RecoveryFixture.NOW_MS, (file, bytes, all) -> {});
  }

  private void assertWhole(SimulatedStorage storage) throws IOException {
    assertEquals(List.of(), RecoveryFixture.verify(storage).findings());
    assertEquals(recovery.expected, recovery.reopened(storage));
  }

  @Test
  void leavesAWholeStoreAlone() throws IOException {
    SimulatedStorage storage = recovery.filled();
    Map<String, byte[]> before = RecoveryFixture.files(storage);
    RepairReport report = repair(storage);
    assertEquals("", report.folder());
    assertEquals(before.keySet(), RecoveryFixture.files(storage).keySet());
    assertWhole(storage);
  }

  @Test
  void writesABadHintAndABadMarkAnewAndKeepsTheIdentity() throws IOException {
    SimulatedStorage storage = recovery.filled();
    identity(storage);
    storage.flipBit(RecoveryFixture.of(storage, "main", ".hint").getFirst(), 333);
    storage.flipBit(RecoveryFixture.of(storage, "objects", ".hint").getFirst(), 333);
    storage.flipBit("_durable", 9);
    storage.flipBit("_durable", 8 * 512 + 9);
    RepairReport report = repair(storage);
    assertFalse(report.lostData(), report::toString);
    assertFalse(report.identityInvalidated());
    assertTrue(storage.exists("_r-member"));
    assertTrue(storage.exists(report.folder() + "/report.txt"));
    assertWhole(storage);
  }

  @Test
  void keepsAllButTheDamagedRecordOfASealedSegmentAndNamesIt() throws IOException {
    SimulatedStorage storage = recovery.filled();
    identity(storage);
    String sealed = RecoveryFixture.of(storage, "objects", ".log").getFirst();
    storage.flipBit(sealed, 8 * 900);
    RepairReport report = repair(storage);
    assertEquals(1, report.losses().size(), report::toString);
    assertEquals(sealed, report.losses().getFirst().file());
    assertEquals(1, report.lostRecords().size());
    LostRecord lost = report.lostRecords().getFirst();
    assertEquals("object-4", StoreFixture.text(lost.key()));
    assertTrue(report.mayComeBack(), "an older value could show");
    assertTrue(storage.exists(report.folder() + '/' + sealed), "the replaced file is kept");
    assertTrue(report.identityInvalidated());
    assertFalse(storage.exists("_r-member"));
    assertTrue(storage.exists(report.folder() + "/_r-member"));
    Map<String, String> rest = new TreeMap<>(recovery.expected);
    assertNotNull(rest.remove("objects/object-4"));
    recovery.expected = rest;
    assertWhole(storage);
  }

  /** The guard is SegmentSalvage.writeLostTombstones: without it the old value is back. */
  @Test
  void keepsADeletedKeyDeletedWhenItsTombstoneIsDamaged() throws IOException {
    SimulatedStorage storage = new SimulatedStorage();
    long tombstoneAt;
    String sealed;
    try (Store store = recovery.fixture.standalone(storage)) {
      for (int i = 0; i < 20; i++) {
        StoreFixture.put(store, "main", "old-" + i, StoreFixture.value(i, 300));
      }
      sealed = StoreFixture.keyspace(store, "main").segments().getLast().file();
      tombstoneAt = StoreFixture.keyspace(store, "main").segments().getLast().totalBytes();
      StoreFixture.delete(store, "main", "old-0");
      for (int i = 0; i < 20; i++) {
        StoreFixture.put(store, "main", "new-" + i, StoreFixture.value(i, 300));
      }
      recovery.expected = StoreFixture.contents(store);
    }
    storage.flipBit(sealed, 8 * (tombstoneAt + 42));
    RepairReport report = repair(storage);
    assertEquals(1, report.restoredTombstones(), report::toString);
    assertFalse(report.mayComeBack());
    assertWhole(storage);
  }

  /** The guard is the cut-off in Repair.salvage: without it trimmed entries are back. */
  @Test
  void keepsHiddenWhatWasCutOff() throws IOException {
    StoreFixture fixture =
        new StoreFixture(
            List.of(
                new KeyspaceOptions("main", KeyspaceType.KEY_VALUE, StoreFixture.SEGMENT_BYTES),
                new KeyspaceOptions("events", KeyspaceType.STREAM, StoreFixture.SEGMENT_BYTES)));
    SimulatedStorage storage = new SimulatedStorage();
    try (Store store = fixture.standalone(storage)) {
      EventStream events = store.stream("events");
      for (int i = 0; i < 30; i++) {
        events.append(List.of(StoreFixture.bytes(StoreFixture.value(i, 300)))).join();
        StoreFixture.put(store, "main", "key-" + i, StoreFixture.value(i, 300));
      }
      events.trim(new TrimBound.MinId(20), false);
    }
    storage.flipBit(RecoveryFixture.of(storage, "main", ".log").getFirst(), 8 * 900);
    assertTrue(repair(storage).lostData());
    try (Store store = fixture.standalone(storage)) {
      assertEquals(20, StoreFixture.keyspace(store, "events").firstId());
      assertEquals(30, StoreFixture.keyspace(store, "events").lastId());
    }
  }

  @Test
  void saysThatKeysMayComeBackWhenNothingTellsWhatIsLost() throws IOException {
    SimulatedStorage storage = recovery.filled();
    String sealed = RecoveryFixture.of(storage, "objects", ".log").getFirst();
    storage.flipBit(sealed, 8 * 50);
    storage.delete(sealed.replace(".log", ".hint"));
    RepairReport report = repair(storage);
    assertTrue(report.mayComeBack());
    assertTrue(report.losses().getFirst().recordsKnown() < 0);
    assertTrue(report.lines().stream().anyMatch(line -> line.startsWith("WARNING")));
    Map<String, String> found = recovery.reopened(storage);
    assertTrue(found.size() >= recovery.expected.size() - 1, found::toString);
  }

  @Test
  void keepsWhatIsGoodOnBothSidesOfDamageInTheActiveSegment() throws IOException {
    SimulatedStorage storage = recovery.filled();
    String active = RecoveryFixture.of(storage, "objects", ".log").getLast();
    assertTrue(storage.contents(active).length > 700, "the last segment has records");
    storage.flipBit(active, 8 * 80);
    assertThrows(CorruptionException.class, () -> recovery.fixture.standalone(storage));
    RepairReport report = repair(storage);
    assertEquals(active, report.losses().getFirst().file());
    assertEquals(0, report.losses().getFirst().offset());
    Map<String, String> found = recovery.reopened(storage);
    Map<String, String> lost = new HashMap<>(recovery.expected);
    found.forEach(lost::remove);
    assertEquals(1, lost.size(), lost::toString);
  }

  @Test
  void goesOnWithoutAMissingSegment() throws IOException {
    SimulatedStorage storage = recovery.filled();
    String missing = RecoveryFixture.of(storage, "objects", ".log").getFirst();
    storage.delete(missing);
    assertThrows(CorruptionException.class, () -> recovery.fixture.standalone(storage));
    RepairReport report = repair(storage);
    assertEquals("the file is missing", report.losses().getFirst().detail());
    assertTrue(report.lostRecords().size() > 2, "the hint names what was in it");
    Map<String, String> rest = new TreeMap<>(recovery.expected);
    report.lostRecords().forEach(l -> rest.remove("objects/" + StoreFixture.text(l.key())));
    recovery.expected = rest;
    assertWhole(storage);
  }

  @Test
  void writesTheManifestAnewFromWhatIsLeftOfIt() throws IOException {
    for (int edit = 0; edit < 6; edit++) {
      SimulatedStorage storage = recovery.filled();
      int length = storage.contents(MANIFEST).length;
      storage.flipBit(MANIFEST, 8L * (length - 1 - (long) edit * length / 6));
      assertThrows(CorruptionException.class, () -> recovery.fixture.standalone(storage));
      RepairReport report = repair(storage);
      assertTrue(report.mayComeBack());
      assertTrue(storage.exists(report.folder() + '/' + MANIFEST));
      Map<String, String> found = recovery.reopened(storage);
      for (String key : recovery.expected.keySet()) {
        assertEquals(recovery.expected.get(key), found.get(key), "edit " + edit + " " + report);
      }
    }
  }

  @Test
  void makesAStoreOfSegmentsWithoutAManifest() throws IOException {
    SimulatedStorage storage = recovery.filled();
    storage.delete(MANIFEST);
    RepairReport report = repair(storage);
    assertTrue(report.lostData());
    Map<String, String> found = recovery.reopened(storage);
    recovery.expected.forEach((key, value) -> assertEquals(value, found.get(key), key));
  }

  @Test
  void refusesHalfAnImage() throws IOException {
    SimulatedStorage storage = recovery.filled();
    storage.create("_installing").close();
    assertThrows(CannotRepairException.class, () -> repair(storage));
  }

  /**
   * The power goes at every operation of a repair: what is left either is refused or is the
   * repaired store, and repairing again ends the same way. The guards are the mark {@code
   * _repairing}, checked by {@code Store.open}, and the order of syncs.
   */
  @Test
  void isRefusedOrRightAfterACrashAtAnyOperation() throws IOException {
    SimulatedStorage whole = damaged();
    long begun = whole.operations();
    repair(whole);
    long operations = whole.operations() - begun;
    Map<String, String> repaired = recovery.reopened(whole);
    assertFalse(repaired.isEmpty());
    int refused = 0;
    for (long n = 1; n <= operations; n++) {
      SimulatedStorage storage = damaged();
      storage.failOperation(storage.operations() + n, Fault.POWER_OFF);
      assertThrows(IOException.class, () -> repair(storage));
      SimulatedStorage left = storage.crash(n);
      try {
        assertEquals(repaired, recovery.reopened(left), "operation " + n);
        left = damaged();
        left.failOperation(left.operations() + n, Fault.POWER_OFF);
        SimulatedStorage again = left;
        assertThrows(IOException.class, () -> repair(again));
        left = again.crash(n);
      } catch (CorruptionException e) {
        refused++;
      }
      RepairReport report = repair(left);
      assertTrue(report != null && !left.exists("_r-member"), "operation " + n);
      assertEquals(List.of(), RecoveryFixture.verify(left).findings(), "operation " + n);
      assertEquals(repaired, recovery.reopened(left), "operation " + n);
    }
    assertTrue(refused > operations / 2, refused + " of " + operations);
  }

  /** Damage in a sealed segment, in the active one and in a hint. */
  private SimulatedStorage damaged() throws IOException {
    SimulatedStorage storage = recovery.filled();
    identity(storage);
    storage.flipBit(RecoveryFixture.of(storage, "objects", ".log").getFirst(), 8 * 900);
    storage.flipBit(RecoveryFixture.of(storage, "objects", ".log").getLast(), 8 * 80);
    storage.flipBit(RecoveryFixture.of(storage, "main", ".hint").getFirst(), 333);
    return storage;
  }

  private static void identity(SimulatedStorage storage) throws IOException {
    List<StorageFile> files = new ArrayList<>();
    files.add(storage.create("_r-member"));
    for (StorageFile file : files) {
      file.sync();
      file.close();
    }
    storage.syncDirectory("");
  }
}
