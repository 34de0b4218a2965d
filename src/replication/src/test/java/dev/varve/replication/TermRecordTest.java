package dev.varve.replication;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.store.simulation.Fault;
import dev.varve.store.simulation.Operation;
import dev.varve.store.simulation.SimulatedStorage;
import java.io.IOException;
import org.junit.jupiter.api.Test;

class TermRecordTest {
  private static final MemberId A = new MemberId("a", "1");
  private static final MemberId B = new MemberId("b", "2");

  /** Guard: {@code otherTerm > term} in {@link TermRecord#admits}. */
  @Test
  void admitsNoLowerTerm() {
    assertFalse(new TermRecord(5, A).admits(4, A));
    assertTrue(new TermRecord(5, A).admits(6, B));
  }

  /**
   * Guard: {@code member.equals(holder)}; a Lease that was deleted can hand out the same term
   * twice.
   */
  @Test
  void admitsNoSecondHolderOfTheSameTerm() {
    assertTrue(new TermRecord(5, A).admits(5, A));
    assertFalse(new TermRecord(5, A).admits(5, B));
    assertFalse(new TermRecord(5, A).admits(5, new MemberId("a", "other directory")));
    assertFalse(TermRecord.NONE.admits(0, A));
  }

  /**
   * Guard: the sync, rename and directory sync of {@link DurableRecord#write} come before {@code
   * advance} returns.
   */
  @Test
  void whatWasAdvancedToSurvivesEveryCrash() throws IOException {
    for (int seed = 0; seed < 50; seed++) {
      SimulatedStorage storage = new SimulatedStorage();
      Terms terms = Terms.load(storage);
      terms.advance(3, A);
      terms.advance(7, B);
      SimulatedStorage after = storage.crash(seed);
      assertEquals(new TermRecord(7, B), Terms.load(after).record(), "crash seed " + seed);
    }
  }

  /** Guard: the temporary file is synced before it is renamed over the old one. */
  @Test
  void aCrashInBetweenLeavesTheOldOrTheNewTerm() throws IOException {
    for (int operation = 1; operation < 40; operation++) {
      SimulatedStorage storage = new SimulatedStorage();
      Terms terms = Terms.load(storage);
      terms.advance(3, A);
      storage.failOperation(storage.operations() + operation, Fault.POWER_OFF);
      boolean done;
      try {
        terms.advance(7, B);
        done = true;
      } catch (IOException e) {
        done = false;
      }
      Terms left = Terms.load(storage.crash(operation));
      if (done) {
        assertEquals(7, left.term());
      } else {
        assertTrue(left.term() == 3 || left.term() == 7, "term " + left.term());
      }
    }
  }

  @Test
  void advancesToNothingThatIsNotAdmitted() throws IOException {
    Terms terms = Terms.load(new SimulatedStorage());
    terms.advance(3, A);
    assertThrows(IllegalStateException.class, () -> terms.advance(2, A));
    assertThrows(IllegalStateException.class, () -> terms.advance(3, B));
  }

  @Test
  void aFailedWriteLeavesTheTermInMemoryAsItWas() throws IOException {
    SimulatedStorage storage = new SimulatedStorage();
    Terms terms = Terms.load(storage);
    terms.advance(3, A);
    storage.failWhen(operation -> operation.kind() == Operation.Kind.SYNC, Fault.FAILED_SYNC);
    assertThrows(IOException.class, () -> terms.advance(4, B));
    assertEquals(3, terms.term());
  }

  /** Guard: the CRC of {@link DurableRecord#read}. */
  @Test
  void aDamagedFileIsNoticed() throws IOException {
    SimulatedStorage storage = new SimulatedStorage();
    Terms.load(storage).advance(3, A);
    storage.flipBit("_r-term", 8 * 5);
    assertThrows(DurableRecord.DamagedException.class, () -> Terms.load(storage));
  }
}
