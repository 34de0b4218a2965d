package dev.varve.store;

import static dev.varve.store.StoreFixture.bytes;
import static dev.varve.store.StoreFixture.contents;
import static dev.varve.store.StoreFixture.put;
import static dev.varve.store.StoreFixture.value;
import static dev.varve.store.StoreFixture.write;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.store.simulation.Fault;
import dev.varve.store.simulation.Operation;
import dev.varve.store.simulation.SimulatedStorage;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Runs a scripted workload and lets one storage operation after the other fail or the power go at
 * it. What was acknowledged must be there after recovery, what was deleted must stay away, a batch
 * is there as a whole or not at all, and the store goes on working (pitfalls 1, 2, 5, 8, 9, 10,
 * 11).
 */
@ExtendWith(QuietLog.class)
class CrashTest {
  private final StoreFixture fixture = new StoreFixture();

  /** What reads should see, and what they may see instead if the last batch did happen. */
  private static final class Expected {
    Map<String, String> acknowledged = new TreeMap<>();
    Map<String, String> maybe = new TreeMap<>();
    boolean restart;

    /** Runs a batch against the store and keeps account of what it means. */
    void write(Store store, Map<String, String> changes) {
      WriteBatch batch = new WriteBatch();
      Map<String, String> after = new TreeMap<>(acknowledged);
      changes.forEach(
          (target, value) -> {
            int slash = target.indexOf('/');
            String keyspace = target.substring(0, slash);
            byte[] key = bytes(target.substring(slash + 1));
            if (value.isEmpty()) {
              batch.delete(keyspace, key);
              after.remove(target);
            } else {
              batch.put(keyspace, key, bytes(value));
              after.put(target, value);
            }
          });
      try {
        store.write(batch).join();
        acknowledged = after;
        maybe = after;
      } catch (CompletionException e) {
        if (!(e.getCause() instanceof StoreFullException)) {
          maybe = after; // unknown: it may have reached the disk
          restart = true;
        }
      }
    }
  }

  /** The workload; stops where the store is no longer usable. */
  private void run(SimulatedStorage storage, Expected expected) throws IOException {
    Store store = fixture.standalone(storage);
    for (int i = 0; i < 60 && !expected.restart; i++) {
      Map<String, String> changes = new TreeMap<>();
      changes.put("main/key-" + i % 13, value(i, 150 + i));
      if (i % 3 == 0) {
        changes.put("objects/key-" + i % 7, value(i, 200));
      }
      if (i % 5 == 4) {
        changes.put("main/key-" + (i + 3) % 13, "");
        changes.put("objects/key-" + (i + 1) % 7, "");
      }
      expected.write(store, changes);
      if (i % 20 == 19 && !expected.restart) {
        CompactionEvent end = fixture.compact(store, "main", i == 39);
        expected.restart = end.type() == CompactionEvent.Type.FAILED && poisoned(store);
      }
      if (i % 25 == 24 && !expected.restart) {
        checkpoint(store, expected);
      }
    }
    if (!expected.restart) {
      store.close();
    }
  }

  private static boolean poisoned(Store store) {
    return store.log().state().poisoned();
  }

  private static void checkpoint(Store store, Expected expected) {
    try {
      store.checkpoint().join();
    } catch (CompletionException e) {
      expected.restart = !(e.getCause() instanceof StoreFullException);
    }
  }

  private void verify(SimulatedStorage storage, Expected expected, String replay)
      throws IOException {
    Map<String, String> found;
    try (Store store = fixture.standalone(storage)) {
      found = contents(store);
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
      put(store, "main", "goes-on", "1");
      assertEquals(Map.of(), difference(found, contents(store)), replay);
      CompactionEvent end = fixture.compact(store, "main", false);
      assertTrue(end.type() != CompactionEvent.Type.FAILED, () -> replay + ": " + end);
      store.checkpoint().join();
      assertEquals(Map.of(), difference(found, contents(store)), replay);
    }
    try (Store store = fixture.standalone(storage)) {
      assertEquals(Map.of(), difference(found, contents(store)), replay);
      write(store, new WriteBatch().delete("main", bytes("goes-on")));
      assertEquals(found, contents(store), replay);
      for (KeyspaceStatus keyspace : store.status().keyspaces()) {
        long live = found.keySet().stream().filter(k -> k.startsWith(keyspace.name())).count();
        assertEquals(live, keyspace.liveKeys(), replay);
      }
    }
  }

  private static Map<String, String> difference(
      Map<String, String> before, Map<String, String> now) {
    Map<String, String> difference = new TreeMap<>(now);
    difference.remove("main/goes-on");
    before.forEach(
        (key, value) -> {
          if (!difference.remove(key, value)) {
            difference.put(key, "lost: " + value);
          }
        });
    return difference;
  }

