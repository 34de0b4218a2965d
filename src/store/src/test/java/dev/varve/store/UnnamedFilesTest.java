package dev.varve.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.store.format.LogRecord;
import dev.varve.store.format.RecordBuffer;
import dev.varve.store.format.RecordKind;
import dev.varve.store.format.SegmentId;
import dev.varve.store.simulation.SimulatedStorage;
import dev.varve.store.storage.StorageFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Files of a run that a crash ended lie beside the segments (pitfall 5). The guards: {@code
 * Opening.load} opens what the manifest names and nothing that a listing finds, and {@code
 * Opening.deleteOrphans} removes the rest.
 */
class UnnamedFilesTest {
  private static final SegmentId UNNAMED = new SegmentId(1, 999);

  private final RecoveryFixture recovery = new RecoveryFixture();

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void nothingOfThemIsReadAndTheyGo(boolean whole) throws IOException {
    SimulatedStorage storage = recovery.filled();
    byte[] record = newer("key-1");
    byte[] written = whole ? record : Arrays.copyOf(record, record.length - 1);
    String path = UNNAMED.logPath("main");
    List<String> unnamed = List.of(path, path + SegmentId.TEMPORARY_SUFFIX);
    for (String file : unnamed) {
      write(storage, file, written);
    }
    storage.syncDirectory("main");
    assertEquals(recovery.expected, recovery.reopened(storage));
    for (String file : unnamed) {
      assertFalse(storage.exists(file), file);
    }
    assertTrue(RecoveryFixture.verify(storage).findings().isEmpty());
  }

  /** The keydir's checkpoint does without the segments' listing too; so does a store without it. */
  @ParameterizedTest
  @ValueSource(strings = {"_keydir", ".hint"})
  void norWithoutWhatSparesAStartTheSegments(String suffix) throws IOException {
    SimulatedStorage storage = recovery.filled();
    for (String file : RecoveryFixture.of(storage, "main", suffix)) {
      storage.delete(file);
    }
    String path = UNNAMED.logPath("main");
    write(storage, path, newer("key-1"));
    storage.syncDirectory("main");
    assertEquals(recovery.expected, recovery.reopened(storage));
    assertFalse(storage.exists(path), path);
  }

  /** A whole record that would be the newest of its key. */
  private static byte[] newer(String key) {
    RecordBuffer buffer = new RecordBuffer(1024);
    byte[] name = key.getBytes(StandardCharsets.UTF_8);
    byte[] value = "never committed".getBytes(StandardCharsets.UTF_8);
    buffer.add(new LogRecord(RecordKind.PUT, 1_000_000, 1, 0, 1, 0, name, value));
    return buffer.toArray();
  }

  private static void write(SimulatedStorage storage, String path, byte[] bytes)
      throws IOException {
    try (StorageFile file = storage.create(path)) {
      file.write(new ByteBuffer[] {ByteBuffer.wrap(bytes)}, 0);
      file.sync();
    }
  }
}
