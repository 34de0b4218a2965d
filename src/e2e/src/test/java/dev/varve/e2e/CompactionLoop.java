package dev.varve.e2e;

import dev.varve.protocol.v1.AdminGrpc;
import dev.varve.protocol.v1.CheckpointRequest;
import dev.varve.protocol.v1.CompactRequest;
import dev.varve.protocol.v1.CompactionEvent;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;

/** Has whoever is primary compact again and again, and delete what was replaced, until closed. */
final class CompactionLoop implements AutoCloseable {
  private static final Duration PAUSE = Duration.ofMillis(200);
  private static final long DEADLINE_SECONDS = 15; // of one run; a member may be frozen meanwhile

  /** No fault of a machine or a network explains a run that fails for these. */
  private static final Set<String> DEFECTS = Set.of("", "InternalError", "Corruption");

  private final List<Cluster.HostAndPort> members;
  private final Map<String, Integer> ends = new TreeMap<>();
  private final Thread thread;
  private volatile boolean stopping;

  CompactionLoop(List<Cluster.HostAndPort> members) {
    this.members = members;
    this.thread = Thread.ofPlatform().name("compactions").start(this::run);
  }

  private void run() {
    for (int member = 0; !stopping; member = (member + 1) % members.size()) {
      ManagedChannel channel = ShardClient.connect(members.get(member));
      try {
        while (!stopping) {
          compact(AdminGrpc.newBlockingStub(channel));
        }
      } catch (StatusRuntimeException e) {
        Refusal refusal = Refusal.of(e);
        ended(
            refusal.isDefect()
                ? "defect: " + refusal
                : "call: "
                    + (refusal.reason().isEmpty() ? e.getStatus().getCode() : refusal.reason()));
      } finally {
        channel.shutdownNow();
      }
      Pause.of(PAUSE);
    }
  }

  private void compact(AdminGrpc.AdminBlockingStub stub) {
    stub.withDeadlineAfter(DEADLINE_SECONDS, TimeUnit.SECONDS)
        .compact(CompactRequest.newBuilder().setKeyspace("main").setForce(true).build())
        .forEachRemaining(
            event -> {
              switch (event.getType()) {
                case COMPLETED, SKIPPED -> ended(event.getType() + " " + event.getReason());
                case FAILED ->
                    ended(
                        (DEFECTS.contains(event.getReason()) ? "defect: " : "")
                            + "FAILED "
                            + event.getReason()
                            + (DEFECTS.contains(event.getReason()) ? event.getMessage() : ""));
                default -> {}
              }
            });
    stub.withDeadlineAfter(DEADLINE_SECONDS, TimeUnit.SECONDS)
        .checkpoint(CheckpointRequest.getDefaultInstance());
    Pause.of(PAUSE);
  }

  private synchronized void ended(String how) {
    ends.merge(how, 1, Integer::sum);
  }

  /** How the runs ended, and how often each. */
  synchronized Map<String, Integer> ends() {
    return new TreeMap<>(ends);
  }

  /** How many runs completed. */
  int completed() {
    return ends().entrySet().stream()
        .filter(end -> end.getKey().startsWith(CompactionEvent.Type.COMPLETED.name()))
        .mapToInt(Map.Entry::getValue)
        .sum();
  }

  /** What no fault explains. */
  List<String> defects() {
    return ends().keySet().stream().filter(end -> end.startsWith("defect")).toList();
  }

  /** Lets the run under way end. */
  @Override
  public void close() {
    stopping = true;
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while the last compaction ends", e);
    }
  }
}
