package dev.varve.cli;

import com.google.gson.JsonObject;
import dev.varve.client.VarveClient;
import dev.varve.protocol.v1.CompactRequest;
import dev.varve.protocol.v1.SegmentPlan;
import dev.varve.protocol.v1.Strategy;
import java.io.PrintStream;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Shows how much of each segment is live. */
@Command(
    name = "segments",
    description = "Show each segment's live (#) and dead (-) bytes on the primary, as bars.")
final class SegmentsCommand implements Callable<Integer> {
  private final VarveCommand varve;

  @Option(names = "--keyspace", paramLabel = "K", description = "The keyspace. Default: all")
  private String keyspace = "";

  SegmentsCommand(VarveCommand varve) {
    this.varve = varve;
  }

  @Override
  public Integer call() {
    List<KeyspaceStrategy> wanted =
        keyspace.isEmpty()
            ? List.of()
            : List.of(new KeyspaceStrategy(keyspace, Strategy.STRATEGY_UNSPECIFIED));
    try (VarveClient client = varve.connect()) {
      for (KeyspacePlan plan :
          KeyspacePlan.of(varve, client.admin(), wanted, CompactRequest.getDefaultInstance())) {
        if (varve.json()) {
          printJson(plan);
        } else {
          printBars(plan);
        }
      }
    }
    return ExitCode.DONE;
  }

  private void printJson(KeyspacePlan plan) {
    for (SegmentPlan segment : plan.plan().getSegmentsList()) {
      JsonObject json = new JsonObject();
      json.addProperty("shard", plan.shard());
      json.addProperty("keyspace", plan.keyspace());
      json.addProperty("file", segment.getFile());
      json.addProperty("totalBytes", segment.getTotalBytes());
      json.addProperty("liveBytes", segment.getLiveBytes());
      json.addProperty("deadRatio", KeyspacePlan.deadRatio(segment));
      varve.invocation().out().println(json);
    }
  }

  private void printBars(KeyspacePlan plan) {
    PrintStream out = varve.invocation().out();
    List<SegmentPlan> segments = plan.plan().getSegmentsList();
    long total = segments.stream().mapToLong(SegmentPlan::getTotalBytes).sum();
    long live = segments.stream().mapToLong(SegmentPlan::getLiveBytes).sum();
    out.println(
        plan.name()
            + ": "
            + segments.size()
            + (segments.size() == 1 ? " segment, " : " segments, ")
            + ByteSize.format(live)
            + " live of "
            + ByteSize.format(total));
    if (segments.isEmpty()) {
      return;
    }
    Table table = new Table("  SEGMENT", "LIVE / DEAD", "DEAD>", "LIVE>", "TOTAL>");
    for (SegmentPlan segment : segments) {
      table.row(
          "  " + segment.getFile(),
          Progress.bar(1 - KeyspacePlan.deadRatio(segment)),
          KeyspacePlan.deadPercent(segment),
          ByteSize.format(segment.getLiveBytes()),
          ByteSize.format(segment.getTotalBytes()));
    }
    table.print(out);
  }
}
