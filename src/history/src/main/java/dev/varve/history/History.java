package dev.varve.history;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What clients did and what they were told. The order of invocations and answers is that of the
 * calls here, by tickets of one counter, so no clock takes part. Any thread may record.
 *
 * <p>An operation has to be recorded before it is sent, and ended after its answer is there: its
 * interval may be longer than what it was in truth, which at worst hides a fault, and never invents
 * one.
 */
public final class History {
  private final List<Operation> operations = new ArrayList<>();
  private long tickets;
  private int writes;
  private int reads;

  /** A read of a key begins. */
  public Operation get(String client, String key) {
    return begin(client, key, List.of());
  }

  /** An unconditional put begins. */
  public Operation put(String client, String key, String value) {
    return write(client, List.of(Change.put(key, value)));
  }

  /** An unconditional delete begins. */
  public Operation delete(String client, String key) {
    return write(client, List.of(Change.delete(key)));
  }

  /**
   * A write begins whose changes happen together or not at all.
   *
   * @param changes not empty, of different keys
   * @throws IllegalArgumentException if they are not
   */
  public Operation write(String client, List<Change> changes) {
    Set<String> keys = new HashSet<>();
    changes.forEach(change -> keys.add(change.key()));
    if (changes.isEmpty() || keys.size() < changes.size()) {
      throw new IllegalArgumentException("not one change or more of different keys: " + changes);
    }
    return begin(client, null, List.copyOf(changes));
  }

  private synchronized Operation begin(
      String client, @Nullable String readKey, List<Change> changes) {
    Operation operation = new Operation(this, client, readKey, changes, tickets++);
    operations.add(operation);
    return operation;
  }

  synchronized void end(Operation operation, Outcome outcome) {
    operation.end(outcome, tickets++);
    writes += outcome instanceof Outcome.Written ? 1 : 0;
    reads += outcome instanceof Outcome.Read ? 1 : 0;
  }

  /** How many writes were acknowledged. */
  public synchronized int acknowledgedWrites() {
    return writes;
  }

  /** How many reads were answered. */
  public synchronized int reads() {
    return reads;
  }

  /** In the order of their invocations. A check wants a history to which nothing is added. */
  synchronized List<Operation> operations() {
    return List.copyOf(operations);
  }
}
