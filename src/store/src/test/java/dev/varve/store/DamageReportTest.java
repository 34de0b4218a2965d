package dev.varve.store;

import static dev.varve.store.StoreFixture.contents;
import static dev.varve.store.StoreFixture.put;
import static dev.varve.store.StoreFixture.value;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.store.format.KeydirCheckpointWriter;
import dev.varve.store.manifest.ManifestState;
import dev.varve.store.recovery.CorruptionException;
import dev.varve.store.recovery.DurableMark;
import dev.varve.store.simulation.Fault;
import dev.varve.store.simulation.Operation;
import dev.varve.store.simulation.SimulatedStorage;
import dev.varve.store.storage.StorageFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Damage is reported for the file that has it, also where it hides what other files should be. */
@ExtendWith(QuietLog.class)
class DamageReportTest {
  private final RecoveryFixture recovery = new RecoveryFixture();

  /** Segments were compacted away and deleted: earlier edits name files that are gone. */
  private SimulatedStorage withDeletedSegments() throws IOException {
    SimulatedStorage storage = recovery.filled();
    try (Store store = recovery.fixture.standalone(storage)) {
      store.checkpoint().join();
      assertTrue(recovery.fixture.compact(store, "main", true).filesRewritten() > 0);
      recovery.expected = contents(store);
    }
    return storage;
  }

  @Test
  void aFlippedBitInTheManifestIsNeverReportedOfASegment() throws IOException {
    SimulatedStorage storage = withDeletedSegments();
    int size = storage.contents(ManifestState.PATH).length;
    for (long bit = 0; bit < 8L * size; bit += 5) {
      storage.flipBit(ManifestState.PATH, bit);
      CorruptionException damage =
          assertThrows(
              CorruptionException.class, () -> recovery.fixture.standalone(storage), "bit " + bit);
      assertEquals(ManifestState.PATH, damage.file(), "bit " + bit + ": " + damage.getMessage());
      assertTrue(damage.offset() <= bit / 8, "bit " + bit + ": " + damage.getMessage());
      storage.flipBit(ManifestState.PATH, bit);
    }
    assertEquals(recovery.expected, recovery.reopened(storage));
  }

  /** A crash may have torn the end of a segment besides: that is no damage, and not the reason. */
  @Test
  void aFlippedBitInTheManifestIsReportedBeforeATornEnd() throws IOException {
    SimulatedStorage storage = new SimulatedStorage();
    String torn;
    try (Store store = recovery.fixture.standalone(storage)) {
      put(store, "main", "a", "1");
      torn = segment(store);
    }
    long damaged = storage.contents(ManifestState.PATH).length;
    for (int i = 0; i < 2; i++) {
      recovery.fixture.standalone(storage).close(); // each begins a term, with an edit
    }
    try (StorageFile file = storage.open(torn)) {
      file.write(new ByteBuffer[] {ByteBuffer.wrap(new byte[] {1, 2, 3})}, file.size());
    }
    SimulatedStorage whole = storage.killClone();
    storage.flipBit(ManifestState.PATH, 8 * (damaged + 20));
    CorruptionException damage =
        assertThrows(CorruptionException.class, () -> recovery.fixture.standalone(storage));
    assertEquals(ManifestState.PATH, damage.file());
    assertEquals(damaged, damage.offset());
    recovery.fixture.standalone(whole).close();
  }

  @Test
  void aFlippedBitInTheMarkSendsRecoveryToNothingThatIsGone() throws IOException {
    SimulatedStorage storage = withDeletedSegments();
    int size = storage.contents(DurableMark.PATH).length;
    for (long bit = 0; bit < 8L * size; bit += bit < 32 * 8 ? 1 : 37) {
      SimulatedStorage damaged = storage.killClone();
      damaged.flipBit(DurableMark.PATH, bit);
      assertEquals(recovery.expected, recovery.reopened(damaged), "bit " + bit);
    }
    storage.flipBit(DurableMark.PATH, 1);
    storage.flipBit(DurableMark.PATH, 8L * (size - 1));
    CorruptionException damage =
        assertThrows(CorruptionException.class, () -> recovery.fixture.standalone(storage));
    assertEquals(DurableMark.PATH, damage.file());
  }

  /** With the mark lost, damage before the last record would pass for a torn end, and be cut. */
  @Test
  void aMarkThatAFullDiskToreStillTellsDamageFromATornEnd() throws IOException {
    SimulatedStorage storage = new SimulatedStorage();
    Store store = recovery.fixture.standalone(storage);
    put(store, "main", "a", value(1, 100));
    long damaged = storage.contents(segment(store)).length;
    put(store, "main", "b", value(2, 100));
    put(store, "main", "c", value(3, 100));
    storage.failWhen(
        op -> op.kind() == Operation.Kind.WRITE && op.path().equals(DurableMark.PATH),
        Fault.DISK_FULL);
    put(store, "main", "d", value(4, 100));
    storage.clearFaults();
    String path = segment(store);
    SimulatedStorage left = storage.kill();
    left.flipBit(path, 8 * damaged + 500);
    CorruptionException damage =
        assertThrows(CorruptionException.class, () -> recovery.fixture.standalone(left));
    assertEquals(path, damage.file());
    assertEquals(damaged, damage.offset());
  }

  /** Hints let damage of a sealed segment go unnoticed; what they do not tell must be verified. */
  @Test
  void aDamagedDeadRecordHidesNoLiveOneOfItsKey() throws IOException {
    for (boolean sameSegment : new boolean[] {true, false}) {
      SimulatedStorage storage = new SimulatedStorage();
      String dead;
      try (Store store = recovery.fixture.standalone(storage)) {
        dead = segment(store);
        put(store, "main", "k", "dead");
        if (!sameSegment) {
          fill(store);
        }
        put(store, "main", "k", "live");
        fill(store);
        fill(store);
      }
      storage.flipBit(dead, 8 * (16 + 3)); // the sequence of the first record
      SimulatedStorage checkpointed = storage.killClone();
      try (Store store = recovery.fixture.standalone(checkpointed)) {
        assertEquals("live", StoreFixture.get(store, "main", "k"));
      }
      storage.delete(KeydirCheckpointWriter.path("main")); // with it nothing is compared
      if (sameSegment) {
        try (Store store = recovery.fixture.standalone(storage)) {
          assertEquals("live", StoreFixture.get(store, "main", "k"));
        }
      } else {
        CorruptionException damage =
            assertThrows(CorruptionException.class, () -> recovery.fixture.standalone(storage));
        assertEquals(dead, damage.file());
        assertEquals(0, damage.offset());
      }
    }
  }

  /** Fills the active segment, which is sealed and gets its hint. */
  private static void fill(Store store) throws IOException {
    String active = segment(store);
    for (int i = 0; segment(store).equals(active); i++) {
      put(store, "main", "other-" + i, value(i, 500));
    }
  }

  private static String segment(Store store) {
    return StoreFixture.keyspace(store, "main").segments().getLast().file();
  }
}
