package dev.varve.store;

import static dev.varve.store.StoreFixture.contents;
import static dev.varve.store.StoreFixture.put;
import static dev.varve.store.StoreFixture.value;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.store.manifest.ManifestState;
import dev.varve.store.recovery.CorruptionException;
import dev.varve.store.recovery.Finding;
import dev.varve.store.recovery.Repair;
import dev.varve.store.recovery.RepairReport;
import dev.varve.store.recovery.Verification;
import dev.varve.store.simulation.Fault;
import dev.varve.store.simulation.Operation;
import dev.varve.store.simulation.SimulatedStorage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What is made of a manifest that begins with a snapshot, and of what a roll left. */
@ExtendWith(QuietLog.class)
class RolledManifestTest {
  private static final String TEMPORARY = ManifestState.PATH + ".tmp";

  private final RecoveryFixture recovery = new RecoveryFixture();
  private final StoreFixture rolling = recovery.fixture.with(new ManifestBound(0, 2));

  /** A store that has rolled, with edits behind the snapshot. */
  private SimulatedStorage rolled() throws IOException {
    SimulatedStorage storage = recovery.filled();
    try (Store store = rolling.standalone(storage)) {
      for (int i = 0; store.status().manifestRolls() == 0; i++) {
        put(store, "main", "more-" + i % 9, value(i, 500));
      }
      store.checkpoint().join();
      recovery.expected = contents(store);
    }
    return storage;
  }

  private static Verification verify(SimulatedStorage storage) throws IOException {
    return RecoveryFixture.verify(storage);
  }

  @Test
  void isWhole() throws IOException {
    SimulatedStorage storage = rolled();
    assertTrue(verify(storage).clean());
    assertEquals(recovery.expected, recovery.reopened(storage));
  }

  @Test
  void aFlippedBitInItIsReportedThere() throws IOException {
    SimulatedStorage storage = rolled();
    int size = storage.contents(ManifestState.PATH).length;
    for (long bit = 0; bit < 8L * size; bit += 5) {
      SimulatedStorage damaged = storage.killClone();
      damaged.flipBit(ManifestState.PATH, bit);
      CorruptionException damage =
          assertThrows(
              CorruptionException.class, () -> recovery.fixture.standalone(damaged), "bit " + bit);
      assertEquals(ManifestState.PATH, damage.file(), "bit " + bit + ": " + damage.getMessage());
      assertTrue(damage.offset() <= bit / 8, "bit " + bit + ": " + damage.getMessage());
      assertTrue(verify(damaged).damaged(), "bit " + bit);
    }
  }

  /** Guard: the mark is confirmed in {@link ManifestRoll} before the file has its name. */
  @Test
  void aSnapshotThatIsGoneIsNoNewLog() throws IOException {
    SimulatedStorage storage = new SimulatedStorage();
    List<SimulatedStorage> crashed = new ArrayList<>();
    boolean[] renamed = {false};
    storage.failWhen(
        op -> {
          renamed[0] |= op.kind() == Operation.Kind.RENAME && op.path().equals(TEMPORARY);
          if (renamed[0] && op.kind() == Operation.Kind.SYNC_DIRECTORY) {
            for (int seed = 0; seed < 40; seed++) {
              crashed.add(storage.crashClone(seed)); // what is not synced is lost, or not
            }
          }
          return false;
        },
        Fault.IO_ERROR);
    try (Store store = rolling.standalone(storage)) {
      for (int i = 0; store.status().manifestRolls() == 0; i++) {
        put(store, "main", "key-" + i % 9, value(i, 500));
      }
    }
    assertTrue(crashed.size() >= 40);
    for (SimulatedStorage damaged : crashed) {
      damaged.flipBit(ManifestState.PATH, 100);
      for (String keyspace : List.of("main", "objects")) {
        for (String name : damaged.list(keyspace)) {
          damaged.delete(keyspace + "/" + name);
        }
      }
      CorruptionException damage =
          assertThrows(CorruptionException.class, () -> recovery.fixture.standalone(damaged));
      assertEquals(ManifestState.PATH, damage.file());
    }
  }

