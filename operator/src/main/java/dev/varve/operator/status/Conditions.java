package dev.varve.operator.status;

import dev.varve.crds.Condition;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Builds a list of conditions that keeps the time of each until its status changes. */
public final class Conditions {

  private final List<Condition> before;
  private final List<Condition> now = new ArrayList<>();
  private final long generation;
  private final String time;

  public Conditions(@Nullable List<Condition> before, long generation, Instant now) {
    this.before = before == null ? List.of() : before;
    this.generation = generation;
    this.time = time(now);
  }

  /** Adds a condition that holds or does not. */
  public Conditions put(String type, boolean holds, String reason, String message) {
    String status = holds ? "True" : "False";
    String since =
        find(before, type)
            .filter(condition -> condition.status().equals(status))
            .map(Condition::lastTransitionTime)
            .orElse(time);
    now.add(new Condition(type, status, reason, message, since, generation));
    return this;
  }

  /** The conditions, in the order in which they were added. */
  public List<Condition> list() {
    return List.copyOf(now);
  }

  /** The condition of one type. */
  public static Optional<Condition> find(@Nullable List<Condition> conditions, String type) {
    return conditions == null
        ? Optional.empty()
        : conditions.stream().filter(condition -> condition.type().equals(type)).findFirst();
  }

  /** Whether a condition is there and holds. */
  public static boolean holds(@Nullable List<Condition> conditions, String type) {
    return find(conditions, type).filter(c -> c.status().equals("True")).isPresent();
  }

  /** A time as resources write it: whole seconds in UTC. */
  public static String time(Instant instant) {
    return instant.truncatedTo(ChronoUnit.SECONDS).toString();
  }
}
