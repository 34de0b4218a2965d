package dev.varve.bench.scenario;

import java.util.List;

/** All there are, in the order in which they run. */
public final class Scenarios {
  private Scenarios() {}

  /** A new list of new scenarios. */
  public static List<Scenario> all() {
    return List.of(
        new RandomGet(),
        new ColdGet(),
        new DurableUpdate(),
        new BulkLoad(),
        new SustainedUpdate(),
        new LatencyWhileCompacting(),
        new CompactionSpeed(),
        new KeydirBytes(),
        new Reopening());
  }
}
