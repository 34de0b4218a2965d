package dev.varve.store;

import static dev.varve.store.StoreFixture.bytes;
import static dev.varve.store.StoreFixture.text;
import static dev.varve.store.StoreFixture.value;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.store.manifest.KeyspaceType;
import dev.varve.store.retention.RetentionRules;
import dev.varve.store.simulation.Fault;
import dev.varve.store.simulation.SimulatedStorage;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Lets the power go, or one call fail, at each storage operation of a workload that appends, trims,
 * retains and compacts. What was acknowledged as hidden never comes back, what was acknowledged as
 * written and not hidden is there, ids go on without a gap, and all that holds after compaction and
 * another restart too (pitfalls 1, 3, 8, 9).
 */
@ExtendWith(QuietLog.class)
class CutOffCrashTest {
  private static final int RECORDS_MAX = 5;

  private final StoreFixture fixture =
      new StoreFixture(
          List.of(
              new KeyspaceOptions("main", KeyspaceType.KEY_VALUE, StoreFixture.SEGMENT_BYTES)
                  .withRetention(new RetentionRules(60_000, 0, RECORDS_MAX)),
              new KeyspaceOptions("log", KeyspaceType.STREAM, StoreFixture.SEGMENT_BYTES)));

  /** What reads see: keys with their versions, oldest first, and a stream's range of ids. */
  private record Seen(Map<String, Integer> keys, long firstId, long lastId) {}

  private static final class Expected {
    Seen acknowledged = new Seen(Map.of(), 1, 0);
    Seen maybe = acknowledged;
    boolean restart;

    private interface Step {
      void run() throws IOException;
    }

    /** Runs a step that leads to a state, or may have. */
    void step(Seen after, Step step) {
      if (restart) {
        return;
      }
      try {
        step.run();
        acknowledged = after;
        maybe = after;
      } catch (StoreFullException e) {
        // Refused: nothing has happened.
      } catch (IOException e) {
        maybe = after;
        restart = true;
      } catch (CompletionException e) {
        if (!(e.getCause() instanceof StoreFullException)) {
          maybe = after;
          restart = true;
        }
      }
    }
  }

  private static Seen put(Seen before, String key, int version) {
    Map<String, Integer> keys = new TreeMap<>(before.keys());
    keys.put(key, version);
    return new Seen(keys, before.firstId(), before.lastId());
  }

  private static Seen delete(Seen before, String key) {
    Map<String, Integer> keys = new TreeMap<>(before.keys());
    keys.remove(key);
    return new Seen(keys, before.firstId(), before.lastId());
  }

  private static Seen retained(Seen before) {
    Map<String, Integer> keys = new TreeMap<>();
    before.keys().entrySet().stream()
        .sorted(Map.Entry.<String, Integer>comparingByValue(Comparator.reverseOrder()))
        .limit(RECORDS_MAX)
        .forEach(e -> keys.put(e.getKey(), e.getValue()));
    return new Seen(keys, before.firstId(), before.lastId());
  }

  private static Seen appended(Seen before, int entries) {
    return new Seen(before.keys(), before.firstId(), before.lastId() + entries);
  }

  private static Seen trimmed(Seen before, long firstId) {
    return new Seen(before.keys(), Math.max(before.firstId(), firstId), before.lastId());
  }

  private void run(SimulatedStorage storage, Expected expected) throws IOException {
    Store store = fixture.standalone(storage);
    for (int i = 0; i < 40 && !expected.restart; i++) {
      int version = i;
      Seen now = expected.acknowledged;
      String key = "k" + i % 9;
      if (i % 4 == 3) {
        expected.step(delete(now, key), () -> StoreFixture.delete(store, "main", key));
      } else {
        expected.step(
            put(now, key, version),
            () -> StoreFixture.put(store, "main", key, value(version, 150 + version)));
      }
      int entries = 1 + i % 3;
      long next = expected.acknowledged.lastId() + 1;
      expected.step(
          appended(expected.acknowledged, entries),
          () -> {
            List<byte[]> payloads = new ArrayList<>();
            for (int j = 0; j < entries; j++) {
              payloads.add(bytes(payload(next + j)));
            }
            assertEquals(next, Store.await(store.stream("log").append(payloads)).firstId());
          });
      if (i % 7 == 6) {
        expected.step(retained(expected.acknowledged), store::retain);
      }
      if (i % 8 == 5) {
        long first = Math.max(1, expected.acknowledged.lastId() - 6);
        expected.step(
            trimmed(expected.acknowledged, first),
            () -> store.stream("log").trim(new TrimBound.MaxLength(7), false));
      }
      if (i % 15 == 14 && !expected.restart) {
        compact(store, i % 2 == 0 ? "main" : "log", expected);
        compact(store, "log", expected);
      }
      if (i % 20 == 19) {
        expected.step(expected.acknowledged, () -> store.checkpoint().join());
      }
      fixture.pass(1000);
    }
    if (!expected.restart) {
      store.close();
    }
  }

