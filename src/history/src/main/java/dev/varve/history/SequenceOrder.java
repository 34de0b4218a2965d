package dev.varve.history;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Compares the sequences that answers name with real time, over all keys. Who has seen a sequence
 * has seen that all before it happened, on every key: so this also finds a batch of which one key
 * is shown and then another not.
 */
final class SequenceOrder {
  /** A key's value, as a place to look for its only writer. */
  private record Written(String key, @Nullable String value) {}

  private record Event(long ticket, Operation operation, boolean isAnswer) {}

  private final List<Operation> operations;
  private final Map<Long, Operation> writers = new HashMap<>();

  /** The writes of each key whose sequence is known. */
  private final Map<String, TreeMap<Long, Operation>> writes = new HashMap<>();

  /** The deletes of each key whose sequence nobody was told. */
  private final Map<String, List<Operation>> untoldDeletes = new HashMap<>();

  /** Of the answers so far: the highest sequence that one of them named. */
  private long shown;

  private @Nullable Operation showedIt;

  private SequenceOrder(List<Operation> operations) {
    this.operations = operations;
  }

  /** What contradicts what; null if nothing does. */
  static @Nullable String contradiction(List<Operation> operations) {
    return new SequenceOrder(operations).find();
  }

  private @Nullable String find() {
    for (Operation operation : operations) {
      if (operation.outcome() instanceof Outcome.Written(long sequence) && sequence != 0) {
        Operation other = writers.putIfAbsent(sequence, operation);
        if (other != null) {
          return lines("a sequence was acknowledged twice", other, operation);
        }
        noteWrite(operation, sequence);
      }
    }
    learnFromReads();
    return sweep();
  }

  private void noteWrite(Operation operation, long sequence) {
    for (Change change : operation.changes()) {
      writes.computeIfAbsent(change.key(), _ -> new TreeMap<>()).put(sequence, operation);
    }
  }

  /** A read may name the sequence of a write whose client was told nothing. */
  private void learnFromReads() {
    Map<Written, List<Operation>> untold = new HashMap<>();
    for (Operation operation : operations) {
      boolean isUntold =
          operation.outcome() instanceof Outcome.Unknown
              || (operation.outcome() instanceof Outcome.Written(long sequence) && sequence == 0);
      for (Change change : isUntold ? operation.changes() : List.<Change>of()) {
        if (change.value() == null) {
          untoldDeletes.computeIfAbsent(change.key(), _ -> new ArrayList<>()).add(operation);
        }
        untold
            .computeIfAbsent(new Written(change.key(), change.value()), _ -> new ArrayList<>())
            .add(operation);
      }
    }
    for (Operation operation : operations) {
      if (operation.outcome() instanceof Outcome.Read(String value, long sequence)
          && sequence != 0) {
        List<Operation> candidates =
            untold.getOrDefault(new Written(String.valueOf(operation.readKey()), value), List.of());
        if (candidates.size() == 1
            && writers.putIfAbsent(sequence, candidates.getFirst()) == null) {
          noteWrite(candidates.getFirst(), sequence);
        }
      }
    }
  }

  private @Nullable String sweep() {
    List<Event> events = new ArrayList<>();
    for (Operation operation : operations) {
      events.add(new Event(operation.invoked(), operation, false));
      if (operation.answered() != Long.MAX_VALUE) {
        events.add(new Event(operation.answered(), operation, true));
      }
    }
    events.sort(Comparator.comparingLong(Event::ticket));
    record Floor(long sequence, @Nullable Operation shownBy) {}
    Map<Long, Floor> floors = new HashMap<>();
    for (Event event : events) {
      Operation operation = event.operation();
      if (!event.isAnswer()) {
        floors.put(operation.invoked(), new Floor(shown, showedIt));
        continue;
      }
      Floor floor = floors.remove(operation.invoked());
      String contradiction =
          floor == null || floor.shownBy() == null
              ? contradiction(operation)
              : contradiction(operation, floor.sequence(), floor.shownBy());
      if (contradiction != null) {
        return contradiction;
      }
    }
    return null;
  }

  private @Nullable String contradiction(Operation operation) {
    return switch (operation.outcome()) {
      case Outcome.Written written -> named(operation, written.sequence(), null);
      case Outcome.Read read -> named(operation, read.sequence(), operation.readKey());
      case Outcome.Refused refused -> named(operation, refused.current(), refused.key());
      default -> null;
    };
  }

  /**
   * @param floor the highest sequence that was named before the operation was invoked
   */
  private @Nullable String contradiction(Operation operation, long floor, Operation shownBy) {
    String contradiction =
        switch (operation.outcome()) {
          case Outcome.Written(long sequence) when sequence != 0 && sequence <= floor ->
              lines("a sequence is not after one that was named before", shownBy, operation);
          case Outcome.Read(String value, long sequence) when value == null || sequence != 0 ->
              behind(operation, String.valueOf(operation.readKey()), sequence, floor, shownBy);
          case Outcome.Refused refused ->
              behind(operation, refused.key(), refused.current(), floor, shownBy);
          default -> null;
        };
    return contradiction != null ? contradiction : contradiction(operation);
  }

  /** Notes a sequence that an answer named; complains if it is another key's. */
  private @Nullable String named(Operation operation, long sequence, @Nullable String key) {
    if (sequence == 0) {
      return null;
    }
    Operation writer = writers.get(sequence);
    if (key != null
        && writer != null
        && writer.changes().stream().noneMatch(change -> change.key().equals(key))) {
      return lines("a version of " + key + " is another key's write", writer, operation);
    }
    if (sequence > shown) {
      shown = sequence;
      showedIt = operation;
    }
    return null;
  }

  /** Whether a version, 0 for none, is older than what the key had at {@code floor}. */
  private @Nullable String behind(
      Operation operation, String key, long version, long floor, Operation shownBy) {
    Map.Entry<Long, Operation> newest = writes.getOrDefault(key, new TreeMap<>()).floorEntry(floor);
    if (newest == null || newest.getKey() <= version) {
      return null;
    }
    if (version == 0 && mayBeDeleted(key, newest.getKey(), operation.answered())) {
      return null;
    }
    String what = key + " is older than at sequence " + floor + ", which was named before";
    return shownBy.equals(newest.getValue())
        ? lines(what, shownBy, operation)
        : lines(what, newest.getValue(), shownBy, operation);
  }

  /** Whether something may have deleted the key at {@code sequence} or after it. */
  private boolean mayBeDeleted(String key, long sequence, long before) {
    for (Operation delete : untoldDeletes.getOrDefault(key, List.of())) {
      if (delete.invoked() < before) {
        return true;
      }
    }
    for (Operation write :
        writes.getOrDefault(key, new TreeMap<>()).tailMap(sequence, true).values()) {
      boolean deletes =
          write.changes().stream()
              .anyMatch(change -> change.key().equals(key) && change.value() == null);
      if (deletes && write.invoked() < before) {
        return true;
      }
    }
    return false;
  }

  private static String lines(String what, Operation... operations) {
    StringBuilder text = new StringBuilder(what).append(':');
    for (Operation operation : operations) {
      text.append("\n  ").append(operation);
    }
    return text.toString();
  }
}
