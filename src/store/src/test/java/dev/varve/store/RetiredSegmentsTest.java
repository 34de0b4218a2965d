package dev.varve.store;

import static dev.varve.store.StoreFixture.bytes;
import static dev.varve.store.StoreFixture.contents;
import static dev.varve.store.StoreFixture.delete;
import static dev.varve.store.StoreFixture.get;
import static dev.varve.store.StoreFixture.keyspace;
import static dev.varve.store.StoreFixture.put;
import static dev.varve.store.StoreFixture.value;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.store.compaction.CancelToken;
import dev.varve.store.compaction.CompactionOptions;
import dev.varve.store.compaction.Strategy;
import dev.varve.store.manifest.Edit;
import dev.varve.store.manifest.KeyspaceType;
import dev.varve.store.manifest.Layout;
import dev.varve.store.recovery.CannotRestoreException;
import dev.varve.store.recovery.Repair;
import dev.varve.store.recovery.RestoredSegments;
import dev.varve.store.simulation.Fault;
import dev.varve.store.simulation.SimulatedStorage;
import dev.varve.store.storage.Storage;
import dev.varve.store.storage.StoreLockedException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Segments that a compaction replaced, put back before a checkpoint lets them go. */
@ExtendWith(QuietLog.class)
class RetiredSegmentsTest {
  private StoreFixture fixture = new StoreFixture();
  private final SimulatedStorage storage = new SimulatedStorage();

  private static void load(Store store) throws IOException {
    for (int i = 0; i < 100; i++) {
      put(store, "main", "key-" + i % 50, value(i, 300));
    }
  }

  private static CompactionEvent run(Store store, String runId, Strategy strategy, int segmentsMax)
      throws IOException {
    CompactionOptions options =
        new CompactionOptions("main", strategy, 0, 0, 0, segmentsMax, strategy != Strategy.SHIFT);
    CompactionEvent end =
        store.compact(
            new CompactionRequest(runId, options, false, 0), event -> {}, CancelToken.unbounded());
    assertEquals(CompactionEvent.Type.COMPLETED, end.type(), end.message());
    return end;
  }

  private RestoredSegments restore(Storage from, String runId) throws IOException {
    return RetiredSegments.restore(
        from,
        Trampoline.runtime(fixture.nowMs::get),
        runId,
        RecoveryFixture.NOW_MS,
        (file, bytes, all) -> {});
  }

  private void assertRefused(String runId, String why) throws IOException {
    Map<String, Integer> before = sizes(storage);
    CannotRestoreException refusal =
        assertThrows(CannotRestoreException.class, () -> restore(storage, runId));
    assertTrue(String.valueOf(refusal.getMessage()).contains(why), refusal.getMessage());
    assertEquals(before, sizes(storage));
  }

  private static Map<String, Integer> sizes(SimulatedStorage storage) throws IOException {
    Map<String, Integer> sizes = new TreeMap<>();
    RecoveryFixture.files(storage).forEach((path, content) -> sizes.put(path, content.length));
    // Opening deletes a run list that nobody needs, and closing may write the keydir.
    sizes.keySet().removeIf(path -> path.endsWith(".runs") || path.endsWith("/_keydir"));
    return sizes;
  }

  private static Map<String, Long> sequences(Store store) throws IOException {
    Map<String, Long> sequences = new TreeMap<>();
    try (Scan scan = store.scan("main", new byte[0], false)) {
      for (Scan.Entry entry = scan.next(); entry != null; entry = scan.next()) {
        sequences.put(StoreFixture.text(entry.key()), entry.versioned().sequence());
      }
    }
    return sequences;
  }

  @Test
  void whatShiftDroppedIsBackButForWhatWasWrittenOrDeletedSince() throws IOException {
    Map<String, String> expected;
    List<String> dropped = new ArrayList<>();
    try (Store store = fixture.standalone(storage)) {
      load(store);
      expected = contents(store);
      CompactionEvent shift = run(store, "mistake", Strategy.SHIFT, 2);
      expected.keySet().stream()
          .filter(key -> !contentsOf(store).containsKey(key))
          .map(key -> key.substring("main/".length()))
          .forEach(dropped::add);
      assertTrue(dropped.size() > 10, shift.message());
      put(store, "main", dropped.get(0), "written since");
      delete(store, "main", dropped.get(1));
      put(store, "main", "new", "1");
    }
    expected.put("main/" + dropped.get(0), "written since");
    expected.remove("main/" + dropped.get(1));
    expected.put("main/new", "1");
    RestoredSegments restored = restore(storage, "mistake");
    assertEquals(List.of("mistake"), restored.runs());
    assertTrue(restored.bytes() > 300L * dropped.size());
    assertEquals(List.of(), RecoveryFixture.verify(storage).findings());
    try (Store store = fixture.standalone(storage)) {
      assertEquals(expected, contents(store));
      put(store, "main", "goes-on", "1");
      run(store, "after", Strategy.REWRITE, 0);
      store.checkpoint().join();
    }
    try (Store store = fixture.standalone(storage)) {
      expected.put("main/goes-on", "1");
      assertEquals(expected, contents(store));
    }
  }

