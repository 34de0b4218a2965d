package dev.varve.replication;

import java.io.IOException;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/**
 * A Lease in an API server that answers late, not at all, or does what it was told and does not say
 * so.
 */
final class SimulatedLease {
  private final Simulation simulation;
  private LeaseView lease;
  private long version = 1;
  private boolean reachable = true;
  private final Set<String> cutOff = new HashSet<>();
  private double trouble;

  SimulatedLease(Simulation simulation, List<String> bootstrapRequested) {
    this.simulation = simulation;
    this.lease = new LeaseView("1", null, 0, 0, 15_000, bootstrapRequested, Map.of());
  }

  void reachable(boolean nowReachable) {
    reachable = nowReachable;
    cutOff.clear();
  }

  /** This member alone does not reach the API server. */
  void cutOff(String member) {
    cutOff.add(member);
  }

  void troubled(double probability) {
    trouble = probability;
  }

  LeaseView view() {
    return lease;
  }

  /**
   * Replaces it behind everybody's back, as someone does who deletes it and lets it be made anew.
   */
  void replace(LeaseView other) {
    version++;
    lease = withVersion(other);
  }

  LeaseStore storeOf(Simulation.Machine machine) {
    return new LeaseStore() {
      @Override
      public CompletableFuture<LeaseView> read() {
        return call(machine, answer -> answer.complete(lease));
      }

      @Override
      public CompletableFuture<LeaseView> compareAndSet(LeaseView expected, LeaseView next) {
        return call(
            machine,
            answer -> {
              if (!expected.version().equals(lease.version())) {
                answer.completeExceptionally(
                    new LeaseConflictException("it is at version " + lease.version()));
                return;
              }
              version++;
              lease = withVersion(next);
              if (simulation.chance(trouble)) {
                answer.completeExceptionally(new IOException("connection lost after the request"));
              } else {
                answer.complete(lease);
              }
            });
      }
    };
  }

  private LeaseView withVersion(LeaseView view) {
    return new LeaseView(
        Long.toString(version),
        view.holder(),
        view.term(),
        view.renewedAtMs(),
        view.durationMs(),
        view.bootstrapRequested(),
        view.bootstrapMembers());
  }

  private CompletableFuture<LeaseView> call(
      Simulation.Machine machine, Consumer<CompletableFuture<LeaseView>> work) {
    CompletableFuture<LeaseView> answer = new CompletableFuture<>();
    Duration there = simulation.between(500, simulation.chance(trouble) ? 900_000 : 5_000);
    simulation.after(
        there,
        () -> {
          CompletableFuture<LeaseView> done = new CompletableFuture<>();
          if (!reachable || cutOff.contains(machine.name) || simulation.chance(trouble)) {
            done.completeExceptionally(new IOException("the API server does not answer"));
          } else {
            work.accept(done);
          }
          machine.at(
              simulation.nowNanos() + simulation.between(500, 5_000).toNanos(),
              () -> {
                CompletableFuture<LeaseView> _ =
                    done.whenComplete(
                        (view, failure) -> {
                          if (failure == null) {
                            answer.complete(view);
                          } else {
                            answer.completeExceptionally(failure);
                          }
                        });
              });
        });
    return answer;
  }
}
