package dev.varve.store;

import static dev.varve.store.StoreFixture.contents;
import static dev.varve.store.StoreFixture.put;
import static dev.varve.store.StoreFixture.value;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.store.compaction.CancelToken;
import dev.varve.store.manifest.Layout;
import dev.varve.store.recovery.CorruptionException;
import dev.varve.store.recovery.DirectoryMarks;
import dev.varve.store.recovery.Repair;
import dev.varve.store.recovery.RepairReport;
import dev.varve.store.simulation.SimulatedStorage;
import dev.varve.store.storage.DiskFullException;
import dev.varve.store.storage.PosixStorage;
import dev.varve.store.storage.SmallDisk;
import dev.varve.store.storage.Storage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * A disk that is really full where a store is opened, backed up, restored, repaired, adopted or
 * swapped: the refusal says so, nothing is lost, and with room the same is done (pitfall 12).
 */
@ExtendWith(QuietLog.class)
class FullDiskRecoveryTest {
  @RegisterExtension final SmallDisk disk = new SmallDisk(4 << 20);

  private final RecoveryFixture recovery = new RecoveryFixture();

  private PosixStorage storage() throws IOException {
    return new PosixStorage(disk.path("store"));
  }

  /** Puts a directory's files on the disk. */
  private void lay(SimulatedStorage from) throws IOException {
    for (Map.Entry<String, byte[]> file : RecoveryFixture.files(from).entrySet()) {
      Path path = disk.path("store/" + file.getKey());
      Files.createDirectories(path.getParent());
      Files.write(path, file.getValue());
    }
  }

  private static List<String> names(Storage storage) throws IOException {
    List<String> names = new ArrayList<>();
    for (String folder : List.of("", "_manifest", "main", "objects")) {
      names.addAll(storage.list(folder));
    }
    return names;
  }

  /** What it writes, a term's edit and marks, mostly fits into pages that the files have. */
  @Test
  void anOpeningNeedsNoRoomOrIsRefusedAndLosesNothing() throws IOException {
    lay(recovery.filled().crash(1)); // what a crash left: a tail, marks, no keydir checkpoint
    disk.fill(0);
    int opened = 0;
    StoreFullException refusal = null;
    while (refusal == null && opened < 1000) {
      try (Store store = recovery.fixture.standalone(storage())) {
        assertEquals(recovery.expected, contents(store), opened + " openings");
        opened++;
      } catch (StoreFullException e) {
        refusal = e;
      }
    }
    assertTrue(opened > 0, "an opening needed room");
    assertNotNull(refusal, "the manifest's last page never was full: the test shows nothing");
    assertTrue(String.valueOf(refusal.getMessage()).contains("no space left"), refusal::toString);
    disk.makeRoom();
    assertEquals(recovery.expected, recovery.reopened(storage()));
  }

