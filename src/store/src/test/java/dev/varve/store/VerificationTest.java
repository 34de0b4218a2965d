package dev.varve.store;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.store.recovery.Finding;
import dev.varve.store.recovery.Verification;
import dev.varve.store.simulation.Fault;
import dev.varve.store.simulation.Operation;
import dev.varve.store.simulation.SimulatedStorage;
import dev.varve.store.storage.PosixStorage;
import dev.varve.store.storage.StorageFile;
import dev.varve.store.storage.StoreLockedException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Verification finds what is wrong, and changes nothing (pitfalls 5, 6, 11). */
@ExtendWith(QuietLog.class)
class VerificationTest {
  private final RecoveryFixture recovery = new RecoveryFixture();

  @Test
  void findsNothingInAStoreThatWasClosed() throws IOException {
    SimulatedStorage storage = recovery.filled();
    Verification found = RecoveryFixture.verify(storage);
    assertTrue(found.clean(), found::toString);
    assertTrue(found.records() > 60, found::toString);
  }

  @Test
  void changesNothingAndNeedsNothingThatChanges() throws IOException {
    SimulatedStorage storage = recovery.filled();
    storage.flipBit(RecoveryFixture.of(storage, "main", ".log").getFirst(), 8 * 100);
    Map<String, byte[]> before = RecoveryFixture.files(storage);
    storage.failWhen(operation -> operation.kind().isChange(), Fault.IO_ERROR);
    assertFalse(RecoveryFixture.verify(storage).clean());
    storage.clearFaults();
    Map<String, byte[]> after = RecoveryFixture.files(storage);
    assertEquals(before.keySet(), after.keySet());
    before.forEach((path, bytes) -> assertArrayEquals(bytes, after.get(path), path));
  }

  @Test
  void findsAFlippedBitAnywhereInNamedData() throws IOException {
    long seed = System.nanoTime();
    for (long s : new long[] {1, 2, seed}) {
      SplittableRandom random = new SplittableRandom(s);
      SimulatedStorage storage = recovery.filled();
      for (Map.Entry<String, byte[]> file : RecoveryFixture.files(storage).entrySet()) {
        String path = file.getKey();
        int flips = path.equals("_events") || path.equals("_lock") ? 0 : 12;
        for (int i = 0; i < flips && file.getValue().length > 0; i++) {
          long bit = random.nextLong(8L * file.getValue().length);
          storage.flipBit(path, bit);
          Verification found = RecoveryFixture.verify(storage);
          assertTrue(
              found.findings().stream()
                  .anyMatch(f -> f.file().equals(path) && f.severity() != Finding.Severity.NOTE),
              () -> "seed " + s + ": bit " + bit + " of " + path + " was not found: " + found);
          storage.flipBit(path, bit);
        }
      }
      assertTrue(RecoveryFixture.verify(storage).clean(), "seed " + s);
    }
  }

  @Test
  void namesTheFileAndTheOffsetOfADamagedRecord() throws IOException {
    SimulatedStorage storage = recovery.filled();
    String path = RecoveryFixture.of(storage, "main", ".log").getLast();
    storage.flipBit(path, 8 * 60);
    Finding finding = RecoveryFixture.verify(storage).findings().getFirst();
    assertEquals(path, finding.file());
    assertEquals(0, finding.offset());
    assertTrue(finding.length() > 60 && finding.length() < 1000, finding::toString);
    assertEquals(Finding.Severity.DAMAGE, finding.severity());
  }

  @Test
  void findsMissingAndUnnamedFiles() throws IOException {
    SimulatedStorage storage = recovery.filled();
    String missing = RecoveryFixture.of(storage, "objects", ".log").getFirst();
    storage.delete(missing);
    storage.create("main/0000000009-000000000999.log").close();
    storage.create("main/0000000009-000000000999.log.tmp").close();
    Verification found = RecoveryFixture.verify(storage);
    assertTrue(
        found.findings().stream()
            .anyMatch(f -> f.file().equals(missing) && f.detail().equals("the file is missing")),
        found::toString);
    assertEquals(
        List.of("main/0000000009-000000000999.log", "main/0000000009-000000000999.log.tmp"),
        found.findings().stream()
            .filter(f -> f.severity() == Finding.Severity.NOTE)
            .map(Finding::file)
            .filter(f -> f.contains("999"))
            .toList());
  }

  @Test
  void takesATornEndThatNobodyWasToldOfForANote() throws IOException {
    SimulatedStorage storage = recovery.filled();
    String active = RecoveryFixture.of(storage, "main", ".log").getLast();
    try (StorageFile file = storage.open(active)) {
      file.write(new ByteBuffer[] {ByteBuffer.wrap(new byte[] {1, 2, 3, 4, 5})}, file.size());
    }
    Verification found = RecoveryFixture.verify(storage);
    assertTrue(found.clean(), found::toString);
    assertTrue(
        found.findings().stream().anyMatch(f -> f.file().equals(active) && f.length() == 5),
        found::toString);
  }

  @Test
  void doesNotTakeAFailingDiskForDamage() throws IOException {
    SimulatedStorage storage = recovery.filled();
    storage.failWhen(
        operation -> operation.kind() == Operation.Kind.READ && operation.path().endsWith(".log"),
        Fault.IO_ERROR);
    assertThrows(IOException.class, () -> RecoveryFixture.verify(storage));
  }

  @Test
  void readsADirectoryThatCannotBeWrittenAndIsLockedOutByALiveStore(@TempDir Path folder)
      throws IOException {
    Path root = folder.resolve("store");
    try (Store store =
        Store.openStandalone(
            recovery.fixture.options,
            new PosixStorage(root),
            Trampoline.runtime(recovery.fixture.nowMs::get))) {
      StoreFixture.put(store, "main", "key", "value");
      assertThrows(
          StoreLockedException.class, () -> RecoveryFixture.verify(PosixStorage.readOnly(root)));
    }
    Map<Path, byte[]> before = read(root);
    assertTrue(RecoveryFixture.verify(PosixStorage.readOnly(root)).clean());
    Map<Path, byte[]> after = read(root);
    assertEquals(before.keySet(), after.keySet());
    before.forEach((path, bytes) -> assertArrayEquals(bytes, after.get(path)));
    assertThrows(
        UnsupportedOperationException.class,
        () -> PosixStorage.readOnly(root).create("main/x").close());
    assertThrows(
        java.nio.file.NoSuchFileException.class,
        () -> PosixStorage.readOnly(folder.resolve("absent")));
  }

  private static Map<Path, byte[]> read(Path root) throws IOException {
    Map<Path, byte[]> files = new java.util.TreeMap<>();
    try (Stream<Path> walk = Files.walk(root)) {
      for (Path path : walk.filter(Files::isRegularFile).toList()) {
        files.put(path, Files.readAllBytes(path));
      }
    }
    return files;
  }
}
