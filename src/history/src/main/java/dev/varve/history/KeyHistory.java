package dev.varve.history;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What happened to one key, in the order of the invocations. Left out is what tells nothing: reads
 * without an answer and writes that certainly did not happen.
 */
final class KeyHistory {
  private final String key;
  private final List<Share> shares = new ArrayList<>();
  private final Map<String, Integer> numbers = new HashMap<>();

  KeyHistory(String key) {
    this.key = key;
  }

  /** One for each key. A batch is in several. */
  static Map<String, KeyHistory> of(List<Operation> operations) {
    Map<String, KeyHistory> all = new LinkedHashMap<>();
    for (Operation operation : operations) {
      switch (operation.outcome()) {
        case Outcome.Failed _ -> {}
        case Outcome.Refused refused ->
            at(all, refused.key()).add(operation, Share.Effect.ofVersion(refused.current()));
        case Outcome.Read read -> {
          KeyHistory history = at(all, String.valueOf(operation.readKey()));
          history.add(
              operation, Share.Effect.ofRead(history.number(read.value()), read.sequence()));
        }
        case Outcome.Written written -> addChanges(all, operation, written.sequence());
        case Outcome.Unknown _ -> addChanges(all, operation, 0);
      }
    }
    return all;
  }

  private static void addChanges(Map<String, KeyHistory> all, Operation operation, long sequence) {
    for (Change change : operation.changes()) {
      KeyHistory history = at(all, change.key());
      history.add(
          operation,
          Share.Effect.ofWrite(history.number(change.value()), sequence, change.ifSequence()));
    }
  }

  private static KeyHistory at(Map<String, KeyHistory> all, String key) {
    return all.computeIfAbsent(key, KeyHistory::new);
  }

  private void add(Operation operation, Share.Effect effect) {
    shares.add(new Share(operation, effect));
  }

  private int number(@Nullable String value) {
    return value == null
        ? Register.NOTHING
        : numbers.computeIfAbsent(value, _ -> numbers.size() + 1);
  }

  String key() {
    return key;
  }

  List<Share> shares() {
    return shares;
  }

  /** What a number stands for. */
  String value(int number) {
    for (Map.Entry<String, Integer> value : numbers.entrySet()) {
      if (value.getValue() == number) {
        return value.getKey();
      }
    }
    return "nothing";
  }
}
