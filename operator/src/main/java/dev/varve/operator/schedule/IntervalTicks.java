package dev.varve.operator.schedule;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/** Every {@code interval} after {@code origin}, the first one {@code interval} after it. */
public record IntervalTicks(Instant origin, Duration interval) implements Ticks {

  public IntervalTicks {
    if (interval.isZero() || interval.isNegative()) {
      throw new IllegalArgumentException("an interval must be positive: " + interval);
    }
  }

  @Override
  public Optional<Instant> latestAtOrBefore(Instant now) {
    long passed = passed(now);
    return passed < 1 ? Optional.empty() : Optional.of(tick(passed));
  }

  @Override
  public Optional<Instant> firstAfter(Instant moment) {
    return Optional.of(tick(Math.max(0, passed(moment)) + 1));
  }

  @Override
  public int countBetween(Instant after, Instant before, int atMost) {
    long first = Math.max(0, passed(after)) + 1;
    long last = passed(before);
    long count = last - first + (last >= first && tick(last).equals(before) ? 0 : 1);
    return Math.clamp(count, 0, atMost);
  }

  private long passed(Instant moment) {
    return moment.isBefore(origin) ? -1 : Duration.between(origin, moment).dividedBy(interval);
  }

  private Instant tick(long number) {
    return origin.plus(interval.multipliedBy(number));
  }
}
