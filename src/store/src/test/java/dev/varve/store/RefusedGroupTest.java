package dev.varve.store;

import static dev.varve.store.StoreFixture.bytes;
import static dev.varve.store.StoreFixture.contents;
import static dev.varve.store.StoreFixture.put;
import static dev.varve.store.StoreFixture.value;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.varve.store.simulation.Fault;
import dev.varve.store.simulation.Operation;
import dev.varve.store.simulation.SimulatedStorage;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * A group that a full disk refused leaves whole records of its own behind in the file. The guard is
 * the truncation in {@code LogFile.goBack}: without it a later record of the same length as the
 * group's first one makes the second a valid continuation of the log.
 */
@ExtendWith(QuietLog.class)
class RefusedGroupTest {
  private final StoreFixture fixture = new StoreFixture();
  private final SimulatedStorage storage = new SimulatedStorage();
  private final Trampoline writer = new Trampoline();

  @Test
  void noRecordOfARefusedGroupContinuesTheLog() throws IOException {
    Store store = Store.openStandalone(fixture.options, storage, writer.on(fixture.nowMs::get));
    put(store, "main", "before", "kept");
    storage.failWhen(
        op -> op.kind() == Operation.Kind.WRITE && op.path().startsWith("main/"), Fault.DISK_FULL);
    writer.hold();
    List<CompletableFuture<Long>> together = new ArrayList<>();
    // Of a write that meets a full disk the first half stays: the first two records, whole.
    for (int length : new int[] {50, 60, 1500}) {
      together.add(
          store.write(
              new WriteBatch().put("main", bytes("refused-" + length), bytes(value(1, length)))));
    }
    writer.release();
    for (CompletableFuture<Long> refused : together) {
      CompletionException e = assertThrows(CompletionException.class, refused::join);
      assertInstanceOf(StoreFullException.class, e.getCause());
    }
    storage.clearFaults();
    put(store, "main", "granted-50", value(2, 50)); // as long as the first refused record
    Map<String, String> acknowledged =
        Map.of("main/before", "kept", "main/granted-50", value(2, 50));
    assertEquals(acknowledged, contents(store));
    try (Store recovered = fixture.standalone(storage.kill())) {
      assertEquals(acknowledged, contents(recovered));
    }
  }
}
