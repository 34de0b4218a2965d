package dev.varve.store;

import static dev.varve.store.StoreFixture.bytes;
import static dev.varve.store.StoreFixture.contents;
import static dev.varve.store.StoreFixture.keyspace;
import static dev.varve.store.StoreFixture.text;
import static dev.varve.store.StoreFixture.value;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import dev.varve.store.simulation.SimulatedStorage;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Random operations against a store and against plain maps: writes, conditional writes, deletes,
 * expiry, batches over two keyspaces, scans held open over everything else, compactions,
 * checkpoints, reopening and crashing. Deleted and expired values must not come back whatever is
 * compacted when (pitfalls 1, 2, 3, 4, 7, 14). Among the guards: {@code Keyspace.move} puts nothing
 * back where the compare-and-set found another place, and {@code Visibility.hidden}.
 */
@ExtendWith(QuietLog.class)
class StoreModelTest {
  private static final int STEPS = 1500;
  private static final String[] KEYSPACES = {"main", "objects"};

  private record Value(String text, long expiresAtMs, long sequence) {}

  /** A scan that goes on beside everything, with what it must find in the end. */
  private record Held(String keyspace, Scan scan, Map<String, Value> then) {}

  private final StoreFixture fixture = new StoreFixture();
  private final Map<String, Map<String, Value>> model = new TreeMap<>();
  private final List<Held> held = new ArrayList<>();
  private SimulatedStorage storage = new SimulatedStorage();
  private SplittableRandom random = new SplittableRandom(0);

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void behavesLikeAMap(long seed) throws IOException {
    String replay = "-Dtest=StoreModelTest, seed " + seed;
    random = new SplittableRandom(seed);
    for (String name : KEYSPACES) {
      model.put(name, new TreeMap<>());
    }
    Store store = fixture.standalone(storage);
    for (int step = 0; step < STEPS; step++) {
      try {
        int choice = random.nextInt(100);
        if (choice < 70) {
          write(store);
        } else if (choice < 82) {
          read(store);
        } else if (choice < 86) {
          hold(store);
        } else if (choice < 90) {
          finishScan();
        } else if (choice < 93) {
          fixture.nowMs.addAndGet(random.nextInt(40));
        } else if (choice < 97) {
          CompactionEvent end =
              fixture.compact(store, KEYSPACES[random.nextInt(2)], random.nextBoolean());
          assertNotEquals(CompactionEvent.Type.FAILED, end.type(), end.toString());
        } else if (choice < 98) {
          store.checkpoint().join();
        } else {
          store = reopen(store);
        }
        if (step % 50 == 0) {
          assertEquals(visible(), contents(store));
          checkFigures(store);
        }
      } catch (IOException | RuntimeException | AssertionError e) {
        throw new AssertionError(replay + ", step " + step, e);
      }
    }
    assertEquals(visible(), contents(store), replay);
    store.close();
  }

  private void write(Store store) throws IOException {
    WriteBatch batch = new WriteBatch();
    Map<String, Map<String, Value>> after = new TreeMap<>();
    model.forEach((name, values) -> after.put(name, new TreeMap<>(values)));
    boolean refused = false;
    int size = 1 + random.nextInt(3);
    List<String> used = new ArrayList<>();
    for (int i = 0; i < size; i++) {
      String name = KEYSPACES[random.nextInt(2)];
      String key = "key-" + random.nextInt(60);
      if (used.contains(name + key)) {
        continue;
      }
      used.add(name + key);
      Value now = model.getOrDefault(name, Map.of()).get(key);
      long current = now == null || expired(now) ? 0 : now.sequence();
      long condition = WriteBatch.ANY_VERSION;
      if (random.nextInt(5) == 0) {
        condition = random.nextInt(4) == 0 ? current + 1 : current;
        refused |= condition != current;
      }
      Map<String, Value> values = after.getOrDefault(name, new TreeMap<>());
      if (random.nextInt(4) == 0) {
        batch.delete(name, bytes(key), condition);
        values.remove(key);
      } else {
        String text = value(random.nextInt(1000), 5 + random.nextInt(300));
        long expiresAtMs =
            random.nextInt(4) == 0 ? fixture.nowMs.get() + 1 + random.nextInt(100) : 0;
        batch.put(name, bytes(key), bytes(text), expiresAtMs, condition);
        values.put(key, new Value(text, expiresAtMs, 0));
      }
    }
    try {
      long sequence = StoreFixture.write(store, batch);
      assertEquals(false, refused, "a condition that does not hold was let pass");
      after.forEach(
          (name, values) ->
              values.replaceAll(
                  (key, v) ->
                      v.sequence() == 0 ? new Value(v.text(), v.expiresAtMs(), sequence) : v));
      model.putAll(after);
    } catch (VersionMismatchException e) {
      assertEquals(true, refused, "a condition that holds was refused");
    }
  }

  private void read(Store store) throws IOException {
    String name = KEYSPACES[random.nextInt(2)];
    String key = "key-" + random.nextInt(60);
    Value expected = model.getOrDefault(name, Map.of()).get(key);
    Versioned found = store.get(name, bytes(key));
    if (expected == null || expired(expected)) {
      assertEquals(null, found, name + '/' + key);
    } else {
      assertEquals(expected.text(), found == null ? null : text(found.value()), name + '/' + key);
      assertEquals(expected.sequence(), found == null ? 0 : found.sequence());
    }
  }

  private void hold(Store store) throws IOException {
    if (held.size() < 4) {
      String name = KEYSPACES[random.nextInt(2)];
      Scan scan = store.scan(name, new byte[0], false);
      held.add(new Held(name, scan, new TreeMap<>(model.getOrDefault(name, Map.of()))));
    }
  }

  private void finishScan() throws IOException {
    if (held.isEmpty()) {
      return;
    }
    Held one = held.remove(random.nextInt(held.size()));
    Map<String, String> found = new TreeMap<>();
    StoreFixture.drain(one.keyspace(), one.scan(), found);
    one.scan().close();
    Map<String, String> expected = new TreeMap<>();
    one.then()
        .forEach(
            (key, value) -> {
              if (!expired(value)) {
                expected.put(one.keyspace() + '/' + key, value.text());
              }
            });
    assertEquals(expected, found);
  }

  private Store reopen(Store store) throws IOException {
    for (Held one : held) {
      one.scan().close();
    }
    held.clear();
    if (random.nextBoolean()) {
      storage = storage.crash(random.nextLong());
    } else {
      store.close();
    }
    return fixture.standalone(storage);
  }

  private boolean expired(Value value) {
    return Visibility.expired(value.expiresAtMs(), fixture.nowMs.get());
  }

  private Map<String, String> visible() {
    Map<String, String> visible = new TreeMap<>();
    model.forEach(
        (name, values) ->
            values.forEach(
                (key, value) -> {
                  if (!expired(value)) {
                    visible.put(name + '/' + key, value.text());
                  }
                }));
    return visible;
  }

  private static void checkFigures(Store store) {
    for (String name : KEYSPACES) {
      KeyspaceStatus status = keyspace(store, name);
      long live =
          status.segments().stream().mapToLong(KeyspaceStatus.SegmentStatus::liveBytes).sum();
      assertEquals(status.liveBytes(), live, name);
      for (KeyspaceStatus.SegmentStatus segment : status.segments()) {
        assertEquals(
            true,
            segment.liveBytes() >= 0 && segment.liveBytes() <= segment.totalBytes(),
            segment.toString());
      }
    }
  }
}
