package dev.varve.store;

import static dev.varve.store.StoreFixture.contents;
import static dev.varve.store.StoreFixture.delete;
import static dev.varve.store.StoreFixture.put;
import static dev.varve.store.StoreFixture.value;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.store.compaction.CancelToken;
import dev.varve.store.compaction.CompactionOptions;
import dev.varve.store.compaction.Strategy;
import dev.varve.store.simulation.Fault;
import dev.varve.store.simulation.SimulatedStorage;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A process ends within a compaction, and its run list is damaged or gone when the next begins. */
@ExtendWith(QuietLog.class)
class RunListDamageTest {
  private final StoreFixture fixture = new StoreFixture();
  private final SimulatedStorage storage = new SimulatedStorage();
  private final List<SimulatedStorage> moments = new ArrayList<>();
  private long requestSequence;

  /** Guards: {@link UnlistedMove} in {@link Adoption}, and its hash of a request's kind. */
  @ParameterizedTest
  @EnumSource(names = {"REWRITE", "LOOKUP", "SCAN", "SHIFT"})
  void isNoMatterToWhatIsVisible(Strategy strategy) throws IOException {
    compact(strategy);
    int adopted = 0;
    for (SimulatedStorage moment : moments) {
      List<String> lists = moment.files().stream().filter(f -> f.endsWith(".runs")).toList();
      if (lists.isEmpty()) {
        continue;
      }
      String list = lists.getFirst();
      Contents expected = open(moment.killClone());
      adopted += expected.retired > 0 ? 1 : 0;
      SimulatedStorage flipped = moment.killClone();
      flipped.flipBit(list, 8L * flipped.contents(list).length / 2);
      assertEquals(expected, open(flipped));
      SimulatedStorage without = moment.killClone();
      without.delete(list);
      assertEquals(expected, open(without));
    }
    assertTrue(adopted > 0, "no moment lay between the edit and the inputs' end");
  }

  private void compact(Strategy strategy) throws IOException {
    try (Store store = fixture.standalone(storage)) {
      store.rememberRequests().join();
      requestSequence = StoreFixture.write(store, request(0));
      for (int i = 0; i < 160; i++) {
        put(store, "main", "key-" + i % 40, value(i, 300));
        if (i % 10 == 9) {
          delete(store, "main", "key-" + (i + 3) % 40);
        }
      }
      storage.failWhen(
          operation -> {
            if (operation.kind().isChange()) {
              moments.add(storage.killClone());
            }
            return false;
          },
          Fault.IO_ERROR);
      int segmentsMax = strategy == Strategy.SHIFT ? 2 : 0;
      CompactionEvent end =
          store.compact(
              new CompactionRequest(
                  "run",
                  new CompactionOptions("main", strategy, 0, 0, 0, segmentsMax, true),
                  false,
                  0),
              event -> {},
              CancelToken.unbounded());
      assertEquals(CompactionEvent.Type.COMPLETED, end.type(), end.message());
      storage.clearFaults();
    }
    assertFalse(moments.isEmpty());
  }

  private static WriteBatch request(long afterSequence) {
    return new WriteBatch()
        .put("main", StoreFixture.bytes("once"), StoreFixture.bytes("v"))
        .once(new RequestId(StoreFixture.bytes("0123456789abcdef"), 1, afterSequence));
  }

  private record Contents(
      Map<String, String> visible, List<String> files, int retired, boolean remembers) {}

  /** Whether the request is known still; Shift has dropped it, and says so. */
  private boolean remembers(Store store) throws IOException {
    try {
      assertEquals(requestSequence, StoreFixture.write(store, request(1)));
      return true;
    } catch (RequestForgottenException e) {
      return false;
    }
  }

  /** What is there once all that was committed is adopted. */
  private Contents open(SimulatedStorage left) throws IOException {
    try (Store store = fixture.standalone(left)) {
      assertEquals(0, store.log().adoptionBacklog());
      KeyspaceStatus main = store.status().keyspaces().getFirst();
      List<String> files =
          main.segments().stream().map(KeyspaceStatus.SegmentStatus::file).toList();
      return new Contents(contents(store), files, main.retiredSegments(), remembers(store));
    }
  }
}
