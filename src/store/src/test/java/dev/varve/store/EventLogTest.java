package dev.varve.store;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.store.compaction.Strategy;
import dev.varve.store.simulation.Fault;
import dev.varve.store.simulation.Operation;
import dev.varve.store.simulation.SimulatedStorage;
import dev.varve.store.storage.StorageFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import org.junit.jupiter.api.Test;

class EventLogTest {

  private final SimulatedStorage storage = new SimulatedStorage();

  @Test
  void keepsEveryFieldOverAReopening() throws IOException {
    CompactionEvent kept;
    try (EventLog log = EventLog.open(storage, 10)) {
      kept = log.append(event("run-1", CompactionEvent.Type.COMPLETED));
    }
    try (EventLog log = EventLog.open(storage, 10)) {
      assertEquals(List.of(kept), log.last(5));
      assertEquals(2, log.append(event("run-2", CompactionEvent.Type.STARTED)).id());
    }
  }

  @Test
  void anAppendedEventSurvivesACrash() throws IOException {
    EventLog log = EventLog.open(storage, 10);
    CompactionEvent kept = log.append(event("run-1", CompactionEvent.Type.FAILED));
    for (long seed = 0; seed < 20; seed++) {
      try (EventLog recovered = EventLog.open(storage.crash(seed), 10)) {
        assertEquals(List.of(kept), recovered.last(5), "seed " + seed);
      }
    }
  }

  /** Guard: {@code closed} in {@link EventLog}: somebody else may have the directory by then. */
  @Test
  void anEventAfterTheEndIsRememberedAndNotWritten() throws IOException {
    EventLog log = EventLog.open(storage, 10);
    log.append(event("run-1", CompactionEvent.Type.COMPLETED));
    log.close();
    byte[] before = storage.contents(EventLog.PATH);
    log.append(event("run-2", CompactionEvent.Type.STARTED));
    log.append(event("run-2", CompactionEvent.Type.FAILED));
    assertArrayEquals(before, storage.contents(EventLog.PATH));
    assertNotNull(log.end("run-2", "main"));
  }

  @Test
  void forgetsTheOldestBeyondTheBoundAndKeepsTheFileBounded() throws IOException {
    try (EventLog log = EventLog.open(storage, 4)) {
      long lengthOfEight = 0;
      for (int i = 1; i <= 50; i++) {
        log.append(event("run-" + (100 + i), CompactionEvent.Type.COMPLETED));
        if (i == 8) {
          lengthOfEight = storage.contents(EventLog.PATH).length;
        }
        assertTrue(storage.contents(EventLog.PATH).length <= Math.max(lengthOfEight, 1 << 12));
      }
      assertEquals(
          List.of("run-150", "run-149", "run-148", "run-147"),
          log.last(10).stream().map(CompactionEvent::runId).toList());
    }
    try (EventLog log = EventLog.open(storage, 4)) {
      assertEquals("run-150", log.last(1).getFirst().runId());
      assertEquals(4, log.last(10).size());
    }
  }

  @Test
  void findsOnlyHowARunEnded() throws IOException {
    try (EventLog log = EventLog.open(storage, 10)) {
      log.append(event("run-1", CompactionEvent.Type.STARTED));
      assertNull(log.end("run-1", "main"));
      log.append(event("run-1", CompactionEvent.Type.SKIPPED));
      assertNotNull(log.end("run-1", "main"));
      assertNull(log.end("run-1", "objects"));
    }
  }

  @Test
  void cutsATornEnd() throws IOException {
    try (EventLog log = EventLog.open(storage, 10)) {
      log.append(event("run-1", CompactionEvent.Type.COMPLETED));
    }
    try (StorageFile file = storage.open(EventLog.PATH)) {
      file.write(
          new ByteBuffer[] {ByteBuffer.wrap(new byte[] {1, 2, 3, 4, 0, 0, 0, 9, 1})}, file.size());
    }
    try (EventLog log = EventLog.open(storage, 10)) {
      assertEquals(1, log.last(10).size());
      log.append(event("run-2", CompactionEvent.Type.COMPLETED));
    }
    try (EventLog log = EventLog.open(storage, 10)) {
      assertEquals(2, log.last(10).size());
    }
  }

  /** Guards pitfall 12: {@code EventLog.append} throws nothing for a disk that takes nothing. */
  @Test
  void anEventThatCouldNotBeWrittenIsWrittenWithTheNext() throws IOException {
    for (Fault fault : List.of(Fault.DISK_FULL, Fault.IO_ERROR, Fault.FAILED_SYNC)) {
      SimulatedStorage failing = new SimulatedStorage();
      EventLog log = EventLog.open(failing, 10);
      log.append(event("run-1", CompactionEvent.Type.COMPLETED));
      failing.failWhen(
          op ->
              fault == Fault.FAILED_SYNC
                  ? op.kind() == Operation.Kind.SYNC
                  : op.kind() == Operation.Kind.WRITE,
          fault);
      log.append(event("run-2", CompactionEvent.Type.STARTED));
      log.append(event("run-2", CompactionEvent.Type.COMPLETED));
      assertNotNull(log.end("run-2", "main"), "known while it is not written");
      assertEquals(List.of(EventLog.PATH), failing.list(""));
      failing.clearFaults();
      log.append(event("run-3", CompactionEvent.Type.COMPLETED));
      try (EventLog recovered = EventLog.open(failing.crash(1), 10)) {
        assertEquals(log.last(10), recovered.last(10), fault.toString());
        assertEquals(4, recovered.last(10).size());
      }
    }
  }

  private static CompactionEvent event(String runId, CompactionEvent.Type type) {
    return new CompactionEvent(
        0,
        type,
        runId,
        "main",
        Strategy.REWRITE,
        1_700_000_000_000L,
        List.of("main/0000000001-000000000001.log", "main/0000000001-000000000002.log"),
        100,
        40,
        60,
        12,
        1.0,
        9,
        4,
        2,
        0,
        "Compacted",
        "reclaimed 60 bytes – ¾ of it dead",
        7);
  }
}
