package dev.varve.replication;

import dev.varve.history.Change;
import dev.varve.history.History;
import dev.varve.history.Operation;
import dev.varve.store.Store;
import dev.varve.store.StoreException;
import dev.varve.store.VersionMismatchException;
import dev.varve.store.Versioned;
import dev.varve.store.WriteBatch;
import dev.varve.store.segment.CorruptRecordException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Writes, deletes and reads, one operation after the other, at whoever it believes to be the
 * primary, and records all answers. Some writes change two keys, some have a condition.
 */
final class SimulatedClient {
  private static final Duration PATIENCE = Duration.ofSeconds(7);

  private final SimulatedCluster cluster;
  private final Simulation simulation;
  private final History history;
  private final String name;
  private final int keys;
  private final TermOwners owners;

  /** The version that each key had when this client last heard of it. */
  private final Map<String, Long> seen = new HashMap<>();

  private String target;
  private int count;
  private int refusals;
  private boolean stopped;

  SimulatedClient(
      SimulatedCluster cluster, History history, TermOwners owners, String name, int keys) {
    this.cluster = cluster;
    this.simulation = cluster.simulation;
    this.history = history;
    this.owners = owners;
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
      write(member, changes(key, choice < 9 ? name + "-" + count++ : null));
    }
  }

  /** One key's, or those of a batch over two; now and then on condition of what was seen last. */
  private List<Change> changes(String key, @Nullable String value) {
    Change change = value == null ? Change.delete(key) : Change.put(key, value);
    if (simulation.chance(0.2)) {
      change = change.ifSequence(seen.getOrDefault(key, 0L));
    }
    String other = "key-" + simulation.random.nextInt(keys);
    if (other.equals(key) || !simulation.chance(0.1)) {
      return List.of(change);
    }
    return List.of(change, Change.put(other, name + "-" + count++));
  }

  private void write(ReplicatedMember member, List<Change> changes) {
    String primary = target;
    Operation operation = history.write(name, changes);
    boolean[] over = new boolean[1];
    CompletableFuture<Written> _ =
        member
            .write(batch(changes))
            .whenComplete(
                (written, failure) ->
                    simulation.after(
                        Duration.ZERO,
                        () -> {
                          if (over[0]) {
                            return;
                          }
                          over[0] = true;
                          if (failure == null) {
                            owners.acknowledged(written, primary);
                            operation.written(written.sequence());
                            changes.forEach(
                                change ->
                                    saw(
                                        change.key(),
                                        change.value() == null ? 0 : written.sequence()));
                          } else {
                            failed(operation, changes, MemberThread.causeOf(failure));
                          }
                          next();
                        }));
    giveUp(operation, over);
  }

  /** The process may be dead, and never answer. */
  private void giveUp(Operation operation, boolean[] over) {
    simulation.after(
        PATIENCE,
        () -> {
          if (!over[0]) {
            over[0] = true;
            operation.unknown();
            elsewhere(null);
            next();
          }
        });
  }

  private void failed(Operation operation, List<Change> changes, Throwable failure) {
    switch (failure) {
      case NotPrimaryException e -> {
        operation.failed();
        elsewhere(e.primaryName());
      }
      case QuorumUnavailableException e -> {
        if (e.notApplied()) {
          operation.failed();
        } else {
          operation.unknown();
        }
        elsewhere(null);
      }
      case VersionMismatchException e -> {
        String key = changes.getFirst().key(); // the others have no condition
        operation.refused(key, e.current());
        refusals++;
        saw(key, e.current());
      }
      case CorruptRecordException e -> {
        operation.failed(); // a condition's record could not be read
        elsewhere(null);
      }
      case StoreException e -> {
        operation.unknown();
        elsewhere(null);
      }
      default -> throw new AssertionError("unexpected failure of " + operation, failure);
    }
  }

  private void read(ReplicatedMember member, String key) {
    Operation operation = history.get(name, key);
    if (member.readsAreFresh()) {
      answer(operation, key, member);
      next();
      return;
    }
    boolean[] over = new boolean[1];
    SimulatedCluster.Node node = cluster.node(target);
    CompletableFuture<Void> _ =
        member
            .confirmReads()
            .whenComplete(
                (confirmed, failure) ->
                    simulation.after(
                        Duration.ZERO,
                        () -> {
                          if (over[0]) {
                            return;
                          }
                          over[0] = true;
                          if (failure == null && node.member == member) {
                            answer(operation, key, member);
                          } else {
                            operation.failed();
                            elsewhere(
                                failure instanceof NotPrimaryException e ? e.primaryName() : null);
                          }
                          next();
                        }));
    giveUp(operation, over);
  }

  private void answer(Operation operation, String key, ReplicatedMember member) {
    Store store = member.store();
    if (store == null) {
      operation.failed();
      return;
    }
    try {
      Versioned found = store.get(SimulatedCluster.KEYSPACE, key.getBytes(StandardCharsets.UTF_8));
      read(operation, found);
      saw(key, found == null ? 0 : found.sequence());
    } catch (IOException e) {
      operation.failed();
      elsewhere(null);
    }
  }

  /** Ends a read with what it found. */
  static void read(Operation operation, @Nullable Versioned found) {
    operation.read(found == null ? null : text(found), found == null ? 0 : found.sequence());
  }

  private void saw(String key, long sequence) {
    seen.put(key, sequence);
  }

  int refusals() {
    return refusals;
  }

  static String text(Versioned found) {
    return new String(found.value(), StandardCharsets.UTF_8).strip();
  }

  private void elsewhere(@Nullable String hint) {
    List<String> names = cluster.names;
    target = hint != null ? hint : names.get(simulation.random.nextInt(names.size()));
  }

  private WriteBatch batch(List<Change> changes) {
    WriteBatch batch = new WriteBatch();
    for (Change change : changes) {
      byte[] key = change.key().getBytes(StandardCharsets.UTF_8);
      if (change.value() == null) {
        batch.delete(SimulatedCluster.KEYSPACE, key, change.ifSequence());
      } else {
        String padded = change.value() + " ".repeat(simulation.random.nextInt(300));
        byte[] value = padded.getBytes(StandardCharsets.UTF_8);
        batch.put(SimulatedCluster.KEYSPACE, key, value, 0, change.ifSequence());
      }
    }
    return batch;
  }
}
