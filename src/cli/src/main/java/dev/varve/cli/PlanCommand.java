package dev.varve.cli;

import com.google.gson.JsonObject;
import dev.varve.client.VarveClient;
import dev.varve.protocol.v1.PlanResponse;
import dev.varve.protocol.v1.SegmentPlan;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Says what a compaction would do, and why not. */
@Command(
    name = "plan",
    description = "Show what a compaction would do now, and why or why not. Changes nothing.")
final class PlanCommand implements Callable<Integer> {
  private final VarveCommand varve;

  @Option(
      names = "--keyspace",
      paramLabel = "K[=STRATEGY]",
      description = "The keyspace, and how to compact it; repeatable. Default: all")
  private List<String> keyspaces = new ArrayList<>();

  @Mixin private CompactionThresholds thresholds = new CompactionThresholds();

  PlanCommand(VarveCommand varve) {
    this.varve = varve;
  }

  @Override
  public Integer call() {
    List<KeyspaceStrategy> wanted = keyspaces.stream().map(KeyspaceStrategy::parse).toList();
    try (VarveClient client = varve.connect()) {
      for (KeyspacePlan plan :
          KeyspacePlan.of(varve, client.admin(), wanted, thresholds.request().build())) {
        if (varve.json()) {
          JsonObject json = JsonMessages.of(plan.plan());
          json.addProperty("shard", plan.shard());
          json.addProperty("keyspace", plan.keyspace());
          varve.invocation().out().println(json);
        } else {
          print(plan);
        }
      }
    }
    return ExitCode.DONE;
  }

  private void print(KeyspacePlan keyspace) {
    PlanResponse plan = keyspace.plan();
    List<SegmentPlan> selected =
        plan.getSegmentsList().stream().filter(SegmentPlan::getSelected).toList();
    String reason = plan.getReason().isEmpty() ? "" : ": " + plan.getReason();
    varve
        .invocation()
        .out()
        .println(
            plan.getWouldCompact()
                ? keyspace.name()
                    + " would compact "
                    + selected.size()
                    + " of "
                    + plan.getSegmentsCount()
                    + " segments"
                    + reason
                    + "; copies "
                    + ByteSize.format(plan.getBytesToCopy())
                    + ", saves "
                    + ByteSize.format(plan.getExpectedSpaceSaved())
                : keyspace.name() + " would not compact" + reason);
    if (plan.getSegmentsCount() > 0) {
      Table table = new Table("  SEGMENT", "TOTAL>", "LIVE>", "DEAD>", "SELECTED", "WHY");
      for (SegmentPlan segment : plan.getSegmentsList()) {
        table.row(
            "  " + segment.getFile(),
            ByteSize.format(segment.getTotalBytes()),
            ByteSize.format(segment.getLiveBytes()),
            KeyspacePlan.deadPercent(segment),
            segment.getSelected() ? "yes" : "no",
            segment.getReason());
      }
      table.print(varve.invocation().out());
    }
  }
}
