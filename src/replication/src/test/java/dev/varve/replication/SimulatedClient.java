package dev.varve.replication;

import dev.varve.store.Store;
import dev.varve.store.StoreException;
import dev.varve.store.Versioned;
import dev.varve.store.WriteBatch;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Writes, deletes and reads, one operation after the other, at whoever it believes to be the
 * primary, and notes all answers.
 */
final class SimulatedClient {
  private static final Duration PATIENCE = Duration.ofSeconds(7);

  private final SimulatedCluster cluster;
  private final Simulation simulation;
  private final History history;
  private final String name;
  private final int keys;
  private String target;
  private int count;
  private boolean stopped;

  SimulatedClient(SimulatedCluster cluster, History history, String name, int keys) {
    this.cluster = cluster;
    this.simulation = cluster.simulation;
    this.history = history;
    this.name = name;
    this.keys = keys;
    this.target = cluster.names.getFirst();
  }

  void start() {
    next();
  }

  void stop() {
    stopped = true;
  }

  private void next() {
    if (!stopped) {
      simulation.after(simulation.between(1_000, 150_000), this::operate);
    }
  }

  private void operate() {
    if (stopped) {
      return;
    }
    ReplicatedMember member = cluster.node(target).member;
    if (member == null) {
      elsewhere(null);
      next();
      return;
    }
    String key = "key-" + simulation.random.nextInt(keys);
    int choice = simulation.random.nextInt(10);
    if (choice < 4) {
      read(member, key);
    } else {
      write(member, key, choice < 9 ? name + "-" + count++ : null);
    }
  }

  private void write(ReplicatedMember member, String key, @Nullable String value) {
    String primary = target;
    History.Operation operation = history.writing(key, value, simulation.nowNanos());
    boolean[] over = new boolean[1];
    CompletableFuture<Written> writing =
        member.write(value == null ? deletion(key) : insertion(key, value));
    CompletableFuture<Written> _ =
        writing.whenComplete(
            (written, failure) ->
                simulation.after(
                    Duration.ZERO,
                    () -> {
                      if (over[0]) {
                        return;
                      }
                      over[0] = true;
                      if (failure == null) {
                        history.acknowledged(operation, written, primary);
                      } else {
                        failed(operation, MemberThread.causeOf(failure));
                      }
                      next();
                    }));
    // The process may be dead, and never answer.
    simulation.after(
        PATIENCE,
        () -> {
          if (!over[0]) {
            over[0] = true;
            elsewhere(null);
            next();
          }
        });
  }

  private void failed(History.Operation operation, Throwable failure) {
    switch (failure) {
      case NotPrimaryException e -> {
        history.notApplied(operation);
        elsewhere(e.primaryName());
      }
      case QuorumUnavailableException e -> {
        if (e.notApplied()) {
          history.notApplied(operation);
        }
        elsewhere(null);
      }
      case StoreException e -> elsewhere(null);
      default -> throw new AssertionError("unexpected failure of " + operation, failure);
    }
  }

  private void read(ReplicatedMember member, String key) {
    History.Operation operation = history.reading(key, simulation.nowNanos());
    if (member.readsAreFresh()) {
      answer(operation, member);
      next();
      return;
    }
    boolean[] over = new boolean[1];
    SimulatedCluster.Node node = cluster.node(target);
    CompletableFuture<Void> _ =
        member
            .confirmReads()
            .whenComplete(
                (confirmed, failure) -> {
                  if (over[0]) {
                    return;
                  }
                  over[0] = true;
                  if (failure == null && node.member == member) {
                    answer(operation, member);
                  } else {
                    elsewhere(failure instanceof NotPrimaryException e ? e.primaryName() : null);
                  }
                  simulation.after(Duration.ZERO, this::next);
                });
    simulation.after(
        PATIENCE,
        () -> {
          if (!over[0]) {
            over[0] = true;
            elsewhere(null);
            next();
          }
        });
  }

  private void answer(History.Operation operation, ReplicatedMember member) {
    Store store = member.store();
    if (store == null) {
      return;
    }
    try {
      Versioned found =
          store.get(SimulatedCluster.KEYSPACE, operation.key().getBytes(StandardCharsets.UTF_8));
      history.answered(
          operation, found == null ? null : text(found), found == null ? 0 : found.sequence());
    } catch (IOException e) {
      elsewhere(null);
    }
  }

  static String text(Versioned found) {
    return new String(found.value(), StandardCharsets.UTF_8).strip();
  }

  private void elsewhere(@Nullable String hint) {
    List<String> names = cluster.names;
    target = hint != null ? hint : names.get(simulation.random.nextInt(names.size()));
  }

  private WriteBatch insertion(String key, String value) {
    String padded = value + " ".repeat(simulation.random.nextInt(300));
    return new WriteBatch()
        .put(
            SimulatedCluster.KEYSPACE,
            key.getBytes(StandardCharsets.UTF_8),
            padded.getBytes(StandardCharsets.UTF_8));
  }

  private static WriteBatch deletion(String key) {
    return new WriteBatch().delete(SimulatedCluster.KEYSPACE, key.getBytes(StandardCharsets.UTF_8));
  }
}
