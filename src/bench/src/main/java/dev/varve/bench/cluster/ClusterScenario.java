package dev.varve.bench.cluster;

import java.io.IOException;
import java.util.List;

/** One thing that is measured of replicated systems. */
interface ClusterScenario {

  /** All there are, in the order in which they run. */
  static List<ClusterScenario> all() {
    return List.of(
        new Operations(Operations.Kind.UNARY_PUTS),
        new Operations(Operations.Kind.LINEARIZABLE_GETS),
        new Operations(Operations.Kind.STREAMED_PUTS),
        new Failover(Failover.Kind.KILL),
        new Failover(Failover.Kind.STEP_DOWN),
        new NodeStart());
  }

  /** Its name on the command line. */
  String name();

  /** A heading. */
  String title();

  /** What exactly is measured, in a few sentences for the report. */
  String method();

  /** Measures it and adds rows. Fails if a system answers what was never written to it. */
  void run(ClusterRun run) throws IOException;
}
