package dev.varve.operator.schedule;

import com.cronutils.model.CronType;
import com.cronutils.model.definition.CronDefinitionBuilder;
import com.cronutils.model.time.ExecutionTime;
import com.cronutils.parser.CronParser;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.temporal.ChronoUnit;
import java.time.zone.ZoneOffsetTransition;
import java.util.Locale;
import java.util.Optional;

/**
 * The ticks of a five-field cron expression in a time zone. The expression is evaluated on the wall
 * calendar, without any zone, and each wall time is then resolved: one that the clocks skip ticks
 * once, at the moment they jump, and one that comes twice ticks the first time only. Wall times
 * rise, so the moments never fall; wall times that meet in one moment are one tick.
 */
public final class CronTicks implements Ticks {

  private final ExecutionTime times;
  private final ZoneId zone;

  private CronTicks(ExecutionTime times, ZoneId zone) {
    this.times = times;
    this.zone = zone;
  }

  /**
   * Reads an expression.
   *
   * @throws IllegalArgumentException when it is none, with a message for people
   */
  public static CronTicks parse(String expression, ZoneId zone) {
    var parser = new CronParser(CronDefinitionBuilder.instanceDefinitionFor(CronType.UNIX));
    return new CronTicks(
        ExecutionTime.forCron(parser.parse(expression.toUpperCase(Locale.ROOT)).validate()), zone);
  }

  @Override
  public Optional<Instant> latestAtOrBefore(Instant now) {
    LocalDateTime wall = LocalDateTime.ofInstant(now, zone);
    LocalDateTime before = wall.truncatedTo(ChronoUnit.MINUTES).plusMinutes(1);
    ZoneOffsetTransition last = zone.getRules().previousTransition(now.plusNanos(1));
    if (last != null && last.isOverlap() && wall.isBefore(last.getDateTimeBefore())) {
      // The second pass through wall times whose ticks all fell into the first one.
      before = last.getDateTimeBefore();
    }
    return times
        .lastExecution(before.atZone(ZoneOffset.UTC))
        .map(ZonedDateTime::toLocalDateTime)
        .map(this::resolve);
  }

  @Override
  public Optional<Instant> firstAfter(Instant moment) {
    LocalDateTime wall = LocalDateTime.ofInstant(moment, zone).truncatedTo(ChronoUnit.MINUTES);
    while (true) {
      Optional<LocalDateTime> next =
          times.nextExecution(wall.atZone(ZoneOffset.UTC)).map(ZonedDateTime::toLocalDateTime);
      if (next.isEmpty()) {
        return Optional.empty();
      }
      Instant resolved = resolve(next.get());
      if (resolved.isAfter(moment)) {
        return Optional.of(resolved);
      }
      wall = next.get();
    }
  }

  private Instant resolve(LocalDateTime wall) {
    ZoneOffsetTransition transition = zone.getRules().getTransition(wall);
    if (transition == null) {
      return wall.toInstant(zone.getRules().getOffset(wall));
    }
    return transition.isGap()
        ? transition.getInstant()
        : wall.toInstant(transition.getOffsetBefore());
  }
}
