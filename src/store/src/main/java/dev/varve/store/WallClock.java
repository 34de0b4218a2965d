package dev.varve.store;

/** The time of day, for expiry and event times only. */
@FunctionalInterface
public interface WallClock {
  /** Milliseconds since 1970. */
  long nowMs();
}
