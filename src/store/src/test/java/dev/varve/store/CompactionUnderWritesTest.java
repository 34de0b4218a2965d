package dev.varve.store;

import static dev.varve.store.StoreFixture.bytes;
import static dev.varve.store.StoreFixture.contents;
import static dev.varve.store.StoreFixture.keyspace;
import static dev.varve.store.StoreFixture.put;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.store.simulation.Fault;
import dev.varve.store.simulation.Operation;
import dev.varve.store.simulation.SimulatedStorage;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What writes that come at an awkward moment do to a compaction. */
@ExtendWith(QuietLog.class)
class CompactionUnderWritesTest {
  private final StoreFixture fixture = new StoreFixture();
  private final SimulatedStorage storage = new SimulatedStorage();

  /** The guard is {@code Compactor.planSealed}. */
  @Test
  void theSegmentBegunAfterTheSealIsLeftToTheNextRun() throws IOException {
    try (Store store = fixture.standalone(storage)) {
      put(store, "main", "a", "dead");
      put(store, "main", "a", "live");
      List<CompletableFuture<Long>> late = new ArrayList<>();
      storage.failWhen(
          op -> {
            if (op.kind() == Operation.Kind.CREATE
                && op.path().endsWith(".log")
                && late.isEmpty()) {
              for (String value : List.of("dead", "live")) { // into the segment that this makes
                late.add(store.write(new WriteBatch().put("main", bytes("b"), bytes(value))));
              }
            }
            return false;
          },
          Fault.IO_ERROR);
      CompactionEvent end = fixture.compact(store, "main", true);
      assertEquals(CompactionEvent.Type.COMPLETED, end.type(), end.message());
      assertEquals(2, late.size());
      late.forEach(CompletableFuture::join);
      assertTrue(keyspace(store, "main").deadRatio() > 0, "what came late is still to be freed");
      assertEquals(Map.of("main/a", "live", "main/b", "live"), contents(store));
      assertEquals(CompactionEvent.Type.COMPLETED, fixture.compact(store, "main", true).type());
      assertEquals(0, keyspace(store, "main").deadRatio());
    }
  }
}
