package dev.varve.operator.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.crds.CompactionPolicyStatus.Totals;
import dev.varve.operator.apply.PolicyTarget.ChangedMeanwhileException;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** The operator is stopped at every step and started again: no tick is doubled, none is lost. */
class PolicyStopTest {

  private static final int TICKS = 5;

  @Test
  void aStopAroundAnyStepDoublesAndLosesNothing() throws InterruptedException {
    int steps = run(-1, false, 1);
    assertTrue(steps > 40, "the script must have many steps: " + steps);
    for (int step = 0; step < steps; step++) {
      for (boolean before : new boolean[] {true, false}) {
        run(step, before, 1);
        run(step, before, 20);
      }
    }
  }

  /** Five minutes of two clusters with a run-now in between; then everything must add up. */
  private static int run(int stopAt, boolean before, int history) throws InterruptedException {
    try (var world =
        new PolicyWorld(PolicyWorld.everyMinute(false, history, 1), "orders", "returns")) {
      world.kubernetes.stopAround(stopAt, before);
      var expected = new TreeMap<String, Integer>();
      for (int second = 0; second < TICKS * 60 + 55; second += 5) {
        if (second == 150) {
          world.kubernetes.runNow("please");
          expected.put("orders run-now please", 1);
          expected.put("returns run-now please", 1);
        }
        reconcileThroughStop(world);
        if (second > 0 && second % 60 == 0) {
          expected.put("orders tick " + world.now(), 1);
          expected.put("returns tick " + world.now(), 1);
        }
        world.advance(Duration.ofSeconds(5));
        world.endJobsOlderThan(Duration.ofSeconds(10));
      }
      String what = "stopped " + (before ? "before" : "after") + " step " + stopAt;
      assertEquals(expected, world.kubernetes.made, what);
      addsUp(world, what);
      return world.kubernetes.steps();
    }
  }

  @Test
  void manyStopsAnywhereAndChangesBetweenDoubleNothingAndCountEveryRunOnce()
      throws InterruptedException {
    long seed = System.nanoTime();
    System.out.println("PolicyStopTest seed " + seed);
    var random = new Random(seed);
    for (int round = 0; round < 60; round++) {
      String what = "seed " + seed + " round " + round;
      int events = 1 + random.nextInt(3);
      int jobs = random.nextInt(3);
      try (var world =
          new PolicyWorld(PolicyWorld.everyMinute(false, events, jobs), "a", "b", "c")) {
        for (int i = 0; i < 120; i++) {
          world.kubernetes.stopAround(
              world.kubernetes.steps() + random.nextInt(12), random.nextBoolean());
          switch (random.nextInt(20)) {
            case 0 -> world.kubernetes.runNow("value " + i);
            case 1 -> world.kubernetes.spec(PolicyWorld.everyMinute(true, events, jobs));
            case 2, 3 -> world.kubernetes.spec(PolicyWorld.everyMinute(false, events, jobs));
            case 4 -> world.advance(Duration.ofMinutes(random.nextInt(30)));
            default -> world.advance(Duration.ofSeconds(random.nextInt(20)));
          }
          reconcileThroughStop(world);
          world.endJobsOlderThan(Duration.ofSeconds(random.nextInt(90)));
        }
        world.kubernetes.stopAround(-1, false);
        world.kubernetes.spec(PolicyWorld.everyMinute(true, events, jobs));
        world.endJobsOlderThan(Duration.ZERO);
        for (int i = 0; i < 20; i++) {
          world.advance(Duration.ofSeconds(1));
          reconcileThroughStop(world);
          world.endJobsOlderThan(Duration.ZERO);
        }
        for (Map.Entry<String, Integer> run : world.kubernetes.made.entrySet()) {
          assertEquals(1, run.getValue(), what + ": " + run.getKey());
        }
        addsUp(world, what);
        assertTrue(world.kubernetes.jobs().size() <= jobs, what);
      }
    }
  }

  private static void reconcileThroughStop(PolicyWorld world) throws InterruptedException {
    boolean rests = false;
    for (int attempt = 0; attempt < 30 && !rests; attempt++) {
      try {
        rests = world.reconcile().actions().isEmpty();
      } catch (FakeKubernetes.Stopped | ChangedMeanwhileException e) {
        // Started again, or observed again: the next attempt knows nothing but the API server.
        rests = false;
      }
    }
    if (rests) {
      return;
    }
    throw new AssertionError("the policy does not come to rest");
  }

  private static void addsUp(PolicyWorld world, String what) {
    int ended = world.kubernetes.ended.size();
    Totals totals = Objects.requireNonNull(world.status().totals());
    assertEquals(ended, totals.runs(), what);
    assertEquals(ended * PolicyWorld.SAVED, totals.spaceSaved(), what);
    assertEquals(0, totals.failures(), what);
    assertEquals(
        ended,
        world.kubernetes.told.keySet().stream()
            .filter(notice -> notice.startsWith("CompactionCompleted"))
            .count(),
        what);
  }
}
