package dev.varve.store;

import static dev.varve.store.StoreFixture.bytes;
import static dev.varve.store.StoreFixture.contents;
import static dev.varve.store.StoreFixture.text;

import dev.varve.store.compaction.CancelToken;
import dev.varve.store.compaction.CompactionOptions;
import dev.varve.store.compaction.Strategy;
import dev.varve.store.recovery.CorruptionException;
import dev.varve.store.segment.CorruptRecordException;
import dev.varve.store.simulation.Fault;
import dev.varve.store.simulation.SimulatedStorage;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Opens what a crash, or a flipped bit, left and compares everything with what may be there. */
final class RecoveryCheck {
  /** One recovery in so many is itself struck by a crash. */
  private static final int CRASH_AGAIN = 8;

  /** One recovered store in so many goes on working and is opened once more. */
  private static final int GO_ON = 12;

  static final List<Strategy> ALL_STRATEGIES = List.of(Strategy.values());

  /** Those that keep everything that reads see. */
  private static final List<Strategy> STRATEGIES =
      ALL_STRATEGIES.stream().filter(s -> s != Strategy.SHIFT).toList();

  private final StoreOptions options;
  private final List<String> keys;
  private final SplittableRandom random;
  private final SimulationCounts counts;

  /**
   * @param keys all {@code keyspace/key} that are ever written
   */
  RecoveryCheck(
      StoreOptions options, List<String> keys, SplittableRandom random, SimulationCounts counts) {
    this.options = options;
    this.keys = keys;
    this.random = random;
    this.counts = counts;
  }

  /** A crash point: what it left recovers to one of the possible states, and to nothing else. */
  void crashed(SimulatedStorage left, List<Map<String, String>> possible, long nowMs)
      throws IOException {
    SimulatedStorage found = left;
    found.capacity(Long.MAX_VALUE);
    while (random.nextInt(CRASH_AGAIN) == 0) {
      found = crashedWhileRecovering(found, nowMs);
    }
    counts.crashPoint();
    Map<String, String> first;
    try (Store store = open(found, nowMs)) {
      first = read(store);
      expect(possible, first);
      if (random.nextInt(GO_ON) != 0) {
        return;
      }
      goOn(store, first);
    }
    try (Store store = open(found, nowMs)) {
      expect(List.of(first), read(store));
    }
  }

  private SimulatedStorage crashedWhileRecovering(SimulatedStorage found, long nowMs)
      throws IOException {
    found.failOperation(found.operations() + 1 + random.nextInt(80), Fault.POWER_OFF);
    try {
      open(found, nowMs).close();
      counts.crashPoint(); // the power goes now at the latest
    } catch (IOException e) {
      if (!String.valueOf(e.getMessage()).contains("power")) {
        throw e;
      }
      counts.crashPoint();
    }
    return found.crash(random.nextLong());
  }

  /** Writes, compacts and checkpoints; {@code expected} follows. */
  private void goOn(Store store, Map<String, String> expected) throws IOException {
    String key = keys.get(random.nextInt(keys.size()));
    int slash = key.indexOf('/');
    String value = "after the crash " + random.nextInt(1 << 20);
    StoreFixture.put(store, key.substring(0, slash), key.substring(slash + 1), value);
    expected.put(key, value);
    for (KeyspaceStatus keyspace : store.status().keyspaces()) {
      compact(store, keyspace.name());
      expect(List.of(expected), read(store));
    }
    store.checkpoint().join();
    expect(List.of(expected), read(store));
  }

  private void compact(Store store, String keyspace) throws IOException {
    CompactionOptions compaction =
        new CompactionOptions(
            keyspace, STRATEGIES.get(random.nextInt(STRATEGIES.size())), 0, 0, 0, 0, true);
    CompactionEvent end =
        store.compact(
            new CompactionRequest(
                "after-" + random.nextLong(), compaction, random.nextBoolean(), 0),
            event -> {},
            CancelToken.unbounded());
    if (end.type() == CompactionEvent.Type.FAILED) {
      throw new AssertionError("the compaction after the crash failed: " + end.message());
    }
  }

  /** One bit of one file is wrong: the store says so, naming the place, or it does not matter. */
  void flipped(SimulatedStorage damaged, List<Map<String, String>> possible, long nowMs)
      throws IOException {
    damaged.capacity(Long.MAX_VALUE);
    List<String> files = damaged.files();
    if (files.isEmpty()) {
      return;
    }
    String path = files.get(random.nextInt(files.size()));
    int size = damaged.contents(path).length;
    if (size == 0) {
      return;
    }
    long bit = random.nextLong(8L * size);
    damaged.flipBit(path, bit);
    try (Store store = open(damaged, nowMs)) {
      expect(possible, read(store));
      counts.harmlessFlip();
    } catch (CorruptionException e) {
      reported(path, size, e.file(), e.offset(), e);
    } catch (CorruptRecordException e) {
      reported(path, size, e.file(), e.offset(), e);
    } catch (IOException | RuntimeException | AssertionError e) {
      throw new AssertionError("bit " + bit + " of " + path + " (" + size + " bytes) flipped", e);
    }
  }

  private void reported(String path, int size, String file, long offset, IOException e) {
    if (!path.equals(file) || offset < 0 || offset > size) {
      throw new AssertionError("a flipped bit in " + path + " was reported elsewhere", e);
    }
    counts.reportedFlip();
  }

  private Store open(SimulatedStorage storage, long nowMs) throws IOException {
    return Store.openStandalone(options, storage, new Trampoline().on(() -> nowMs));
  }

  /** Everything, by scan and by key. */
  Map<String, String> read(Store store) throws IOException {
    Map<String, String> scanned = contents(store);
    Map<String, String> found = new TreeMap<>();
    for (String target : keys) {
      int slash = target.indexOf('/');
      Versioned versioned =
          store.get(target.substring(0, slash), bytes(target.substring(slash + 1)));
      if (versioned != null) {
        found.put(target, text(versioned.value()));
      }
    }
    if (!scanned.equals(found)) {
      throw new AssertionError("a scan finds\n" + scanned + "\nbut reads by key\n" + found);
    }
    return scanned;
  }

  /** Returns which of the possible states it is. */
  static int expect(List<Map<String, String>> possible, Map<String, String> found) {
    int state = possible.lastIndexOf(found);
    if (state < 0) {
      List<String> closest = List.of();
      for (Map<String, String> one : possible) {
        List<String> differences = differences(one, found);
        if (closest.isEmpty() || differences.size() < closest.size()) {
          closest = differences;
        }
      }
      throw new AssertionError(
          "found a state that never was; the closest of "
              + possible.size()
              + " differs in\n    "
              + String.join("\n    ", closest));
    }
    return state;
  }

  private static List<String> differences(Map<String, String> one, Map<String, String> found) {
    Map<String, String> both = new TreeMap<>(one);
    both.putAll(found);
    List<String> differences = new ArrayList<>();
    for (String key : both.keySet()) {
      if (!String.valueOf(one.get(key)).equals(String.valueOf(found.get(key)))) {
        differences.add(
            key + ": found " + shortened(found.get(key)) + ", expected " + shortened(one.get(key)));
      }
    }
    return differences;
  }

  private static String shortened(@Nullable String value) {
    return value == null ? "nothing" : value.substring(0, Math.min(20, value.length()));
  }
}
