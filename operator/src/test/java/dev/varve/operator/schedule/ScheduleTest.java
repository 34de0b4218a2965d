package dev.varve.operator.schedule;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ScheduleTest {

  private static final Instant CREATED = Instant.parse("2026-11-20T01:00:00Z");

  @Test
  void intervalTicksCountFromCreation() {
    var ticks = new IntervalTicks(CREATED, Duration.ofSeconds(90));
    assertEquals(Optional.empty(), ticks.latestAtOrBefore(CREATED.plusSeconds(89)));
    assertEquals(
        Optional.of(CREATED.plusSeconds(90)), ticks.latestAtOrBefore(CREATED.plusSeconds(179)));
    assertEquals(Optional.of(CREATED.plusSeconds(90)), ticks.firstAfter(CREATED));
    assertEquals(Optional.of(CREATED.plusSeconds(90)), ticks.firstAfter(CREATED.minusSeconds(500)));
    assertEquals(Optional.of(CREATED.plusSeconds(180)), ticks.firstAfter(CREATED.plusSeconds(90)));
  }

  @Test
  void intervalTicksAreCountedAsIfWalkedThrough() {
    long seed = System.nanoTime();
    System.out.println("ScheduleTest seed " + seed);
    var random = new Random(seed);
    for (int round = 0; round < 500; round++) {
      var ticks = new IntervalTicks(CREATED, Duration.ofSeconds(1 + random.nextInt(50)));
      Instant after = CREATED.plusSeconds(random.nextInt(400) - 50);
      Instant before = after.plusSeconds(random.nextInt(600));
      int walked = 0;
      for (Instant t = ticks.firstAfter(after).orElseThrow();
          t.isBefore(before);
          t = ticks.firstAfter(t).orElseThrow()) {
        walked++;
      }
      assertEquals(
          Math.min(walked, 20),
          ticks.countBetween(after, before, 20),
          "seed " + seed + " " + ticks);
    }
  }

  @Test
  void durationsAreReadAsWrittenAndWrittenForPeople() {
    assertEquals(Duration.ofMinutes(90), Durations.parse("1h30m"));
    assertEquals(Duration.ofMillis(1500), Durations.parse("1s500ms"));
    for (String bad : List.of("", "10", "-1h", "1.5h", "soon")) {
      assertThrows(IllegalArgumentException.class, () -> Durations.parse(bad), bad);
    }
    assertEquals("850ms", Durations.format(Duration.ofMillis(850)));
    assertEquals("8.2s", Durations.format(Duration.ofMillis(8200)));
    assertEquals("12m30s", Durations.format(Duration.ofSeconds(750)));
    assertEquals("3h", Durations.format(Duration.ofHours(3)));
  }

  @Test
  void runNamesFitAndKeepTheirHashWhole() {
    String longest = "a".repeat(40);
    String name = RunName.of(longest, "p", "b".repeat(40), "c", 255, tick(0), 0);
    assertTrue(name.length() <= 63, name);
    assertTrue(name.matches("a+-b+-255-[0-9a-f]{10}"), name);
    assertTrue(
        RunName.of("nightly", "p", "orders", "c", 0, tick(0), 0)
            .matches("nightly-orders-0-[0-9a-f]{10}"));
    String cut =
        RunName.of("a".repeat(25) + "-".repeat(10) + "b", "p", longest, "c", 0, tick(0), 0);
    assertTrue(cut.length() <= 63 && !cut.contains("--"), cut);
  }

  @Test
  void runNamesDifferByEverythingThatMakesAnotherRunAndByNothingElse() {
    var names = new HashSet<String>();
    names.add(RunName.of("p", "uid", "c", "cuid", 0, tick(0), 0));
    names.add(RunName.of("p", "uid2", "c", "cuid", 0, tick(0), 0));
    names.add(RunName.of("p", "uid", "c", "cuid2", 0, tick(0), 0));
    names.add(RunName.of("p", "uid", "c", "cuid", 1, tick(0), 0));
    names.add(RunName.of("p", "uid", "c", "cuid", 0, tick(1), 0));
    names.add(RunName.of("p", "uid", "c", "cuid", 0, tick(0), 1));
    names.add(RunName.of("p", "uid", "c", "cuid", 0, new Trigger.RunNow(tick(0).key()), 0));
    assertEquals(7, names.size());
    assertTrue(names.contains(RunName.of("p", "uid", "c", "cuid", 0, tick(0), 0)));
  }

  @Test
  void afterALongStopOnlyTheLatestTickIsDueAndTheOthersAreCounted() {
    Due due = due(false, CREATED.plusSeconds(60), List.of(), CREATED.plusSeconds(600));
    assertEquals(Optional.of(tick(600)), due.tick());
    assertEquals(8, due.missed());
  }

  @Test
  void nothingIsDueWhileSuspendedNorBeforeTheFirstTick() {
    assertFalse(due(true, null, List.of(), CREATED.plusSeconds(600)).any());
    assertFalse(due(false, null, List.of(), CREATED.plusSeconds(59)).any());
  }

  @Test
  void aTickWhoseJobsWereBegunIsFinishedThoughTheStatusKnowsNothingOfIt() {
    Due due =
        due(
            false,
            CREATED.plusSeconds(60),
            List.of(CREATED.plusSeconds(120)),
            CREATED.plusSeconds(125));
    assertEquals(Optional.of(tick(120)), due.tick());
    assertEquals(0, due.missed());
  }

  @Test
  void aBegunTickThatIsNotTheLatestAnyMoreCountsAsServed() {
    Due due =
        due(
            false,
            CREATED.plusSeconds(60),
            List.of(CREATED.plusSeconds(120)),
            CREATED.plusSeconds(185));
    assertEquals(Optional.of(tick(180)), due.tick());
    assertEquals(CREATED.plusSeconds(120), due.handled());
    Due suspended =
        due(
            true,
            CREATED.plusSeconds(60),
            List.of(CREATED.plusSeconds(120)),
            CREATED.plusSeconds(125));
    assertFalse(suspended.any());
    assertEquals(CREATED.plusSeconds(120), suspended.handled());
  }

  @Test
  void aRunNowValueIsDueUntilItWasServed() {
    assertEquals(
        Optional.of(new Trigger.RunNow("b")),
        Due.of(Optional.empty(), true, CREATED, null, List.of(), "b", "a", CREATED).runNow());
    assertFalse(Due.of(Optional.empty(), false, CREATED, null, List.of(), "b", "b", CREATED).any());
  }

  private static Due due(
      boolean suspended,
      @org.jspecify.annotations.Nullable Instant last,
      List<Instant> started,
      Instant now) {
    var ticks = new IntervalTicks(CREATED, Duration.ofSeconds(60));
    return Due.of(Optional.of(ticks), suspended, CREATED, last, started, null, null, now);
  }

  private static Trigger.Tick tick(long seconds) {
    return new Trigger.Tick(CREATED.plusSeconds(seconds));
  }

  @Test
  void hashesDiffer() {
    assertNotEquals(RunName.hash("a"), RunName.hash("b"));
  }
}
