package dev.varve.operator.schedule;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.Random;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class CronTicksTest {

  private static final ZoneId BERLIN = ZoneId.of("Europe/Berlin");

  @Test
  void aTimeThatTheClocksSkipTicksOnceAsTheyJump() {
    var ticks = CronTicks.parse("30 2 * * *", BERLIN);
    Instant jump = Instant.parse("2026-03-29T01:00:00Z"); // 02:00 becomes 03:00
    assertEquals(Optional.of(jump), ticks.firstAfter(Instant.parse("2026-03-28T12:00:00Z")));
    assertEquals(Optional.of(Instant.parse("2026-03-30T00:30:00Z")), ticks.firstAfter(jump));
    assertEquals(Optional.of(jump), ticks.latestAtOrBefore(jump));
  }

  @Test
  void severalSkippedTimesAndTheOneAfterThemAreOneTick() {
    var ticks = CronTicks.parse("*/15 1-3 * * *", BERLIN);
    Instant jump = Instant.parse("2026-03-29T01:00:00Z");
    assertEquals(Optional.of(jump), ticks.firstAfter(jump.minusSeconds(1)));
    assertEquals(Optional.of(jump.plus(Duration.ofMinutes(15))), ticks.firstAfter(jump));
  }

  @Test
  void aTimeThatComesTwiceTicksTheFirstTimeOnly() {
    var ticks = CronTicks.parse("30 2 * * *", BERLIN);
    Instant first = Instant.parse("2026-10-25T00:30:00Z"); // 02:30 summer time
    Instant again = Instant.parse("2026-10-25T01:30:00Z"); // 02:30 winter time
    assertEquals(Optional.of(first), ticks.firstAfter(first.minusSeconds(1)));
    assertEquals(Optional.of(Instant.parse("2026-10-26T01:30:00Z")), ticks.firstAfter(first));
    assertEquals(Optional.of(first), ticks.latestAtOrBefore(again));
    assertEquals(Optional.of(first), ticks.latestAtOrBefore(again.minusSeconds(600)));
  }

  @Test
  void aDateThatNeverComesHasNoTick() {
    var ticks = CronTicks.parse("0 0 30 2 *", BERLIN);
    assertEquals(Optional.empty(), ticks.firstAfter(Instant.parse("2026-01-01T00:00:00Z")));
    assertEquals(Optional.empty(), ticks.latestAtOrBefore(Instant.parse("2026-01-01T00:00:00Z")));
  }

  @Test
  void theLeapDayComes() {
    var ticks = CronTicks.parse("0 0 29 2 *", ZoneId.of("Etc/UTC"));
    assertEquals(
        Optional.of(Instant.parse("2028-02-29T00:00:00Z")),
        ticks.firstAfter(Instant.parse("2026-01-01T00:00:00Z")));
  }

  @Test
  void sixFieldsAndNonsenseAreRefused() {
    for (String bad : List.of("0 0 0 * * *", "60 * * * *", "* * *", "soon")) {
      assertThrows(IllegalArgumentException.class, () -> CronTicks.parse(bad, BERLIN), bad);
    }
  }

  @Test
  void agreesWithWalkingThroughEveryMinuteOfTheWallCalendar() {
    long seed = System.nanoTime();
    System.out.println("CronTicksTest seed " + seed);
    var random = new Random(seed);
    List<ZoneId> zones =
        List.of(
            BERLIN,
            ZoneId.of("Etc/UTC"),
            ZoneId.of("America/New_York"),
            ZoneId.of("Australia/Lord_Howe"),
            ZoneId.of("Asia/Kolkata"));
    // Both changes of 2026 in each hemisphere fall into these days.
    List<LocalDateTime> starts =
        List.of(
            LocalDateTime.of(2026, 3, 7, 0, 0),
            LocalDateTime.of(2026, 3, 28, 0, 0),
            LocalDateTime.of(2026, 4, 4, 0, 0),
            LocalDateTime.of(2026, 10, 3, 0, 0),
            LocalDateTime.of(2026, 10, 24, 0, 0),
            LocalDateTime.of(2026, 10, 31, 0, 0),
            LocalDateTime.of(2026, 12, 30, 0, 0));
    for (int round = 0; round < 150; round++) {
      ZoneId zone = zones.get(random.nextInt(zones.size()));
      LocalDateTime start = starts.get(random.nextInt(starts.size()));
      String expression = expression(random);
      var ticks = CronTicks.parse(expression, zone);
      NavigableSet<Instant> model = model(expression, zone, start, 3);
      Instant from = start.plusHours(12).atZone(zone).toInstant();
      for (int probe = 0; probe < 20; probe++) {
        Instant moment = from.plusSeconds(random.nextInt(36 * 3600));
        String what = "seed " + seed + ": " + expression + " in " + zone + " at " + moment;
        Instant next = model.higher(moment);
        if (next != null) {
          assertEquals(Optional.of(next), ticks.firstAfter(moment), what);
        }
        Instant last = model.floor(moment);
        if (last != null) {
          assertEquals(Optional.of(last), ticks.latestAtOrBefore(moment), what);
        }
      }
    }
  }

  private static String expression(Random random) {
    return String.join(
        " ",
        field(random, 0, 59),
        field(random, 0, 23),
        random.nextInt(3) > 0 ? "*" : field(random, 1, 28),
        "*",
        random.nextInt(3) > 0 ? "*" : field(random, 0, 6));
  }

  private static String field(Random random, int least, int most) {
    int a = least + random.nextInt(most - least + 1);
    int b = a + random.nextInt(most - a + 1);
    return switch (random.nextInt(5)) {
      case 0 -> "*";
      case 1 -> "*/" + (1 + random.nextInt(Math.max(1, most / 2)));
      case 2 -> a + "-" + b;
      case 3 -> a == b ? "" + a : a + "," + b;
      default -> "" + a;
    };
  }

  private static NavigableSet<Instant> model(
      String expression, ZoneId zone, LocalDateTime start, int days) {
    String[] fields = expression.split(" ", -1);
    var instants = new TreeSet<Instant>();
    for (LocalDateTime wall = start; wall.isBefore(start.plusDays(days)); ) {
      if (matches(fields, wall)) {
        List<Instant> occurrences = new ArrayList<>();
        for (var offset : zone.getRules().getValidOffsets(wall)) {
          occurrences.add(wall.toInstant(offset));
        }
        LocalDateTime skipped = wall;
        instants.add(
            occurrences.stream().min(Instant::compareTo).orElseGet(() -> jump(zone, skipped)));
      }
      wall = wall.plusMinutes(1);
    }
    return instants;
  }

  private static Instant jump(ZoneId zone, LocalDateTime skipped) {
    return Optional.ofNullable(zone.getRules().getTransition(skipped)).orElseThrow().getInstant();
  }

  private static boolean matches(String[] fields, LocalDateTime wall) {
    boolean day = in(fields[2], wall.getDayOfMonth(), 1, 31);
    boolean weekday = in(fields[4], wall.getDayOfWeek().getValue() % 7, 0, 6);
    boolean both = !isStar(fields[2]) && !isStar(fields[4]);
    return in(fields[0], wall.getMinute(), 0, 59)
        && in(fields[1], wall.getHour(), 0, 23)
        && (both ? day || weekday : day && weekday);
  }

  /** As in a Kubernetes CronJob, a step of more than one makes a day field count as given. */
  private static boolean isStar(String field) {
    return field.equals("*") || field.equals("*/1");
  }

  private static boolean in(String field, int value, int least, int most) {
    for (String part : field.split(",", -1)) {
      String[] step = part.split("/", -1);
      String[] range =
          step[0].equals("*") ? new String[] {"" + least, "" + most} : step[0].split("-", -1);
      int from = Integer.parseInt(range[0]);
      int to = range.length > 1 ? Integer.parseInt(range[1]) : from;
      int by = step.length > 1 ? Integer.parseInt(step[1]) : 1;
      if (value >= from && value <= to && (value - from) % by == 0) {
        return true;
      }
    }
    return false;
  }
}
