package dev.varve.store;

import static dev.varve.store.StoreFixture.bytes;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * What a store was told and what it answered, and so what it may hold: everything acknowledged, and
 * of the batches that have no answer yet the first few, in order and whole.
 */
final class WriteHistory {

  /**
   * A value, or null text for a delete.
   *
   * @param sequence of its batch; {@link Long#MAX_VALUE} while that is not known
   */
  record Value(@Nullable String text, long expiresAtMs, long sequence) {
    Value(@Nullable String text, long expiresAtMs) {
      this(text, expiresAtMs, Long.MAX_VALUE);
    }

    Value at(long known) {
      return new Value(text, expiresAtMs, known);
    }
  }

  /** A Shift that may happen at any moment: of the keyspace everything up to a sequence is lost. */
  private record Shift(String keyspace, long upTo) {
    Map<String, Value> after(Map<String, Value> before) {
      Map<String, Value> after = new TreeMap<>(before);
      after
          .entrySet()
          .removeIf(e -> e.getKey().startsWith(keyspace + '/') && e.getValue().sequence() <= upTo);
      return after;
    }
  }

  /** A batch; equal to itself alone, so that the same changes may be made twice. */
  private static final class Batch {
    final Map<String, Value> changes;

    Batch(Map<String, Value> changes) {
      this.changes = changes;
    }
  }

  private Map<String, Value> acknowledged = new TreeMap<>();
  private final List<Batch> unanswered = new ArrayList<>();
  private @Nullable Shift shift;

  /** Hands a batch ({@code keyspace/key} to value) to a store and takes its answer. */
  CompletableFuture<Long> write(Store store, Map<String, Value> changes, Trampoline executor) {
    WriteBatch mutations = new WriteBatch();
    changes.forEach(
        (target, value) -> {
          int slash = target.indexOf('/');
          String keyspace = target.substring(0, slash);
          byte[] key = bytes(target.substring(slash + 1));
          if (value.text() == null) {
            mutations.delete(keyspace, key);
          } else {
            mutations.put(
                keyspace, key, bytes(value.text()), value.expiresAtMs(), WriteBatch.ANY_VERSION);
          }
        });
    Batch batch = new Batch(changes);
    unanswered.add(batch);
    boolean release = executor.idle();
    if (release) {
      executor.hold(); // the answer counts from the moment it is given, not from the call's return
    }
    CompletableFuture<Long> answered =
        store
            .write(mutations)
            .whenComplete(
                (sequence, failure) -> {
                  if (failure == null) {
                    acknowledge(batch, sequence);
                  } else if (failure instanceof StoreFullException) {
                    remove(batch); // nothing of it was written, and never will be
                  }
                });
    if (release) {
      executor.release();
    }
    return answered;
  }

  private void acknowledge(Batch batch, long sequence) {
    if (unanswered.indexOf(batch) != 0) {
      throw new AssertionError("acknowledged before an earlier batch: " + batch.changes);
    }
    unanswered.removeFirst();
    Map<String, Value> known = new TreeMap<>(batch.changes);
    known.replaceAll((target, value) -> value.at(sequence));
    acknowledged = after(acknowledged, known);
  }

  /** A Shift has chosen its inputs: from now on it may have happened. */
  void shifting(String keyspace, long upTo) {
    shift = new Shift(keyspace, upTo);
  }

  /**
   * A compaction has ended.
   *
   * @param unknown whether it may have happened although it is not said to
   */
  void shifted(boolean completed, boolean unknown) {
    Shift done = shift;
    if (done != null && completed) {
      acknowledged = done.after(acknowledged);
    }
    if (completed || !unknown) {
      shift = null;
    }
  }

  private void remove(Batch batch) {
    if (!unanswered.remove(batch)) {
      throw new AssertionError("refused what was answered before: " + batch.changes);
    }
  }

  private static Map<String, Value> after(Map<String, Value> before, Map<String, Value> changes) {
    Map<String, Value> after = new TreeMap<>(before);
    changes.forEach(
        (target, value) -> {
          if (value.text() == null) {
            after.remove(target);
          } else {
            after.put(target, value);
          }
        });
    return after;
  }

  boolean hasUnanswered() {
    return !unanswered.isEmpty();
  }

  /** What reads must see of what is acknowledged. */
  Map<String, String> visible(long nowMs) {
    return visible(acknowledged, nowMs);
  }

  /** The acknowledged values with their times of expiry; not changed by later writes. */
  Map<String, Value> acknowledged() {
    return acknowledged;
  }

  static Map<String, String> visible(Map<String, Value> values, long nowMs) {
    Map<String, String> visible = new TreeMap<>();
    values.forEach(
        (target, value) -> {
          String text = value.text();
          if (text != null && !Visibility.expired(value.expiresAtMs(), nowMs)) {
            visible.put(target, text);
          }
        });
    return visible;
  }

  /** All that a recovered store may show. */
  List<Map<String, String>> possible(long nowMs) {
    List<Map<String, String>> possible = new ArrayList<>();
    for (Map<String, Value> state : states()) {
      possible.add(visible(state, nowMs));
    }
    return possible;
  }

  private List<Map<String, Value>> states() {
    List<Map<String, Value>> states = new ArrayList<>();
    states.add(acknowledged);
    for (Batch batch : unanswered) {
      states.add(after(states.getLast(), batch.changes));
    }
    Shift may = shift;
    if (may != null) {
      List.copyOf(states).forEach(state -> states.add(may.after(state)));
    }
    return states;
  }

  /** Recovery has told which of the unanswered batches happened: those of this state. */
  void settle(int state, Store store) throws IOException {
    acknowledged = new TreeMap<>(states().get(state));
    unanswered.clear();
    shift = null;
    for (Map.Entry<String, Value> entry : acknowledged.entrySet()) {
      String target = entry.getKey();
      int slash = target.indexOf('/');
      Versioned found = store.get(target.substring(0, slash), bytes(target.substring(slash + 1)));
      if (found != null) { // else it has expired and never shows again
        entry.setValue(entry.getValue().at(found.sequence()));
      }
    }
  }
}
