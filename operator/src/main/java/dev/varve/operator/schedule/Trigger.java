package dev.varve.operator.schedule;

import java.time.Instant;

/** What a run answers to. Its key goes into the run's name, so that it runs once. */
public sealed interface Trigger {

  /** A text that differs for any two triggers of one policy. */
  String key();

  /** A tick of the schedule. */
  record Tick(Instant time) implements Trigger {
    @Override
    public String key() {
      return "tick:" + time;
    }
  }

  /** A value of the annotation {@code varve.dev/run-now}. */
  record RunNow(String value) implements Trigger {
    @Override
    public String key() {
      return "run-now:" + value;
    }
  }
}
