package dev.varve.operator.schedule;

import java.time.Instant;
import java.util.Optional;

/** A rising sequence of moments at which a policy is due. */
public sealed interface Ticks permits CronTicks, IntervalTicks {

  /** The latest tick at or before {@code now}; empty when there was none in reach. */
  Optional<Instant> latestAtOrBefore(Instant now);

  /** The first tick after {@code moment}; empty when the schedule never fires again. */
  Optional<Instant> firstAfter(Instant moment);

  /** How many ticks lie strictly between two moments, counted up to {@code atMost}. */
  default int countBetween(Instant after, Instant before, int atMost) {
    int count = 0;
    Optional<Instant> tick = firstAfter(after);
    while (count < atMost && tick.isPresent() && tick.get().isBefore(before)) {
      count++;
      tick = firstAfter(tick.get());
    }
    return count;
  }
}
