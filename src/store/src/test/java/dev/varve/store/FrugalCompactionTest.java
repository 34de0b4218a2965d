package dev.varve.store;

import static dev.varve.store.StoreFixture.bytes;
import static dev.varve.store.StoreFixture.contents;
import static dev.varve.store.StoreFixture.keyspace;
import static dev.varve.store.StoreFixture.put;
import static dev.varve.store.StoreFixture.value;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.store.compaction.CancelToken;
import dev.varve.store.compaction.CompactionOptions;
import dev.varve.store.compaction.Strategy;
import dev.varve.store.simulation.Fault;
import dev.varve.store.simulation.Operation;
import dev.varve.store.simulation.SimulatedStorage;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Compaction writes what it must and nothing else, and the store says how much that was. */
@ExtendWith(QuietLog.class)
class FrugalCompactionTest {
  private final StoreFixture fixture = new StoreFixture();
  private final SimulatedStorage storage = new SimulatedStorage();

  private long size(String prefix) throws IOException {
    long bytes = 0;
    for (String file : storage.files()) {
      bytes += file.startsWith(prefix) ? storage.contents(file).length : 0;
    }
    return bytes;
  }

  private static CompactionRequest forced(String runId, Strategy strategy) {
    return new CompactionRequest(
        runId, new CompactionOptions("main", strategy, 0.3, 0, 0.1, 0, true), false, 0);
  }

  /** Guard: {@code CompactionPlanner.selectByValue} takes no segment without dead bytes. */
  @ParameterizedTest
  @EnumSource(names = {"REWRITE", "LOOKUP", "SCAN"})
  void aSecondRunWritesNothingAndReclaimsNothing(Strategy strategy) throws IOException {
    try (Store store = fixture.standalone(storage)) {
      for (int i = 0; i < 120; i++) {
        put(store, "main", "key-" + i % 40, value(i, 300));
      }
      CompactionEvent first =
          store.compact(forced("first", strategy), event -> {}, CancelToken.unbounded());
      assertTrue(first.spaceSaved() > 0, first.message());
      long written = keyspace(store, "main").written().toDisk();
      List<String> before = storage.files();
      List<String> changed = new ArrayList<>();
      storage.failWhen(
          operation -> {
            if (operation.kind().isChange() && !operation.path().equals(EventLog.PATH)) {
              changed.add(operation.toString());
            }
            return false;
          },
          Fault.IO_ERROR);
      CompactionEvent second =
          store.compact(forced("second", strategy), event -> {}, CancelToken.unbounded());
      storage.clearFaults();
      assertEquals(CompactionEvent.Type.SKIPPED, second.type());
      assertEquals(0, second.spaceSaved());
      assertEquals(List.of(), changed);
      assertEquals(before, storage.files());
      assertEquals(written, keyspace(store, "main").written().toDisk());
    }
  }

  @Test
  void aSegmentThatIsAllLiveStaysWhereItIs() throws IOException {
    try (Store store = fixture.standalone(storage)) {
      for (int i = 0; i < 13; i++) {
        put(store, "main", "kept-" + i, value(i, 250));
      }
      String allLive = keyspace(store, "main").segments().getFirst().file();
      for (int i = 0; i < 60; i++) {
        put(store, "main", "changing-" + i % 10, value(i, 300));
      }
      Map<String, String> before = contents(store);
      List<String> read = new ArrayList<>();
      storage.failWhen(
          operation -> {
            if (operation.kind() == Operation.Kind.READ && operation.bytes() > 1000) {
              read.add(operation.path());
            }
            return false;
          },
          Fault.IO_ERROR);
      CompactionEvent end = fixture.compact(store, "main", true);
      storage.clearFaults();
      assertEquals(CompactionEvent.Type.COMPLETED, end.type(), end.message());
      assertFalse(end.files().contains(allLive), end.files().toString());
      assertFalse(read.contains(allLive), "not even read");
      assertEquals(allLive, keyspace(store, "main").segments().getFirst().file());
      assertEquals(before, contents(store));
    }
  }

  @Test
  void writeAmplificationIsWhatIsOnDiskByWhatUsersWrote() throws IOException {
    try (Store store = fixture.standalone(storage)) {
      assertEquals(0, keyspace(store, "main").written().amplification());
      long users = 0;
      for (int i = 0; i < 60; i++) {
        put(store, "main", "k" + i % 10, value(i, 300));
        users += 302;
      }
      StoreFixture.delete(store, "main", "k3");
      users += 2;
      put(store, "objects", "other", "keyspace");
      WrittenBytes main = keyspace(store, "main").written();
      assertEquals(users, main.byUsers());
      assertEquals(size("main/"), main.toDisk(), "records and hints, each once");
      assertEquals(users + 13, store.status().written().byUsers());
      assertTrue(store.status().written().toDisk() > size(""), "marks are written again and again");

      fixture.compact(store, "main", false);
      WrittenBytes after = keyspace(store, "main").written();
      assertEquals(users, after.byUsers());
      assertEquals(size("main/"), after.toDisk(), "copies, their hints and the run list besides");
      assertTrue(after.amplification() > main.amplification());
      assertEquals((double) after.toDisk() / users, after.amplification());
    }
    try (Store store = fixture.standalone(storage)) {
      assertEquals(0, keyspace(store, "main").written().byUsers(), "since it was opened");
      StoreFixture.write(store, new WriteBatch().put("main", bytes("k"), bytes("v")));
      assertEquals(2, keyspace(store, "main").written().byUsers());
    }
  }
}
