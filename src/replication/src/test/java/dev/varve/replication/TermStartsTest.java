package dev.varve.replication;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.store.LogPosition;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class TermStartsTest {

  /** A log of entries with the given terms. */
  private static TermStarts log(long... terms) {
    TermStarts log = TermStarts.EMPTY;
    for (int i = 0; i < terms.length; i++) {
      log = log.extended(terms[i], i + 1);
    }
    return log;
  }

  @Test
  void knowsTheTermOfEachEntry() {
    TermStarts log = log(1, 1, 3, 3, 4);
    assertEquals(1, log.termAt(2));
    assertEquals(3, log.termAt(4));
    assertEquals(4, log.termAt(5));
    assertEquals(0, log.termAt(6));
    assertEquals(0, log.termAt(0));
  }

  /** Guard: the term of the previous entry is compared, not its sequence alone. */
  @Test
  void holdsAPositionOnlyWithItsTerm() {
    TermStarts log = log(1, 1, 3);
    assertTrue(log.holds(new LogPosition(1, 2)));
    assertFalse(log.holds(new LogPosition(2, 2)));
    assertFalse(log.holds(new LogPosition(3, 4)));
    assertTrue(log.holds(LogPosition.EMPTY));
    assertTrue(TermStarts.EMPTY.holds(LogPosition.EMPTY));
  }

  /** Guard: the point of divergence comes from where terms began, not from the shorter length. */
  @Test
  void divergesWhereTheTermsDo() {
    assertEquals(3, log(1, 1, 1, 2, 2, 2).divergesFrom(log(1, 1, 1, 3)));
    assertEquals(4, log(1, 1, 2, 2, 2).divergesFrom(log(1, 1, 2, 2, 5, 5)));
    assertEquals(2, log(1, 1).divergesFrom(log(1, 1, 1)));
    assertEquals(0, log(1, 1).divergesFrom(log(2, 2, 2)));
    assertEquals(0, TermStarts.EMPTY.divergesFrom(log(1)));
  }

  @Test
  void cutsBackToAnyPoint() {
    TermStarts log = log(1, 1, 3, 3, 4);
    assertEquals(log(1, 1, 3), log.cutTo(3));
    assertEquals(log(1, 1), log.cutTo(2));
    assertEquals(TermStarts.EMPTY, log.cutTo(0));
    assertEquals(log, log.cutTo(9));
  }

  @Test
  void refusesAGapAndATermThatGoesBack() {
    TermStarts log = log(1, 2);
    assertThrows(IllegalArgumentException.class, () -> log.extended(2, 4));
    assertThrows(IllegalArgumentException.class, () -> log.extended(1, 3));
  }

  @Test
  void agreesWithAnEntryByEntryComparison() {
    long seed = System.nanoTime();
    SplittableRandom random = new SplittableRandom(seed);
    for (int round = 0; round < 2_000; round++) {
      // As primaries write logs: a term is written by one of the two only, or shared as a prefix.
      List<Long> left = new ArrayList<>();
      int shared = random.nextInt(6);
      long term = 1;
      for (int i = 0; i < shared; i++) {
        term += random.nextInt(2);
        left.add(term);
      }
      List<Long> right = new ArrayList<>(left);
      long leftTerm = term;
      long rightTerm = term;
      boolean leftGoesOn = random.nextBoolean();
      for (int i = random.nextInt(5); i > 0; i--) {
        leftTerm = leftGoesOn ? leftTerm : leftTerm + 2 - leftTerm % 2;
        left.add(leftTerm);
      }
      for (int i = random.nextInt(5); i > 0; i--) {
        rightTerm += rightTerm == term ? 1 + rightTerm % 2 : 0;
        if (rightTerm == leftTerm) {
          rightTerm += 1;
        }
        right.add(rightTerm);
      }
      int common = 0;
      while (common < Math.min(left.size(), right.size())
          && left.get(common).equals(right.get(common))) {
        common++;
      }
      assertEquals(
          common,
          log(left.stream().mapToLong(Long::longValue).toArray())
              .divergesFrom(log(right.stream().mapToLong(Long::longValue).toArray())),
          "seed " + seed + ": " + left + " and " + right);
    }
  }
}