  @Test
  void whatARollLeftIsNotedAndDeleted() throws IOException {
    SimulatedStorage storage = rolled();
    try (var file = storage.create(TEMPORARY)) {
      file.write(new ByteBuffer[] {ByteBuffer.wrap(new byte[] {1, 2, 3})}, 0);
    }
    assertTrue(verify(storage).clean());
    List<Finding> findings =
        verify(storage).findings().stream().filter(f -> f.file().equals(TEMPORARY)).toList();
    assertEquals(1, findings.size(), findings::toString);
    assertEquals(Finding.Severity.NOTE, findings.getFirst().severity());
    assertEquals(recovery.expected, recovery.reopened(storage));
    assertFalse(storage.exists(TEMPORARY));
  }

  private static RepairReport repair(SimulatedStorage storage) throws IOException {
    return Repair.run(storage, RecoveryFixture.NOW_MS, (file, bytes, all) -> {});
  }

  @Test
  void repairKeepsWhatItsSnapshotSays() throws IOException {
    SimulatedStorage storage = rolled();
    String sealed = RecoveryFixture.of(storage, "objects", ".log").getFirst();
    storage.flipBit(sealed, 8 * 900);
    RepairReport report = repair(storage);
    assertEquals(1, report.losses().size(), report::toString);
    assertEquals(sealed, report.losses().getFirst().file());
    recovery.expected.remove("objects/object-4");
    assertTrue(verify(storage).clean(), () -> report.toString());
    assertEquals(recovery.expected, recovery.reopened(storage));
  }

  @Test
  void repairGoesOnFromTheSegmentsWhereTheSnapshotIsDamaged() throws IOException {
    SimulatedStorage storage = rolled();
    storage.flipBit(ManifestState.PATH, 8 * 60);
    RepairReport report = repair(storage);
    assertTrue(report.mayComeBack());
    assertEquals(ManifestState.PATH, report.losses().getFirst().file());
    assertTrue(verify(storage).clean(), () -> report.toString());
    Map<String, String> found = recovery.reopened(storage);
    recovery.expected.forEach((key, value) -> assertEquals(value, found.get(key), key));
  }

  /** Guard: the marks of keydirs in the snapshot. */
  @Test
  void aKeydirThatWasWrittenBeforeTheRollIsStillUsed() throws IOException {
    SimulatedStorage storage = recovery.filled();
    try (Store store = recovery.fixture.standalone(storage)) {
      for (int i = 0; i < 60; i++) {
        put(store, "main", "more-" + i, value(i, 500));
      }
    }
    Store store = rolling.standalone(storage);
    put(store, "main", "x", "1");
    assertTrue(store.status().manifestRolls() > 0);
    Map<String, String> expected = contents(store);
    SimulatedStorage left = storage.kill();
    AtomicInteger read = new AtomicInteger();
    left.failWhen(
        op -> {
          if (op.kind() == Operation.Kind.READ && op.path().matches("main/.*[.]hint")) {
            read.incrementAndGet();
          }
          return false;
        },
        Fault.IO_ERROR);
    try (Store opened = recovery.fixture.standalone(left)) {
      assertEquals(expected, contents(opened));
      assertEquals(0, read.get(), "hints were read");
    }
  }

  @Test
  void aBackupHasItAsOfItsSequence() throws IOException, InterruptedException {
    SimulatedStorage storage = rolled();
    Map<String, ByteArrayOutputStream> files = new LinkedHashMap<>();
    Map<String, String> then;
    try (Store store = rolling.standalone(storage)) {
      then = contents(store);
      try (Backup backup = Backup.begin(store)) {
        int[] chunks = {0};
        backup.send(
            (file, length, offset, bytes) -> {
              byte[] copy = new byte[bytes.remaining()];
              bytes.get(copy);
              files.computeIfAbsent(file, path -> new ByteArrayOutputStream()).writeBytes(copy);
              for (int i = 0; i < 20; i++) {
                put(store, "main", "key-" + i, value(chunks[0]++, 500));
              }
              store.checkpoint().join();
            });
      }
      for (int i = 0; store.status().manifestRolls() == 0; i++) {
        put(store, "main", "key-" + i % 20, value(i, 500)); // it was only put off
      }
    }
    SimulatedStorage restored = new SimulatedStorage();
    BackupTest.restore(restored, files);
    assertTrue(verify(restored).clean());
    assertEquals(then, recovery.reopened(restored));
  }
}
