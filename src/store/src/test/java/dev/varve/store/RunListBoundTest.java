package dev.varve.store;

import static dev.varve.store.StoreFixture.contents;
import static dev.varve.store.StoreFixture.put;
import static dev.varve.store.StoreFixture.value;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.store.recovery.RestoredSegments;
import dev.varve.store.simulation.SimulatedStorage;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** A compaction never makes a run list that other members would not take. */
@ExtendWith(QuietLog.class)
class RunListBoundTest {
  private static final int BOUND = 300;

  private final SimulatedStorage storage = new SimulatedStorage();

  /** Ten segments and more, in which every second record is dead. */
  private static Map<String, String> load(Store store) throws IOException {
    for (int i = 0; i < 400; i++) {
      put(store, "main", i % 2 == 0 ? "key-" + i : "again", value(i, 100));
    }
    return contents(store);
  }

  private List<String> runLists() {
    return storage.files().stream().filter(path -> path.endsWith(".runs")).toList();
  }

  /** Guards: the bound in the rewriter, and the loop over what is left in {@link Compactor}. */
  @Test
  void aRunWhoseListWouldBeLongerMakesSeveralEdits() throws IOException {
    StoreFixture fixture = new StoreFixture().withRunListBytesMax(BOUND);
    Map<String, String> before;
    try (Store store = fixture.standalone(storage)) {
      before = load(store);
      CompactionEvent end = fixture.compact(store, "main", false);
      assertEquals(CompactionEvent.Type.COMPLETED, end.type(), end.message());
      assertTrue(runLists().size() > 2, runLists().toString());
      for (String list : runLists()) {
        assertTrue(storage.contents(list).length <= BOUND, list);
      }
      assertEquals(end.filesRewritten(), end.files().size());
      assertEquals(400, end.recordsScanned());
      assertTrue(end.spaceSaved() > 199 * 100, "saved " + end.spaceSaved());
      assertEquals(before, contents(store));
    }
    try (Store store = fixture.standalone(storage)) {
      assertEquals(before, contents(store));
    }
  }

  /** Undone as one run, whatever number of edits it made. Guard: the loop in UndoCompaction. */
  @Test
  void aRunOfSeveralEditsIsUndoneWhole() throws IOException {
    StoreFixture fixture = new StoreFixture().withRunListBytesMax(BOUND);
    Map<String, String> before;
    long bytes;
    String runId;
    try (Store store = fixture.standalone(storage)) {
      before = load(store);
      CompactionEvent end = fixture.compact(store, "main", false);
      runId = end.runId();
      bytes = end.bytesBefore();
    }
    int edits = runLists().size();
    assertTrue(edits > 2);
    RestoredSegments restored =
        RetiredSegments.restore(
            storage,
            Trampoline.runtime(fixture.nowMs::get),
            runId,
            RecoveryFixture.NOW_MS,
            (file, read, all) -> {});
    assertEquals(edits, restored.runs().size());
    try (Store store = fixture.standalone(storage)) {
      assertEquals(before, contents(store));
      assertTrue(StoreFixture.keyspace(store, "main").totalBytes() >= bytes);
    }
  }

  @Test
  void aSegmentWhoseListAloneIsTooLongIsLeft() throws IOException {
    StoreFixture fixture = new StoreFixture().withRunListBytesMax(120);
    try (Store store = fixture.standalone(storage)) {
      Map<String, String> before = load(store);
      List<String> files = storage.files();
      CompactionEvent end = fixture.compact(store, "main", false);
      assertEquals(CompactionEvent.Type.FAILED, end.type());
      assertEquals("RunListTooLong", end.reason());
      assertTrue(end.message().contains("alone would be longer than 120 bytes"), end.message());
      assertEquals(List.of(), runLists());
      assertTrue(storage.files().stream().noneMatch(file -> file.endsWith(".tmp")));
      assertTrue(storage.files().size() <= files.size() + 2, "what the run sealed and opened");
      assertEquals(before, contents(store));
      put(store, "main", "more", "value");
    }
  }

  @Test
  void theBoundIsOneThatMembersOfEarlierVersionsTake() {
    StoreOptions options = StoreOptions.defaults();
    assertEquals(256L << 20, options.runListBytesMax());
    assertThrows(
        IllegalArgumentException.class, () -> options.withRunListBytesMax((256L << 20) + 1));
    assertThrows(IllegalArgumentException.class, () -> options.withRunListBytesMax(0));
  }
}