  private void compact(Store store, String keyspace, Expected expected) throws IOException {
    if (!expected.restart) {
      CompactionEvent end = fixture.compact(store, keyspace, false);
      expected.restart =
          end.type() == CompactionEvent.Type.FAILED && store.log().state().poisoned();
    }
  }

  private static String payload(long id) {
    return value((int) id, 180);
  }

  private static Seen seen(Store store) throws IOException {
    Map<String, Integer> keys = new TreeMap<>();
    StoreFixture.contents(store, "main")
        .forEach(
            (key, value) ->
                keys.put(
                    key.substring("main/".length()),
                    Integer.parseInt(value.substring(0, value.indexOf('-')))));
    EventStream stream = store.stream("log");
    long next = stream.firstId();
    try (StreamReader reader = stream.read(0)) {
      for (StreamEntry e = reader.next(); e != null; e = reader.next()) {
        assertEquals(next++, e.id());
        assertEquals(payload(e.id()), text(e.payload()));
      }
    }
    assertEquals(stream.lastId(), next - 1);
    return new Seen(keys, stream.firstId(), stream.lastId());
  }

  private void verify(SimulatedStorage storage, Expected expected, String replay)
      throws IOException {
    Seen found;
    try (Store store = fixture.standalone(storage)) {
      found = seen(store);
      assertTrue(
          found.equals(expected.acknowledged) || found.equals(expected.maybe),
          () ->
              replay
                  + "\nfound "
                  + found
                  + "\nacknowledged "
                  + expected.acknowledged
                  + "\nor "
                  + expected.maybe);
      for (String keyspace : List.of("main", "log")) {
        CompactionEvent end = fixture.compact(store, keyspace, false);
        assertTrue(end.type() != CompactionEvent.Type.FAILED, () -> replay + ": " + end);
      }
      store.checkpoint().join();
      assertEquals(found, seen(store), replay);
      long next = found.lastId() + 1;
      List<byte[]> payloads = List.of(bytes(payload(next)));
      assertEquals(next, Store.await(store.stream("log").append(payloads)).firstId(), replay);
    }
    try (Store store = fixture.standalone(storage)) {
      assertEquals(appended(found, 1), seen(store), replay);
      KeyspaceStatus log = StoreFixture.keyspace(store, "log");
      assertEquals(found.lastId() + 2 - found.firstId(), log.liveKeys(), replay);
      assertEquals(found.keys().size(), StoreFixture.keyspace(store, "main").liveKeys(), replay);
    }
  }

  private List<Long> changes() throws IOException {
    SimulatedStorage storage = new SimulatedStorage();
    List<Long> numbers = new ArrayList<>();
    storage.failWhen(
        op -> {
          if (op.kind().isChange()) {
            numbers.add(op.number());
          }
          return false;
        },
        Fault.IO_ERROR);
    Expected expected = new Expected();
    run(storage, expected);
    assertTrue(!expected.restart, "the workload runs through without faults");
    verify(storage, expected, "without faults");
    return numbers;
  }

  private void strike(long number, Fault fault, long seed) throws IOException {
    String replay = fault + " at operation " + number + ", crash seed " + seed;
    SimulatedStorage storage = new SimulatedStorage();
    storage.failOperation(number, fault);
    Expected expected = new Expected();
    try {
      run(storage, expected);
    } catch (IOException e) {
      expected.restart = true;
    }
    storage.clearFaults();
    try {
      verify(storage.crash(seed), expected, replay);
    } catch (IOException | RuntimeException e) {
      throw new AssertionError(replay, e);
    }
  }

  @Test
  void whatWasHiddenStaysAwayWhenThePowerGoesAtAnyOperation() throws IOException {
    List<Long> changes = changes();
    assertTrue(changes.size() > 400, () -> "only " + changes.size() + " operations");
    for (long number : changes) {
      strike(number, Fault.POWER_OFF, number % 5);
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"IO_ERROR", "FAILED_SYNC", "DISK_FULL"})
  void whatWasHiddenStaysAwayWhenAnyOperationFails(Fault fault) throws IOException {
    List<Long> changes = changes();
    for (int i = fault.name().length() % 3; i < changes.size(); i += 3) {
      strike(changes.get(i), fault, changes.get(i));
    }
  }
}