  /** The numbers of the operations that change something, in a run without faults. */
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
    return numbers;
  }

  @Test
  void losesNothingAcknowledgedWhenThePowerGoesAtAnyOperation() throws IOException {
    List<Long> changes = changes();
    assertTrue(changes.size() > 300, () -> "only " + changes.size() + " operations");
    for (long number : changes) {
      for (long seed = 0; seed < 3; seed++) {
        String replay = "power off at operation " + number + ", crash seed " + seed;
        SimulatedStorage storage = new SimulatedStorage();
        storage.failOperation(number, Fault.POWER_OFF);
        Expected expected = new Expected();
        runUntilFailure(storage, expected);
        verifyOrExplain(storage.crash(seed), expected, replay);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"IO_ERROR", "FAILED_SYNC", "DISK_FULL"})
  void losesNothingAcknowledgedWhenAnyOperationFails(Fault fault) throws IOException {
    for (long number : changes()) {
      String replay = fault + " at operation " + number;
      SimulatedStorage storage = new SimulatedStorage();
      storage.failOperation(number, fault);
      Expected expected = new Expected();
      runUntilFailure(storage, expected);
      storage.clearFaults();
      verifyOrExplain(storage.crash(number), expected, replay);
    }
  }

  /**
   * Pitfall 10: the next process on the machine reads bytes that the disk never got and that no
   * sync writes by itself. What it shows and acknowledges must be there after a crash all the same.
   * Guard: {@code SuspectTail} writes them again.
   */
  @Test
  void believesNoBytesOfAFailedSyncWhenTheProcessStartsAgain() throws IOException {
    for (long number : changes()) {
      String replay = "failed sync at operation " + number;
      SimulatedStorage storage = new SimulatedStorage();
      storage.failOperation(number, Fault.FAILED_SYNC);
      Expected expected = new Expected();
      runUntilFailure(storage, expected);
      storage.clearFaults();
      SimulatedStorage machine = storage.kill();
      try (Store store = fixture.standalone(machine)) {
        Map<String, String> found = contents(store);
        assertTrue(found.equals(expected.acknowledged) || found.equals(expected.maybe), replay);
        put(store, "main", "goes-on", "1");
        found.put("main/goes-on", "1");
        for (long seed = 0; seed < 3; seed++) {
          try (Store after = fixture.standalone(machine.crashClone(seed))) {
            assertEquals(found, contents(after), replay + ", crash seed " + seed);
          }
        }
      } catch (IOException | RuntimeException e) {
        throw new AssertionError(replay, e);
      }
    }
  }

  @Test
  void survivesACrashDuringRecoveryFromACrash() throws IOException {
    List<Long> changes = changes();
    for (int i = 0; i < changes.size(); i += 17) {
      SimulatedStorage first = new SimulatedStorage();
      first.failOperation(changes.get(i), Fault.POWER_OFF);
      Expected expected = new Expected();
      runUntilFailure(first, expected);
      SimulatedStorage crashed = first.crash(i);
      for (long number = 1; number < 60; number++) {
        String replay = "power off at " + changes.get(i) + ", then at " + number;
        crashed.failOperation(number, Fault.POWER_OFF);
        try {
          fixture.standalone(crashed);
          break; // recovery is over before this operation
        } catch (IOException | CompletionException e) {
          crashed = crashed.crash(number);
          assertTrue(e.toString().contains("power"), () -> replay + ": " + e);
        }
      }
      verifyOrExplain(crashed.crash(i), expected, "second crash after " + changes.get(i));
    }
  }

  private void runUntilFailure(SimulatedStorage storage, Expected expected) {
    try {
      run(storage, expected);
    } catch (IOException e) {
      expected.restart = true;
    }
  }

  private void verifyOrExplain(SimulatedStorage storage, Expected expected, String replay) {
    try {
      verify(storage, expected, replay);
    } catch (IOException | RuntimeException e) {
      throw new AssertionError(replay, e);
    }
  }

  @Test
  void bringsBackNoRecordOfAWriteThatWasRefusedForAFullDisk() throws IOException {
    for (long seed = 0; seed < 20; seed++) {
      SimulatedStorage storage = new SimulatedStorage();
      Store store = fixture.standalone(storage);
      put(store, "main", "k", "kept");
      storage.failWhen(
          op -> op.kind() == Operation.Kind.WRITE && op.path().startsWith("main/"),
          Fault.DISK_FULL);
      Expected expected = new Expected();
      expected.acknowledged.put("main/k", "kept");
      expected.maybe = expected.acknowledged;
      expected.write(store, Map.of("main/k", value((int) seed, 2000)));
      assertTrue(!expected.restart);
      storage.clearFaults();
      verifyOrExplain(storage.crash(seed), expected, "crash seed " + seed);
    }
  }
}
