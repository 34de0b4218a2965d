package dev.varve.bench.scenario;

import dev.varve.bench.Session;
import java.io.IOException;

/** One thing that is measured. */
public interface Scenario {

  /** Its name on the command line. */
  String name();

  /** A heading. */
  String title();

  /** What exactly is measured, in a few sentences for the report. */
  String method();

  /** Measures it and adds rows. Fails if a store answers what was never written to it. */
  void run(Session session) throws IOException;
}
