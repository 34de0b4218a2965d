package dev.varve.store.recovery;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.store.simulation.Fault;
import dev.varve.store.simulation.Operation;
import dev.varve.store.simulation.SimulatedStorage;
import dev.varve.store.storage.DiskFullException;
import dev.varve.store.storage.StorageFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class DurableMarkTest {
  private final SimulatedStorage storage = new SimulatedStorage();

  private DurableMark.Reading reading() throws IOException {
    return DurableMark.peek(storage);
  }

  @Test
  void tellsTheLastWrite() throws IOException {
    for (long sequence = 1; sequence < 8; sequence++) {
      try (DurableMark mark = DurableMark.open(storage)) {
        assertEquals(sequence - 1, mark.durable());
        mark.write(sequence, sequence / 2);
      }
      assertEquals(new DurableMark.Reading(true, true, true, sequence, sequence / 2), reading());
    }
  }

  @Test
  void aNewOneIsDurable() throws IOException {
    DurableMark.open(storage).close();
    for (long seed = 0; seed < 30; seed++) {
      DurableMark.Reading left = DurableMark.peek(storage.crashClone(seed));
      assertEquals(new DurableMark.Reading(true, true, true, 0, 0), left, "seed " + seed);
    }
  }

  /** A full disk tears the write, and the process goes on, or ends there. */
  @Test
  void aWriteThatIsCutOffLeavesTheMarkBefore() throws IOException {
    try (DurableMark mark = DurableMark.open(storage)) {
      mark.write(10, 9);
      storage.failWhen(operation -> operation.kind() == Operation.Kind.WRITE, Fault.DISK_FULL);
      for (int i = 0; i < 3; i++) {
        mark.write(11 + i, 10);
        assertEquals(10, mark.durable());
        assertEquals(10, reading().durable(), "what the next process finds");
        assertEquals(9, reading().committed());
      }
      assertThrows(DiskFullException.class, () -> mark.lower(5, 9));
      assertThrows(DiskFullException.class, () -> mark.confirm(20));
      storage.clearFaults();
      mark.write(14, 12);
    }
    assertEquals(new DurableMark.Reading(true, true, true, 14, 12), reading());
  }

  /**
   * The disk is full at one slot and, soon after it had room again, at the other; no sync came in
   * between, so that a crash may leave of each slot what was cut off.
   */
  @Test
  void bothSlotsCutOffOneAfterTheOtherLeaveOneWhole() throws IOException {
    try (DurableMark mark = DurableMark.open(storage)) {
      cutOffAndWrittenAgain(mark, 1);
      cutOffAndWrittenAgain(mark, 2);
      assertOneIsWholeAfterACrash();
    }
  }

  /** As before, by two processes: the second finds a slot that the first left cut off. */
  @Test
  void bothSlotsCutOffByTwoProcessesLeaveOneWhole() throws IOException {
    try (DurableMark mark = DurableMark.open(storage)) {
      cutOff(mark, 1);
    }
    try (DurableMark mark = DurableMark.open(storage)) {
      mark.write(1, 1);
      cutOffAndWrittenAgain(mark, 2);
      assertOneIsWholeAfterACrash();
    }
  }

  private void cutOffAndWrittenAgain(DurableMark mark, long sequence) throws IOException {
    cutOff(mark, sequence);
    mark.write(sequence, sequence);
  }

  private void cutOff(DurableMark mark, long sequence) throws IOException {
    storage.failWhen(operation -> operation.kind() == Operation.Kind.WRITE, Fault.DISK_FULL);
    mark.write(sequence, sequence);
    storage.clearFaults();
  }

  private void assertOneIsWholeAfterACrash() throws IOException {
    for (long seed = 0; seed < 2_000; seed++) {
      DurableMark.Reading left = DurableMark.peek(storage.crashClone(seed));
      assertTrue(left.usable(), "seed " + seed + ": neither slot is whole");
    }
  }

  /** However many bytes of a write reach the file: it is the mark before or this one. */
  @Test
  void aWriteThatIsTornAnywhereLeavesOneOfTheTwo() throws IOException {
    try (DurableMark mark = DurableMark.open(storage)) {
      mark.write(10, 9);
    }
    byte[] before = storage.contents(DurableMark.PATH);
    try (DurableMark mark = DurableMark.open(storage)) {
      mark.write(11, 10);
    }
    byte[] after = storage.contents(DurableMark.PATH);
    int changed = 0;
    for (int at = 0; at <= after.length; at++) {
      byte[] torn = Arrays.copyOf(after, after.length);
      System.arraycopy(before, at, torn, at, before.length - at);
      changed += Arrays.equals(torn, before) || Arrays.equals(torn, after) ? 0 : 1;
      SimulatedStorage left = new SimulatedStorage();
      try (StorageFile file = left.create(DurableMark.PATH)) {
        file.write(new ByteBuffer[] {ByteBuffer.wrap(torn)}, 0);
      }
      try (DurableMark mark = DurableMark.open(left)) {
        assertEquals(Arrays.equals(torn, after) ? 11 : 10, mark.durable(), "torn at " + at);
        assertEquals(mark.durable() - 1, mark.committed());
      }
    }
    assertTrue(changed > 3, "the writes differ in too few bytes to be torn: " + changed);
  }

  @Test
  void noFlippedBitChangesWhatIsToldAfterAConfirmation() throws IOException {
    try (DurableMark mark = DurableMark.open(storage)) {
      mark.write(7, 3);
      mark.confirm(12);
    }
    int size = storage.contents(DurableMark.PATH).length;
    for (long bit = 0; bit < 8L * size; bit++) {
      storage.flipBit(DurableMark.PATH, bit);
      assertEquals(12, reading().durable(), "bit " + bit);
      assertEquals(12, reading().committed(), "bit " + bit);
      storage.flipBit(DurableMark.PATH, bit);
    }
  }

  @Test
  void neitherSlotTellsOfWhatWasCut() throws IOException {
    try (DurableMark mark = DurableMark.open(storage)) {
      mark.write(30, 20);
      mark.write(31, 20);
      mark.lower(25, 20);
    }
    for (long bit : new long[] {0, 8L * DurableMark.SLOT_DISTANCE}) {
      storage.flipBit(DurableMark.PATH, bit);
      assertEquals(25, reading().durable());
      storage.flipBit(DurableMark.PATH, bit);
    }
  }

  @Test
  void namesTheFileWhenNeitherSlotIsWhole() throws IOException {
    DurableMark.open(storage).close();
    storage.flipBit(DurableMark.PATH, 9);
    storage.flipBit(DurableMark.PATH, 8L * DurableMark.SLOT_DISTANCE + 9);
    CorruptionException damage =
        assertThrows(CorruptionException.class, () -> DurableMark.open(storage));
    assertEquals(DurableMark.PATH, damage.file());
    assertEquals(new DurableMark.Reading(true, false, false, 0, 0), reading());
  }
}
