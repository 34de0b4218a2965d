package dev.varve.operator.schedule;

import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What a policy has to act on now: at most one tick, the latest, and at most one run-now value.
 *
 * @param tick the tick to act on
 * @param missed how many ticks before it went by unused, counted up to {@link #MOST_COUNTED}
 * @param runNow the annotation's value that was not served yet
 * @param handled the latest tick known to have been acted on, or when the policy was created
 */
public record Due(
    Optional<Trigger.Tick> tick, int missed, Optional<Trigger.RunNow> runNow, Instant handled) {

  /** Missed ticks are counted up to here; a person needs no exact number beyond. */
  public static final int MOST_COUNTED = 100;

  /** A tick missed because the one before it took seconds longer is not worth a word. */
  private static final Duration WORTH_SAYING = Duration.ofSeconds(30);

  /** Whether there is anything to act on. */
  public boolean any() {
    return tick.isPresent() || runNow.isPresent();
  }

  /**
   * Computes what is due.
   *
   * @param ticks the schedule; empty when it cannot be read
   * @param startedTicks ticks for which Jobs exist: after a stop between making Jobs and writing
   *     status they say more than the status does
   * @param lastHandled the status's lastScheduleTime
   * @param annotation the run-now annotation's value
   * @param lastRunNow the status's lastRunNow
   */
  public static Due of(
      Optional<Ticks> ticks,
      boolean suspended,
      Instant created,
      @Nullable Instant lastHandled,
      Collection<Instant> startedTicks,
      @Nullable String annotation,
      @Nullable String lastRunNow,
      Instant now) {
    Instant handled = lastHandled == null ? created : lastHandled;
    Optional<Instant> latestStarted = startedTicks.stream().max(Instant::compareTo);
    Optional<Instant> latest = ticks.flatMap(schedule -> schedule.latestAtOrBefore(now));
    Optional<Trigger.RunNow> runNow =
        annotation == null || annotation.isBlank() || annotation.equals(lastRunNow)
            ? Optional.empty()
            : Optional.of(new Trigger.RunNow(annotation));
    if (latestStarted.isPresent() && latestStarted.get().isAfter(handled)) {
      // A tick that was begun is finished if it is still the latest, else it counts as acted on.
      boolean stillLatest = !suspended && latest.equals(latestStarted);
      if (stillLatest) {
        return new Due(latest.map(Trigger.Tick::new), 0, runNow, handled);
      }
      handled = latestStarted.get();
    }
    Instant since = handled;
    Optional<Instant> due = suspended ? Optional.empty() : latest.filter(t -> t.isAfter(since));
    int missed =
        due.filter(tick -> Duration.between(since, tick).compareTo(WORTH_SAYING) >= 0)
            .map(tick -> ticks.orElseThrow().countBetween(since, tick, MOST_COUNTED))
            .orElse(0);
    return new Due(due.map(Trigger.Tick::new), missed, runNow, handled);
  }
}
