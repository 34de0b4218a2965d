package dev.varve.history;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * What clients of a store that is linearizable by construction are told: each operation happens at
 * one step between its invocation and its answer; one that is given up happens later or never.
 */
final class RandomHistory {
  /** A call, and what it was told; recorded again by {@link #recorded}. */
  static final class Call {
    final String client;
    final @Nullable String readKey;
    final List<Change> changes;
    Outcome outcome = new Outcome.Unknown();

    Call(String client, @Nullable String readKey, List<Change> changes) {
      this.client = client;
      this.readKey = readKey;
      this.changes = changes;
    }
  }

  private record Event(Call call, boolean isAnswer) {}

  private record Version(@Nullable String value, long sequence) {}

  private final Random random;
  private final int keys;
  private final int values;
  private final boolean namesSequences;
  private final double unknown;
  private final Map<String, Version> store = new HashMap<>();
  private final List<Event> events = new ArrayList<>();
  private final List<Call> late = new ArrayList<>();
  final List<Call> calls = new ArrayList<>();
  private long sequence;

  /**
   * @param values how many different ones are written; 0: each once
   */
  RandomHistory(Random random, int keys, int values, boolean namesSequences, double unknown) {
    this.random = random;
    this.keys = keys;
    this.values = values;
    this.namesSequences = namesSequences;
    this.unknown = unknown;
  }

  void run(int operations, int clients) {
    List<@Nullable Call> called = new ArrayList<>();
    List<Boolean> happened = new ArrayList<>();
    for (int i = 0; i < clients; i++) {
      called.add(null);
      happened.add(false);
    }
    int open = 0;
    while (calls.size() < operations || open > 0) {
      int client = random.nextInt(clients);
      Call call = called.get(client);
      if (!late.isEmpty() && random.nextInt(20) == 0) {
        happen(late.removeLast());
      }
      if (call == null) {
        if (calls.size() < operations) {
          Call next = next("c" + client);
          calls.add(next);
          events.add(new Event(next, false));
          called.set(client, next);
          happened.set(client, false);
          open++;
        }
      } else if (!happened.get(client)) {
        if (random.nextDouble() < unknown) {
          if (random.nextBoolean()) {
            late.add(call);
          } else if (random.nextBoolean()) {
            call.outcome = new Outcome.Failed();
            events.add(new Event(call, true));
          }
          called.set(client, null);
          open--;
        } else {
          call.outcome = happen(call);
          happened.set(client, true);
        }
      } else {
        if (random.nextDouble() < unknown) {
          call.outcome = new Outcome.Unknown();
        }
        events.add(new Event(call, true));
        called.set(client, null);
        open--;
      }
    }
  }

  private Call next(String client) {
    String key = "key-" + random.nextInt(keys);
    if (random.nextInt(5) < 2) {
      return new Call(client, key, List.of());
    }
    List<Change> changes = new ArrayList<>();
    changes.add(change(key));
    String other = "key-" + random.nextInt(keys);
    if (!other.equals(key) && random.nextInt(4) == 0) {
      changes.add(change(other));
    }
    return new Call(client, null, changes);
  }

  private Change change(String key) {
    String value = "v" + (values == 0 ? calls.size() : random.nextInt(values));
    Change change = random.nextInt(4) == 0 ? Change.delete(key) : Change.put(key, value);
    if (random.nextInt(3) > 0 || !namesSequences) {
      return random.nextInt(6) == 0 ? change.ifSequence(0) : change;
    }
    long current = version(key).sequence();
    return change.ifSequence(random.nextInt(4) == 0 ? random.nextInt((int) sequence + 1) : current);
  }

  private Version version(String key) {
    Version version = store.get(key);
    return version == null || version.value() == null ? new Version(null, 0) : version;
  }

  private Outcome happen(Call call) {
    if (call.readKey != null) {
      Version version = version(call.readKey);
      return new Outcome.Read(version.value(), isTold() ? version.sequence() : 0);
    }
    for (Change change : call.changes) {
      long current = version(change.key()).sequence();
      if (change.isConditional() && change.ifSequence() != current) {
        // Without sequences only an absent key can be named by a refusal.
        return namesSequences || current == 0
            ? new Outcome.Refused(change.key(), current)
            : new Outcome.Failed();
      }
    }
    sequence += 1 + random.nextInt(3);
    for (Change change : call.changes) {
      store.put(change.key(), new Version(change.value(), sequence));
    }
    return new Outcome.Written(isTold() ? sequence : 0);
  }

  /** Some answers name no sequence even where others do. */
  private boolean isTold() {
    return namesSequences && random.nextInt(6) > 0;
  }

  /** The history as it was told. */
  History recorded() {
    History history = new History();
    Map<Call, Operation> operations = new HashMap<>();
    for (Event event : events) {
      Call call = event.call();
      if (!event.isAnswer()) {
        operations.put(
            call,
            call.readKey != null
                ? history.get(call.client, call.readKey)
                : history.write(call.client, call.changes));
      } else {
        Operation operation = operations.get(call);
        if (operation == null) {
          throw new AssertionError("answered before it was invoked");
        }
        history.end(operation, call.outcome);
      }
    }
    return history;
  }

  /** Says something else of one call that was answered; it may be true by chance. */
  void lie() {
    List<Call> answered = events.stream().filter(Event::isAnswer).map(Event::call).toList();
    if (answered.isEmpty()) {
      return;
    }
    Call call = answered.get(random.nextInt(answered.size()));
    call.outcome =
        switch (call.outcome) {
          case Outcome.Read read when random.nextBoolean() && read.sequence() != 0 ->
              new Outcome.Read(read.value(), other(read.sequence()));
          case Outcome.Read _ -> {
            String value =
                random.nextInt(4) == 0 ? null : "v" + random.nextInt(Math.max(values, 2));
            yield new Outcome.Read(
                value, value == null || !namesSequences ? 0 : random.nextLong(1, sequence + 3));
          }
          case Outcome.Written(long told) when told != 0 && random.nextBoolean() ->
              new Outcome.Written(other(told));
          case Outcome.Refused refused ->
              new Outcome.Refused(refused.key(), random.nextLong(sequence + 2));
          case Outcome.Written _ -> new Outcome.Failed();
          case Outcome.Failed _, Outcome.Unknown _ ->
              call.readKey != null
                  ? new Outcome.Read(null, 0)
                  : new Outcome.Written(namesSequences ? random.nextLong(1, sequence + 3) : 0);
        };
  }

  private long other(long told) {
    return Math.max(1, told + (random.nextBoolean() ? 1 : -1) * random.nextLong(1, 4));
  }
}
