package dev.varve.cli;

import dev.varve.client.MessageStream;
import dev.varve.client.VarveAdmin;
import dev.varve.client.VarveClient;
import dev.varve.client.VarveException;
import dev.varve.protocol.v1.CompactRequest;
import dev.varve.protocol.v1.CompactionEvent;
import dev.varve.protocol.v1.Strategy;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * Compacts on the primary and follows the run. The merge runs in the primary's process; this end
 * asks, waits and reports.
 */
@Command(
    name = "compact",
    description = {
      "Compact on the primary, showing how far it is. Cancelling rolls the run back.",
      "In a container, the worst outcome (FAILED before COMPLETED before SKIPPED) is also written as JSON to the"
          + " termination message file: VARVE_TERMINATION_MESSAGE_PATH, else /dev/termination-log where there is one."
    })
final class CompactCommand implements Callable<Integer> {
  private final VarveCommand varve;

  @Parameters(
      paramLabel = "DIR",
      arity = "0..1",
      description =
          "Compact the store in this directory instead, which no process may have open; not that of a replicated"
              + " member. --expected-term, --endpoint and --shard mean nothing then")
  private @Nullable Path directory;

  @Option(
      names = "--keyspace",
      paramLabel = "K[=STRATEGY]",
      description =
          "The keyspace, and rewrite, lookup, scan or shift; repeatable, one after the other. Default: all."
              + " Shift deletes the oldest segments unread: their live data is lost")
  private List<String> keyspaces = new ArrayList<>();

  @Mixin private CompactionThresholds thresholds = new CompactionThresholds();

  @Option(
      names = "--force-delete",
      description = "Retired segments go without waiting for the next checkpoint")
  private boolean forceDelete;

  @Option(
      names = "--rate-limit",
      paramLabel = "SIZE",
      description = "At most so many bytes a second. Default: adaptive")
  private @Nullable ByteSize rateLimit;

  @Option(names = "--timeout", paramLabel = "DURATION", description = "Abort after this time")
  private @Nullable Duration timeout;

  @Option(
      names = "--expected-term",
      paramLabel = "T",
      description = "Refuse unless the primary is of this term; also, follow no other primary")
  private long expectedTerm;

  @Option(
      names = "--run-id",
      paramLabel = "ID",
      description =
          "Names the run: a repeated one returns the first one's outcome. Default: random")
  private @Nullable String runId;

  @Option(
      names = "--skipped-exit",
      paramLabel = "CODE",
      description = "The exit code when every keyspace was skipped. Default: 4")
  private int skippedExit = ExitCode.SKIPPED;

  CompactCommand(VarveCommand varve) {
    this.varve = varve;
  }

  @Override
  public Integer call() throws IOException {
    List<KeyspaceStrategy> wanted =
        keyspaces.isEmpty()
            ? List.of(KeyspaceStrategy.ALL)
            : keyspaces.stream().map(KeyspaceStrategy::parse).toList();
    CompactRequest base = base();
    Cancellation cancellation = varve.invocation().cancellation();
    CompactionReport report = new CompactionReport(varve);
    RunOutcomes outcomes = new RunOutcomes();
    Path offline = directory;
    if (offline != null) {
      try {
        new OfflineCompaction(varve, offline, base).run(wanted, report, outcomes);
      } finally {
        cancellation.clearInterrupt();
        report.close();
      }
    } else {
      onPrimary(wanted, base, report, outcomes);
    }
    CompactionEvent worst = outcomes.worst().orElse(null);
    Path path = TerminationMessage.path(varve.invocation()).orElse(null);
    if (worst != null && path != null) {
      TerminationMessage.write(path, worst);
    }
    return cancellation.isCancelled() ? ExitCode.CANCELLED : outcomes.exitCode(skippedExit);
  }

  private void onPrimary(
      List<KeyspaceStrategy> wanted,
      CompactRequest base,
      CompactionReport report,
      RunOutcomes outcomes) {
    Cancellation cancellation = varve.invocation().cancellation();
    try (VarveClient client = varve.connect()) {
      try {
        for (int shard : shards(client.admin(), base, report, outcomes)) {
          for (KeyspaceStrategy keyspace : wanted) {
            if (!cancellation.isCancelled()) {
              run(client.admin(), shard, keyspace, base, report, outcomes);
            }
          }
        }
      } finally {
        // The message still has to be written, and the cancelled call to reach the server.
        cancellation.clearInterrupt();
        report.close();
      }
    }
  }

  private CompactRequest base() {
    CompactRequest.Builder base =
        thresholds
            .request()
            .setForceDelete(forceDelete)
            .setExpectedTerm(expectedTerm)
            .setRunId(runId == null || runId.isEmpty() ? "cli-" + UUID.randomUUID() : runId);
    if (rateLimit != null) {
      base.setRateLimitBytesPerSecond(rateLimit.bytes());
    }
    if (timeout != null) {
      base.setTimeoutMs(timeout.toMillis());
    }
    return base.build();
  }

  /** The shards; when no member can be reached, that is the run's outcome. */
  private List<Integer> shards(
      VarveAdmin admin, CompactRequest base, CompactionReport report, RunOutcomes outcomes) {
    try {
      return varve.shards(admin);
    } catch (VarveException failure) {
      CompactionEvent none = CompactionEvent.newBuilder().setRunId(base.getRunId()).build();
      end(none, failure, report, outcomes);
      return List.of();
    }
  }

  private void run(
      VarveAdmin admin,
      int shard,
      KeyspaceStrategy keyspace,
      CompactRequest base,
      CompactionReport report,
      RunOutcomes outcomes) {
    if (keyspace.strategy() == Strategy.STRATEGY_SHIFT) {
      varve
          .invocation()
          .err()
          .println(
              "varve: "
                  + keyspace.keyspace()
                  + ": Shift drops the oldest segments whole: live data in them is lost");
    }
    CompactRequest request =
        base.toBuilder().setKeyspace(keyspace.keyspace()).setStrategy(keyspace.strategy()).build();
    CompactionEvent last =
        CompactionEvent.newBuilder()
            .setRunId(request.getRunId())
            .setKeyspace(keyspace.keyspace())
            .setShard(shard)
            .setTerm(request.getExpectedTerm())
            .setStrategy(keyspace.strategy())
            .build();
    try (MessageStream<CompactionEvent> events = admin.compact(shard, request)) {
      boolean ended = true;
      while (events.hasNext()) {
        last = events.next();
        ended =
            last.getType() != CompactionEvent.Type.STARTED
                && last.getType() != CompactionEvent.Type.PROGRESS;
        report.show(last);
        outcomes.add(last);
      }
      if (!ended) {
        add(
            RunOutcomes.broken(
                last, "NoOutcome", "the server ended the run without an outcome", now()),
            report,
            outcomes);
      }
    } catch (VarveException failure) {
      end(last, failure, report, outcomes);
    }
  }

  private void end(
      CompactionEvent last, VarveException failure, CompactionReport report, RunOutcomes outcomes) {
    boolean cancelled = varve.invocation().cancellation().isCancelled();
    add(
        cancelled
            ? RunOutcomes.broken(
                last, "Cancelled", "cancelled by a signal; the server rolls back", now())
            : RunOutcomes.broken(
                last,
                RunOutcomes.camelCase(failure.reason().name()),
                String.valueOf(failure.getMessage()),
                now()),
        report,
        outcomes);
    outcomes.refused(failure);
  }

  private static void add(CompactionEvent event, CompactionReport report, RunOutcomes outcomes) {
    report.show(event);
    outcomes.add(event);
  }

  private static long now() {
    return System.currentTimeMillis();
  }
}
