package dev.varve.replication;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Has primaries hand over in the middle of all other trouble, in a third of the seeds. It draws
 * from a stream of its own, so that the other seeds run as they did before it was there.
 */
final class StepDowns {
  static final String HANDED_OVER = "handed over";

  private static final long STREAM = 0x5DEECE66D1234567L;

  private final SimulatedCluster cluster;
  private final SplittableRandom random;
  private final boolean active;
  private final Map<String, Integer> ended = new TreeMap<>();
  private final List<String> log = new ArrayList<>();
  private boolean over;

  StepDowns(SimulatedCluster cluster, long seed) {
    this.cluster = cluster;
    this.random = new SplittableRandom(seed ^ STREAM);
    this.active = random.nextInt(3) == 0;
  }

  void start() {
    if (active) {
      next();
    }
  }

  void stop() {
    over = true;
  }

  /** How they ended, and how often so. */
  Map<String, Integer> ended() {
    return ended;
  }

  /** What was done, for the report of a failed seed. */
  List<String> log() {
    return log;
  }

  private void next() {
    cluster.simulation.after(
        Duration.ofMillis(random.nextLong(200, 2_500)),
        () -> {
          if (!over) {
            next();
            stepDown();
          }
        });
  }

  private void stepDown() {
    ReplicatedMember primary = cluster.servingPrimary();
    @Nullable String to =
        random.nextBoolean() ? null : cluster.names.get(random.nextInt(cluster.names.size()));
    if (primary == null) {
      return;
    }
    String from = primary.status().member().name();
    long term = primary.status().term();
    note(from + " steps down in term " + term + (to == null ? "" : " for " + to));
    CompletableFuture<HandedOver> _ =
        primary
            .stepDown(to)
            .whenComplete(
                // Later: what is thrown in here would be swallowed.
                (handed, failure) ->
                    cluster.simulation.after(
                        Duration.ZERO,
                        () -> {
                          if (failure == null) {
                            handedOver(from, term, to, handed);
                          } else {
                            failed(from, MemberThread.causeOf(failure));
                          }
                        }));
  }

  private void handedOver(String from, long term, @Nullable String to, HandedOver handed) {
    if (from.equals(to)) {
      if (!handed.equals(new HandedOver(from, term))) {
        throw new AssertionError(from + " handed over to itself and got " + handed);
      }
      count("to itself");
    } else if (handed.term() <= term) {
      throw new AssertionError(from + " handed over term " + term + " to " + handed);
    } else {
      count(HANDED_OVER);
    }
    note(from + " handed over: " + handed);
  }

  private void failed(String from, Throwable failure) {
    note(from + " did not hand over: " + failure.getMessage());
    switch (failure) {
      case HandOverRefusedException e -> count("refused");
      case NotPrimaryException e -> count("deposed");
      case QuorumUnavailableException e -> count(e.notApplied() ? "not serving" : "nobody in time");
      default -> throw new AssertionError("unexpected end of a hand-over", failure);
    }
  }

  private void count(String end) {
    ended.merge(end, 1, Integer::sum);
  }

  private void note(String what) {
    log.add(cluster.simulation.nowMs() + " ms: " + what);
  }
}