  private static Map<String, String> contentsOf(Store store) {
    try {
      return contents(store);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static List<String> files(Store store) {
    return keyspace(store, "main").segments().stream()
        .map(KeyspaceStatus.SegmentStatus::file)
        .toList();
  }

  @Test
  void theSameSegmentsWithTheSameSequencesAreBackAfterARewrite() throws IOException {
    Map<String, Long> before;
    CompactionEvent end;
    List<String> made;
    try (Store store = fixture.standalone(storage)) {
      load(store);
      before = sequences(store);
      List<String> there = files(store);
      end = run(store, "rewrite", Strategy.REWRITE, 0);
      made = new ArrayList<>(files(store));
      made.removeAll(there);
      made.removeIf(file -> keyspace(store, "main").segments().getLast().file().equals(file));
    }
    // What was made may be damaged: it goes.
    storage.flipBit(made.getFirst(), 8 * 100);
    RestoredSegments restored = restore(storage, "rewrite");
    assertEquals(end.files(), restored.files());
    for (String file : made) {
      assertTrue(storage.exists(restored.folder() + '/' + file), file);
    }
    try (Store store = fixture.standalone(storage)) {
      assertEquals(before, sequences(store));
      assertTrue(files(store).containsAll(end.files()));
    }
  }

  /** Guard: {@code UndoCompaction.before} undoes later runs as well (pitfalls 1 and 3). */
  @Test
  void nothingThatWasDeletedMeanwhileComesBack() throws IOException {
    try (Store store = fixture.standalone(storage)) {
      put(store, "main", "deleted", value(1, 300));
      load(store);
      run(store, "first", Strategy.REWRITE, 0);
      delete(store, "main", "deleted");
      load(store);
      run(store, "second", Strategy.REWRITE, 0); // drops the value, and with nothing older ...
      load(store);
      run(store, "third", Strategy.REWRITE, 0); // ... the tombstone
    }
    assertEquals(List.of("third", "second", "first"), restore(storage, "first").runs());
    try (Store store = fixture.standalone(storage)) {
      assertEquals("absent", get(store, "main", "deleted"));
      assertEquals(50, contents(store).size());
    }
  }

  @Test
  void whatWasCutOffStaysSo() throws IOException {
    fixture =
        new StoreFixture(
            List.of(
                new KeyspaceOptions("main", KeyspaceType.KEY_VALUE, StoreFixture.SEGMENT_BYTES),
                new KeyspaceOptions("events", KeyspaceType.STREAM, StoreFixture.SEGMENT_BYTES)));
    try (Store store = fixture.standalone(storage)) {
      load(store);
      EventStream events = store.stream("events");
      for (int i = 0; i < 50; i++) {
        events.append(List.of(bytes(value(i, 300)))).join();
      }
      events.trim(new TrimBound.MinId(30), false);
      run(store, "rewrite", Strategy.REWRITE, 0);
    }
    restore(storage, "rewrite");
    try (Store store = fixture.standalone(storage)) {
      assertEquals(30, keyspace(store, "events").firstId());
      assertEquals(50, keyspace(store, "events").lastId());
    }
  }

  @Test
  void singleFilesHaveTheOldOneInstead() throws IOException {
    StoreOptions options = fixture.options.withLayout(Layout.SINGLE_FILE);
    try (Store store =
        Store.openStandalone(options, storage, Trampoline.runtime(fixture.nowMs::get))) {
      load(store);
      run(store, "good", Strategy.REWRITE, 0);
    }
    assertRefused("good", "the layout is single-file");
  }

  @Test
  void saysWhyItCanNot() throws IOException {
    CompactionEvent end;
    try (Store store = fixture.standalone(storage)) {
      load(store);
      end = run(store, "good", Strategy.REWRITE, 0);
    }
    assertRefused("unknown", "no compaction by a run called unknown");
    SimulatedStorage damaged = storage.killClone();
    damaged.flipBit(end.files().getFirst(), 8 * 100);
    CannotRestoreException damage =
        assertThrows(CannotRestoreException.class, () -> restore(damaged, "good"));
    assertEquals(
        end.files().getFirst() + " is damaged; varve verify says where", damage.getMessage());
    try (Store store = fixture.standalone(storage)) {
      store.checkpoint().join();
    }
    assertRefused("good", "has let go what run good replaced");
    try (Store store = fixture.standalone(storage)) {
      load(store);
      fixture.compact(store, "main", true);
    }
    assertRefused("run-1", "was asked to delete what it replaced at once");
    try (Store store = fixture.standalone(storage)) {
      assertThrows(StoreLockedException.class, () -> restore(storage, "good"));
      store.log().propose(new Edit.Membership(List.of("a", "b"))).join();
    }
    assertRefused("good", "member of a replicated shard");
  }

  @Test
  void aPowerCutLeavesWhatRepairMakesTheStateBeforeOrAfter() throws IOException {
    SimulatedStorage closed = new SimulatedStorage();
    Map<String, String> whole;
    Map<String, String> shifted;
    try (Store store = fixture.standalone(closed)) {
      load(store);
      whole = contents(store);
      run(store, "mistake", Strategy.SHIFT, 2);
      shifted = contents(store);
    }
    int before = 0;
    int after = 0;
    boolean done = false;
    for (long operation = 1; !done; operation++) {
      SimulatedStorage disk = closed.killClone();
      disk.failOperation(operation, Fault.POWER_OFF);
      try {
        restore(disk, "mistake");
        done = true;
      } catch (IOException e) {
        assertTrue(String.valueOf(e.getMessage()).contains("simulated"), e.toString());
      }
      SimulatedStorage crashed = disk.crash(operation);
      Repair.run(crashed, RecoveryFixture.NOW_MS, (file, bytes, all) -> {});
      try (Store store = fixture.standalone(crashed)) {
        Map<String, String> found = contents(store);
        if (found.equals(whole)) {
          after++;
        } else {
          assertEquals(shifted, found, "operation " + operation);
          before++;
        }
      }
    }
    assertTrue(before > 20 && after > 5, before + " before, " + after + " after");
  }
}
