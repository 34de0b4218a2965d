package dev.varve.bench.cluster;

import dev.varve.bench.Figures;
import dev.varve.bench.Row;
import dev.varve.bench.Target;
import dev.varve.bench.system.VarveSystem;
import java.io.IOException;
import java.util.concurrent.locks.LockSupport;

/** How soon a member is ready, and what memory it takes while nothing is asked of it. */
final class NodeStart implements ClusterScenario {
  private static final double READY_MILLIS = 1500;
  private static final double RESIDENT_MIB = 200;

  @Override
  public String name() {
    return "node-start";
  }

  @Override
  public String title() {
    return "Start and memory of a node";
  }

  @Override
  public String method() {
    return "Memory: the largest VmRSS of three empty members, one measurement's length after they"
        + " are level and without load. Ready: a replica is told to stop and started again, from"
        + " starting its process until it prints that it is ready; a median.";
  }

  @Override
  public void run(ClusterRun run) throws IOException {
    int turns = run.session().settings().pairs();
    double[] millis = new double[turns];
    double resident;
    try (ClusterRun.Systems systems = run.startVarve()) {
      VarveSystem varve = systems.varve();
      long idleUntil = System.nanoTime() + run.session().settings().measure().toNanos();
      long left;
      while ((left = idleUntil - System.nanoTime()) > 0) {
        LockSupport.parkNanos(left);
      }
      resident = varve.residentBytes().stream().mapToLong(Long::longValue).max().orElse(0);
      for (int i = 0; i < turns; i++) {
        int replica = (varve.primary() + 1) % varve.members();
        varve.stop(replica);
        millis[i] = varve.restart(replica) / 1e6;
        varve.awaitWhole();
      }
    }
    add(run, "ready after", "ms", Figures.median(millis), READY_MILLIS);
    add(run, "resident when idle", "MiB", resident / (1 << 20), RESIDENT_MIB);
  }

  private void add(ClusterRun run, String variant, String unit, double figure, double bound) {
    run.session()
        .add(
            new Row(
                name(),
                variant,
                unit,
                figure,
                "the bound",
                bound,
                figure / bound,
                Target.atMost(1),
                ""));
  }
}
