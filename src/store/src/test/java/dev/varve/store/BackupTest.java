package dev.varve.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.store.recovery.BackupManifest;
import dev.varve.store.recovery.CorruptionException;
import dev.varve.store.simulation.Fault;
import dev.varve.store.simulation.SimulatedStorage;
import dev.varve.store.storage.Storage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * A backup is the store as of one sequence; a restore is that, or refused (pitfall 9; guard: {@code
 * ImageInstaller.finish} syncs files and directories before the mark goes).
 */
@ExtendWith(QuietLog.class)
class BackupTest {
  private final RecoveryFixture recovery = new RecoveryFixture();

  /** A backup in memory. */
  private static final class Copy implements Backup.Sink {
    final Map<String, ByteArrayOutputStream> files = new LinkedHashMap<>();

    @Override
    public void chunk(String file, long fileLength, long offset, ByteBuffer bytes) {
      ByteArrayOutputStream target =
          files.computeIfAbsent(file, path -> new ByteArrayOutputStream());
      assertEquals(offset, target.size(), file);
      assertTrue(offset + bytes.remaining() <= fileLength);
      byte[] copy = new byte[bytes.remaining()];
      bytes.get(copy);
      target.writeBytes(copy);
    }

    byte[] of(String path) {
      ByteArrayOutputStream bytes = files.get(path);
      assertNotNull(bytes, path);
      return bytes.toByteArray();
    }

    BackupManifest manifest() throws IOException {
      return BackupManifest.decode(of(BackupManifest.PATH));
    }
  }

  private static void restore(Storage into, Copy copy) throws IOException {
    BackupManifest manifest = copy.manifest();
    try (Restore restore = Restore.begin(into, manifest)) {
      for (BackupManifest.BackedUp file : manifest.files()) {
        restore.write(file.path(), 0, ByteBuffer.wrap(copy.of(file.path())));
      }
      restore.finish();
    }
  }

  /** Restores what a sink got. */
  static void restore(Storage into, Map<String, ByteArrayOutputStream> files) throws IOException {
    Copy copy = new Copy();
    copy.files.putAll(files);
    restore(into, copy);
  }

  private Copy backup(SimulatedStorage storage) throws IOException, InterruptedException {
    Copy copy = new Copy();
    try (Store store = recovery.fixture.standalone(storage);
        Backup backup = Backup.begin(store)) {
      backup.send(copy);
    }
    return copy;
  }

  @Test
  void isTheStoreAsOfItsSequenceWhileWritesAndCompactionGoOn()
      throws IOException, InterruptedException {
    SimulatedStorage storage = recovery.filled();
    Copy copy = new Copy();
    Map<String, String> then;
    try (Store store = recovery.fixture.standalone(storage)) {
      then = StoreFixture.contents(store);
      try (Backup backup = Backup.begin(store)) {
        int[] chunks = {0};
        backup.send(
            (file, length, offset, bytes) -> {
              copy.chunk(file, length, offset, bytes);
              int n = chunks[0]++;
              StoreFixture.put(store, "main", "key-" + n % 25, "later-" + n);
              StoreFixture.delete(store, "objects", "object-" + 4 * (n % 10));
              if (n % 3 == 0) {
                assertEquals(
                    CompactionEvent.Type.COMPLETED,
                    recovery.fixture.compact(store, "main", true).type());
                store.checkpoint().join();
              }
            });
        assertEquals(backup.sequence(), copy.manifest().sequence());
      }
    }
    SimulatedStorage restored = new SimulatedStorage();
    restore(restored, copy);
    assertTrue(RecoveryFixture.verify(restored).clean());
    assertEquals(then, recovery.reopened(restored));
  }

  @Test
  void restoreIsRefusedOrWholeAfterACrashAtAnyOperation() throws IOException, InterruptedException {
    Copy copy = backup(recovery.filled());
    SimulatedStorage whole = new SimulatedStorage();
    restore(whole, copy);
    long operations = whole.operations();
    int refused = 0;
    for (long n = 1; n <= operations; n++) {
      SimulatedStorage storage = new SimulatedStorage();
      storage.failOperation(n, Fault.POWER_OFF);
      assertThrows(IOException.class, () -> restore(storage, copy));
      SimulatedStorage left = storage.crash(n);
      boolean begun = !left.list("").isEmpty();
      try (Store store = recovery.fixture.open(left)) {
        if (begun) {
          assertEquals(recovery.expected, StoreFixture.contents(store), "operation " + n);
        }
      } catch (InstallingException e) {
        refused++;
        restore(left, copy);
        assertEquals(recovery.expected, recovery.reopened(left), "operation " + n);
      }
    }
    assertTrue(refused > operations / 2, refused + " of " + operations);
  }

