package dev.varve.cli;

import dev.varve.client.MessageStream;
import dev.varve.client.VarveAdmin;
import dev.varve.client.VarveClient;
import dev.varve.protocol.v1.CompactionEvent;
import dev.varve.protocol.v1.EventsRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Prints the last compactions of each shard's primary. */
@Command(name = "events", description = "Print the last compaction events, oldest first.")
final class EventsCommand implements Callable<Integer> {
  private final VarveCommand varve;

  @Option(names = "--last", paramLabel = "N", description = "At most this many. Default: 20")
  private int last = 20;

  @Option(names = "--run-id", paramLabel = "ID", description = "Only those of this run")
  private String runId = "";

  @Option(
      names = "--follow",
      description = "Go on with new ones until interrupted, or until the primary changes")
  private boolean follow;

  EventsCommand(VarveCommand varve) {
    this.varve = varve;
  }

  @Override
  public Integer call() throws InterruptedException {
    if (last < 0) {
      throw new UsageException("--last " + last + " is negative");
    }
    EventsRequest request =
        EventsRequest.newBuilder().setLast(last).setFollow(follow).setRunId(runId).build();
    try (VarveClient client = varve.connect()) {
      List<Integer> shards = varve.shards(client.admin());
      if (follow && shards.size() > 1) {
        followAll(client.admin(), shards, request);
      } else {
        for (int shard : shards) {
          print(client.admin(), shard, request);
        }
      }
    }
    return ExitCode.DONE;
  }

  private void followAll(VarveAdmin admin, List<Integer> shards, EventsRequest request)
      throws InterruptedException {
    try (ExecutorService followers = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<?>> all = new ArrayList<>();
      for (int shard : shards) {
        all.add(followers.submit(() -> print(admin, shard, request)));
      }
      try {
        for (Future<?> one : all) {
          one.get();
        }
      } catch (ExecutionException e) {
        throw e.getCause() instanceof RuntimeException failure
            ? failure
            : new IllegalStateException("cannot follow a shard's events", e);
      } finally {
        followers.shutdownNow();
      }
    }
  }

  private void print(VarveAdmin admin, int shard, EventsRequest request) {
    try (MessageStream<CompactionEvent> events = admin.events(shard, request)) {
      while (events.hasNext()) {
        CompactionEvent event = events.next();
        String line =
            varve.json()
                ? JsonMessages.of(event).toString()
                : CompactionReport.describeWithTime(event);
        synchronized (this) {
          varve.invocation().out().println(line);
          varve.invocation().out().flush();
        }
      }
    }
  }
}
