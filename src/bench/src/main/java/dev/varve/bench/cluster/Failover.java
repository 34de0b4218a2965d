package dev.varve.bench.cluster;

import dev.varve.bench.Figures;
import dev.varve.bench.Row;
import dev.varve.bench.Target;
import dev.varve.bench.system.VarveSystem;
import java.io.IOException;
import java.util.Arrays;

/** For how long nobody takes writes when the primary goes. */
final class Failover implements ClusterScenario {

  /** How it goes, and what the project wants of that. */
  enum Kind {
    /** Its process is killed. */
    KILL(
        "failover",
        "Failover",
        "The primary's process is killed (SIGKILL) while 16 clients put values of 1 KiB; then it is"
            + " started again, and the next is killed once all members are level."),
    /** It is told to hand over. */
    STEP_DOWN(
        "step-down",
        "StepDown",
        "The primary is told to hand over (Admin.StepDown, to the most advanced replica) while 16"
            + " clients put values of 1 KiB.");

    private final String label;
    private final String title;
    private final String method;

    Kind(String label, String title, String method) {
      this.label = label;
      this.title = title;
      this.method = method;
    }
  }

  private static final double MEDIAN_MILLIS = 2000;
  private static final double WORST_MILLIS = 6000;
  private static final double STEP_DOWN_MILLIS = 300;

  private final Kind kind;

  Failover(Kind kind) {
    this.kind = kind;
  }

  @Override
  public String name() {
    return kind.label;
  }

  @Override
  public String title() {
    return kind.title;
  }

  @Override
  public String method() {
    return kind.method
        + " The clients are the product's, which follow the primary. The figure is the longest time"
        + " in which no client's put was acknowledged, from just before until all put again; one"
        + " client's longest also counts its own search and pauses.";
  }

  @Override
  public void run(ClusterRun run) throws IOException {
    int repetitions = run.settings().repetitions();
    double[] gaps = new double[repetitions];
    double longest = 0;
    long failures;
    try (ClusterRun.Systems systems = run.startVarve();
        PutGaps puts = new PutGaps(systems.varve())) {
      VarveSystem varve = systems.varve();
      for (int i = 0; i < repetitions; i++) {
        run.session().tick(name(), i + 1, repetitions);
        puts.awaitGoingOn();
        puts.begin();
        int primary = varve.primary();
        if (kind == Kind.KILL) {
          varve.kill(primary);
        } else {
          varve.stepDown();
        }
        puts.awaitGoingOn();
        gaps[i] = puts.gapOfAllNanos() / 1e6;
        longest = Math.max(longest, puts.longestGapNanos() / 1e6);
        if (kind == Kind.KILL) {
          var _ = varve.restart(primary);
        }
        varve.awaitWhole();
      }
      failures = puts.failures();
    }
    double worst = Arrays.stream(gaps).max().orElse(Double.NaN);
    String note = failures + " puts failed or have an unknown outcome";
    String times = repetitions + " times, ";
    if (kind == Kind.KILL) {
      add(run, times + "median", Figures.median(gaps), MEDIAN_MILLIS, note);
      add(run, times + "worst", worst, WORST_MILLIS, "");
    } else {
      add(run, times + "median", Figures.median(gaps), STEP_DOWN_MILLIS, note);
      add(run, times + "worst", worst, STEP_DOWN_MILLIS, "");
    }
    run.session()
        .add(
            new Row(
                name(),
                times + "one client's longest",
                "ms",
                longest,
                "",
                Double.NaN,
                Double.NaN,
                null,
                ""));
  }

  private void add(ClusterRun run, String variant, double millis, double bound, String note) {
    run.session()
        .add(
            new Row(
                name(),
                variant,
                "ms",
                millis,
                "the bound",
                bound,
                millis / bound,
                Target.atMost(1),
                note));
  }
}