  @Test
  void restoreIsDurableOnReturn() throws IOException, InterruptedException {
    Copy copy = backup(recovery.filled());
    for (long seed = 0; seed < 10; seed++) {
      SimulatedStorage storage = new SimulatedStorage();
      restore(storage, copy);
      assertEquals(recovery.expected, recovery.reopened(storage.crash(seed)), "seed " + seed);
    }
  }

  @Test
  void restoreFindsAFlippedBitInEveryFile() throws IOException, InterruptedException {
    Copy copy = backup(recovery.filled());
    long seed = System.nanoTime();
    SplittableRandom random = new SplittableRandom(seed);
    for (String path : List.copyOf(copy.files.keySet())) {
      byte[] bytes = copy.of(path);
      if (bytes.length == 0) {
        continue;
      }
      byte[] flipped = bytes.clone();
      flipped[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
      put(copy, path, flipped);
      SimulatedStorage storage = new SimulatedStorage();
      assertThrows(
          IOException.class, () -> restore(storage, copy), () -> "seed " + seed + ": " + path);
      if (!storage.list("").isEmpty()) {
        assertThrows(InstallingException.class, () -> recovery.fixture.open(storage));
      }
      put(copy, path, bytes);
    }
  }

  private static void put(Copy copy, String path, byte[] bytes) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.writeBytes(bytes);
    copy.files.put(path, out);
  }

  /**
   * Guards: the comparison at the end of {@code Backup.send} of a file, and its {@code
   * requireWholeRecords}. The damage came while the store was open, and nobody has read it yet.
   */
  @Test
  void nothingDamagedIsBackedUp() throws IOException, InterruptedException {
    SimulatedStorage storage = recovery.filled();
    List<String> segments;
    try (Store store = recovery.fixture.standalone(storage)) {
      segments =
          store.status().keyspaces().stream()
              .flatMap(keyspace -> keyspace.segments().stream())
              .filter(segment -> segment.totalBytes() > 0)
              .map(KeyspaceStatus.SegmentStatus::file)
              .toList();
    }
    assertTrue(segments.size() > 3);
    List<String> all = new ArrayList<>(segments);
    all.add("_manifest/0000000000-000000000001.log");
    for (String path : all) {
      try (Store store = recovery.fixture.standalone(storage)) {
        storage.flipBit(path, 8 * 40);
        Copy copy = new Copy();
        try (Backup backup = Backup.begin(store)) {
          CorruptionException refused =
              assertThrows(CorruptionException.class, () -> backup.send(copy), path);
          assertEquals(path, refused.file());
        }
        assertFalse(copy.files.containsKey(BackupManifest.PATH));
        CorruptionException known =
            assertThrows(CorruptionException.class, () -> Backup.begin(store));
        assertEquals(path, known.file());
        assertTrue(store.log().damaged().containsKey(path));
        storage.flipBit(path, 8 * 40);
      }
    }
  }

  @Test
  void restoreRefusesADirectoryThatIsNotEmpty() throws IOException, InterruptedException {
    Copy copy = backup(recovery.filled());
    SimulatedStorage storage = recovery.filled();
    assertThrows(Restore.NotEmptyException.class, () -> restore(storage, copy));
    assertEquals(recovery.expected, recovery.reopened(storage));
    SimulatedStorage member = new SimulatedStorage();
    member.create("_installing").close();
    member.create("_r-member").close();
    assertThrows(Restore.NotEmptyException.class, () -> restore(member, copy));
  }

  @Test
  void aManifestThatNamesPathsOutsideIsRefused() {
    BackupManifest outside =
        new BackupManifest(1, List.of(new BackupManifest.BackedUp("../x", 0, 0)));
    assertThrows(IOException.class, () -> Restore.begin(new SimulatedStorage(), outside));
  }
}
