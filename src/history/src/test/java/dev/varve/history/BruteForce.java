package dev.varve.history;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Tries every order of a few operations on one key, without any of the thoughts that make {@link
 * RegisterSearch} fast.
 */
final class BruteForce {
  private final List<Operation> operations;
  private final List<Operation> order = new ArrayList<>();

  private BruteForce(List<Operation> operations) {
    this.operations = operations;
  }

  static boolean isLinearizable(History history) {
    List<Operation> relevant = new ArrayList<>();
    for (Operation operation : history.operations()) {
      boolean tellsNothing =
          operation.outcome() instanceof Outcome.Failed
              || (operation.isRead() && operation.outcome() instanceof Outcome.Unknown);
      if (!tellsNothing) {
        relevant.add(operation);
      }
    }
    return new BruteForce(relevant).tryAll();
  }

  private boolean tryAll() {
    if (!explains()) {
      return false; // nor does what begins so
    }
    boolean isComplete = true;
    for (Operation operation : operations) {
      if (!order.contains(operation)) {
        isComplete &= operation.outcome() instanceof Outcome.Unknown;
      }
    }
    if (isComplete) {
      return true;
    }
    for (Operation operation : operations) {
      if (!order.contains(operation) && mayComeNext(operation)) {
        order.add(operation);
        boolean found = tryAll();
        order.removeLast();
        if (found) {
          return true;
        }
      }
    }
    return false;
  }

  private boolean mayComeNext(Operation next) {
    for (Operation other : operations) {
      if (!order.contains(other) && other.answered() < next.invoked()) {
        return false;
      }
    }
    return true;
  }

  /** Whether the order gives every answer, with one growing sequence for each write. */
  private boolean explains() {
    String value = null;
    int writes = 0; // the present value is that of the last of these
    Map<Integer, Long> sequences = new HashMap<>();
    for (Operation operation : order) {
      switch (operation.outcome()) {
        case Outcome.Read read -> {
          if (!String.valueOf(value).equals(String.valueOf(read.value()))
              || (read.sequence() != 0 && !agree(sequences, writes, read.sequence()))) {
            return false;
          }
        }
        case Outcome.Refused refused -> {
          long wanted = operation.changes().getFirst().ifSequence();
          if (wanted == Change.ANY_VERSION
              || wanted == refused.current()
              || !isAt(refused.current(), value, writes, sequences)) {
            return false;
          }
        }
        default -> {
          Change change = operation.changes().getFirst();
          if (change.isConditional() && !isAt(change.ifSequence(), value, writes, sequences)) {
            return false;
          }
          value = change.value();
          writes++;
          if (operation.outcome() instanceof Outcome.Written(long sequence)
              && sequence != 0
              && !agree(sequences, writes, sequence)) {
            return false;
          }
        }
      }
    }
    long last = 0;
    for (int write = 1; write <= writes; write++) {
      Long sequence = sequences.get(write);
      if (sequence != null && sequence <= last) {
        return false;
      }
      last = sequence == null ? last + 1 : sequence;
    }
    return true;
  }

  private static boolean isAt(
      long version, @Nullable String value, int writes, Map<Integer, Long> sequences) {
    return version == 0 ? value == null : value != null && agree(sequences, writes, version);
  }

  private static boolean agree(Map<Integer, Long> sequences, int write, long sequence) {
    Long known = sequences.putIfAbsent(write, sequence);
    return known == null || known == sequence;
  }
}