  private static void delete(Path folder) throws IOException {
    try (var files = Files.walk(folder)) {
      for (Path path : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }

  /** Guard: {@code Ballast.relieve} in {@code StoreLog.lead}. */
  @Test
  void theBallastIsEnoughToOpenOnAFullDisk() throws IOException {
    StoreOptions options = recovery.fixture.options.withBallastBytes(1 << 20);
    lay(recovery.filled());
    StoreRuntime runtime = Trampoline.runtime(() -> RecoveryFixture.NOW_MS);
    Store.openStandalone(options, storage(), runtime).close();
    assertTrue(Files.exists(disk.path("store/" + Ballast.PATH)));
    disk.fill(0);
    for (int i = 0; i < 200; i++) { // many more than the manifest's last page has room for
      try (Store store = Store.openStandalone(options, storage(), runtime)) {
        assertEquals(recovery.expected, contents(store));
      }
    }
    assertFalse(Files.exists(disk.path("store/" + Ballast.PATH)), "it was not needed");
  }

  /** A backup needs no room where the store is; where it goes, a file that does not fit ends it. */
  @Test
  void aBackupOfAStoreOnAFullDiskIsWhole() throws IOException, InterruptedException {
    lay(recovery.filled());
    Map<String, ByteArrayOutputStream> copy = new LinkedHashMap<>();
    try (Store store = recovery.fixture.standalone(storage())) {
      disk.fill(0);
      try (Backup backup = Backup.begin(store)) {
        backup.send((file, length, offset, bytes) -> take(copy, file, bytes));
      }
      assertEquals(recovery.expected, contents(store));
    }
    SimulatedStorage restored = new SimulatedStorage();
    BackupTest.restore(restored, copy);
    assertEquals(recovery.expected, recovery.reopened(restored));
  }

  private static void take(Map<String, ByteArrayOutputStream> copy, String file, ByteBuffer bytes) {
    byte[] part = new byte[bytes.remaining()];
    bytes.get(part);
    copy.computeIfAbsent(file, path -> new ByteArrayOutputStream()).writeBytes(part);
  }

  @Test
  void aRestoreIsRefusedAndBeginsAgainWithRoom() throws IOException, InterruptedException {
    Map<String, ByteArrayOutputStream> copy = new LinkedHashMap<>();
    try (Store store = recovery.fixture.standalone(recovery.filled());
        Backup backup = Backup.begin(store)) {
      backup.send((file, length, offset, bytes) -> take(copy, file, bytes));
    }
    int marked = 0;
    boolean restored = false;
    for (int pages = 0; !restored; pages++) {
      disk.fill(pages);
      try {
        BackupTest.restore(storage(), copy); // over what the last one left
        restored = true;
      } catch (DiskFullException e) {
        if (storage().exists(ImageInstaller.MARKER)) {
          assertThrows(InstallingException.class, () -> recovery.fixture.standalone(storage()));
          marked++;
        } else {
          assertTrue(List.of(ImageInstaller.LOCK).containsAll(storage().list("")));
        }
      }
      disk.makeRoom();
    }
    assertTrue(marked > 2, marked + " places after the mark");
    assertTrue(RecoveryFixture.verify(storage()).clean());
    assertEquals(recovery.expected, recovery.reopened(storage()));
  }

  /** Until it has ended, the directory is as it was or is refused. */
  @Test
  void aRepairIsRefusedLosesNothingAndEndsWithRoom() throws IOException {
    SimulatedStorage damaged = recovery.filled();
    damaged.flipBit(RecoveryFixture.of(damaged, "objects", ".log").getFirst(), 8 * 900);
    Map<String, String> rest = new TreeMap<>(recovery.expected);
    rest.remove("objects/object-4");
    int refused = 0;
    int marked = 0;
    boolean repaired = false;
    for (int pages = 0; !repaired; pages++) {
      lay(damaged);
      disk.fill(pages);
      try {
        repair();
        repaired = true;
      } catch (DiskFullException e) {
        refused++;
        if (storage().exists(DirectoryMarks.REPAIRING)) {
          marked++;
          assertThrows(CorruptionException.class, () -> recovery.fixture.standalone(storage()));
        } else {
          assertSame(damaged);
        }
      }
      disk.makeRoom();
      if (!repaired) {
        RepairReport report = repair();
        assertEquals(1, report.lostRecords().size(), report::toString);
      }
      assertTrue(RecoveryFixture.verify(storage()).clean());
      assertEquals(rest, recovery.reopened(storage()), pages + " pages");
      delete(disk.path("store"));
    }
    assertTrue(marked > 2 && refused > marked, marked + " of " + refused + " after the mark");
  }

  /** Each file of the store is as it was. */
  private void assertSame(SimulatedStorage before) throws IOException {
    for (Map.Entry<String, byte[]> file : RecoveryFixture.files(before).entrySet()) {
      assertArrayEquals(
          file.getValue(), Files.readAllBytes(disk.path("store/" + file.getKey())), file.getKey());
    }
  }

  private RepairReport repair() throws IOException {
    return Repair.run(storage(), RecoveryFixture.NOW_MS, (file, bytes, all) -> {});
  }

  /** A replica that can't adopt goes on with the inputs, and adopts when there is room. */
  @Test
  void anAdoptionWaitsForRoom() throws IOException {
    StoreFixture fixture = recovery.fixture;
    Store follower = fixture.open(storage());
    Replica pair = new Replica(fixture, follower);
    for (int i = 0; i < 100; i++) {
      put(pair.leader, "main", "key-" + i % 20, value(i, 300));
    }
    pair.replicate();
    assertEquals(
        CompactionEvent.Type.COMPLETED, fixture.compact(pair.leader, "main", false).type());
    int refusals = 0;
    int pages = 0;
    while (!replicated(pair, pages)) {
      refusals++;
      assertEquals(contents(pair.leader), contents(follower), pages + " pages");
      pages++;
    }
    assertTrue(refusals > 0, "nothing was refused");
    while (follower.log().adoptionBacklog() > 0) {
      assertEquals(contents(pair.leader), contents(follower));
      disk.fill(pages++);
      retryAdoption(follower);
      disk.makeRoom();
      refusals++;
    }
    assertTrue(refusals > 2, refusals + " refusals");
    assertEquals(contents(pair.leader), contents(follower));
    for (KeyspaceStatus.SegmentStatus segment :
        StoreFixture.keyspace(pair.leader, "main").segments()) {
      assertEquals(
          -1,
          Arrays.mismatch(
              pair.leaderStorage.contents(segment.file()),
              Files.readAllBytes(disk.path("store/" + segment.file()))),
          segment.file());
    }
    follower.close();
  }

  /** Another try of what waits, as a member makes it when it may fetch again. */
  private static void retryAdoption(Store follower) {
    follower
        .log()
        .fetchWith(
            (path, length, crc, into) -> {
              throw new IOException("nobody is there");
            });
  }

  private boolean replicated(Replica pair, int pages) throws IOException {
    disk.fill(pages);
    try {
      pair.replicate();
      return true;
    } catch (DiskFullException | StoreFullException e) {
      return false;
    } finally {
      disk.makeRoom();
    }
  }

  /** Both while the copy is made and when the name is changed. */
  @Test
  void aSwapOfASingleFileIsRolledBack() throws IOException {
    StoreFixture fixture = StoreFixture.of(Layout.SINGLE_FILE);
    Map<String, String> expected;
    try (Store store = fixture.standalone(storage())) {
      for (int i = 0; i < 600; i++) {
        put(store, "main", "key-" + i % 300, value(i, 1000));
      }
      expected = contents(store);
      List<String> before = names(storage());
      int failed = 0;
      CompactionEvent end = null;
      for (int pages = 0; end == null; pages = pages * 2 + 1) {
        disk.fill(pages);
        CompactionEvent event =
            store.compact(fixture.request("main", false), each -> {}, CancelToken.unbounded());
        disk.makeRoom();
        assertEquals(expected, contents(store), pages + " pages");
        if (event.type() == CompactionEvent.Type.COMPLETED) {
          end = event;
        } else {
          failed++;
          assertEquals(CompactionEvent.Type.FAILED, event.type(), event.message());
          assertEquals("DiskFull", event.reason(), event.message());
          assertEquals(before, names(storage()), "what it made is gone");
        }
      }
      assertTrue(failed > 2, failed + " places");
      assertTrue(end.spaceSaved() > 200L * 1000, end.message());
      assertFalse(store.log().state().poisoned());
      put(store, "main", "goes-on", "1");
      expected.put("main/goes-on", "1");
    }
    try (Store again = fixture.standalone(storage())) {
      assertEquals(expected, contents(again));
    }
  }
}
