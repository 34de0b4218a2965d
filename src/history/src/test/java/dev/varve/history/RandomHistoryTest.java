package dev.varve.history;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Random histories: good ones are accepted, changed ones judged as by trying everything. */
class RandomHistoryTest {
  private static final Integer ONLY = Integer.getInteger("varve.seed");
  private static final int LARGE = 120;
  private static final int SMALL = 6_000;

  @Test
  void whatALinearizableStoreAnswersIsAccepted() {
    for (int seed = first(); seed < last(LARGE); seed++) {
      Random random = new Random(seed);
      boolean namesSequences = random.nextBoolean();
      RandomHistory made =
          new RandomHistory(
              random, 1 + random.nextInt(8), random.nextInt(3) * 4, namesSequences, 0.08);
      made.run(50 + random.nextInt(400), 1 + random.nextInt(10));
      Verdict verdict = HistoryCheck.check(made.recorded());
      assertEquals(
          Verdict.Kind.LINEARIZABLE, verdict.kind(), "seed " + seed + ": " + verdict.explanation());
    }
  }

  @Test
  void whatWasChangedIsJudgedAsByTryingEverything() {
    int accepted = 0;
    int rejected = 0;
    for (int seed = first(); seed < last(SMALL); seed++) {
      Random random = new Random(seed);
      boolean namesSequences = random.nextInt(3) > 0;
      RandomHistory made =
          new RandomHistory(random, 1, 1 + random.nextInt(3), namesSequences, 0.25);
      made.run(2 + random.nextInt(6), 1 + random.nextInt(4));
      if (seed % 4 > 0) {
        made.lie();
      }
      History history = made.recorded();
      boolean expected = BruteForce.isLinearizable(history);
      Verdict verdict = HistoryCheck.check(history);
      if (expected != verdict.isLinearizable()) {
        List<String> lines = history.operations().stream().map(Operation::toString).toList();
        throw new AssertionError(
            "seed " + seed + ": " + verdict + " is wrong of\n" + String.join("\n", lines));
      }
      accepted += expected ? 1 : 0;
      rejected += expected ? 0 : 1;
    }
    if (ONLY == null) {
      assertTrue(accepted > SMALL / 4, accepted + " were linearizable");
      assertTrue(rejected > SMALL / 4, rejected + " were not linearizable");
    }
  }

  /** What may be left out of an explanation is not what made the history linearizable. */
  @Test
  void whatTheSmallestPartLeavesOutIsNotNeededByTheRest() {
    int left = 0;
    for (int seed = first(); seed < last(SMALL); seed++) {
      Random random = new Random(seed);
      RandomHistory made = new RandomHistory(random, 1, 3, random.nextBoolean(), 0.2);
      made.run(4 + random.nextInt(12), 1 + random.nextInt(4));
      for (KeyHistory key : KeyHistory.of(made.recorded().operations()).values()) {
        List<Set<Share>> groups = new ArrayList<>(SmallestPart.reads(key.shares()));
        for (int value = Register.NOTHING; value <= 3; value++) {
          groups.add(SmallestPart.ofValue(key.shares(), value));
        }
        for (Set<Share> group : groups) {
          List<Share> rest = new ArrayList<>(key.shares());
          left += rest.removeAll(group) && group.size() > 1 ? 1 : 0;
          assertNull(
              new RegisterSearch(rest, HistoryCheck.STATES_MAX).run().offender(),
              "seed " + seed + ": without " + group + " of " + key.shares());
        }
      }
    }
    assertTrue(ONLY != null || left > SMALL / 10, left + " groups of a value");
  }

  private static int first() {
    return ONLY == null ? 0 : ONLY;
  }

  private static int last(int count) {
    return ONLY == null ? count : ONLY + 1;
  }
}
