package dev.varve.store.storage;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.store.simulation.SimulatedStorage;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What all storages promise alike. */
class StorageContractTest {

  enum Kind {
    POSIX,
    CHANNELS,
    SIMULATED,
    MEMORY,
    POSIX_BOUNDED,
    SIMULATED_BOUNDED,
    MEMORY_BOUNDED
  }

  @TempDir Path directory;

  private Storage storage(Kind kind) throws IOException {
    return switch (kind) {
      case POSIX -> new PosixStorage(directory.resolve("store"));
      case CHANNELS -> new PosixStorage(directory.resolve("store")).throughChannels();
      case SIMULATED -> new SimulatedStorage();
      case MEMORY -> new MemoryStorage(MemoryStorage.CAPACITY_BYTES_MIN);
      case POSIX_BOUNDED -> new BoundedStorage(storage(Kind.POSIX), 1);
      case SIMULATED_BOUNDED -> new BoundedStorage(storage(Kind.SIMULATED), 1);
      case MEMORY_BOUNDED -> new BoundedStorage(storage(Kind.MEMORY), 1);
    };
  }

  @ParameterizedTest
  @EnumSource
  void writesGatheredAndReadsAtPositions(Kind kind) throws IOException {
    Storage storage = storage(kind);
    storage.createDirectory("main");
    try (StorageFile file = storage.create("main/a.log")) {
      file.write(new ByteBuffer[] {bytes("hello "), bytes(""), bytes("world")}, 0);
      file.write(new ByteBuffer[] {bytes("WORLD")}, 6);
      file.sync();
      assertEquals(11, file.size());
      assertEquals("hello WORLD", read(file, 0, 100));
      assertEquals("WOR", read(file, 6, 3));
      assertEquals("", read(file, 11, 5));
      assertEquals("", read(file, 50, 5));
    }
  }

  /** Guards pitfall 8: {@code ChannelFile.write} goes on after a call that wrote less. */
  @ParameterizedTest
  @EnumSource
  void gathersMoreBuffersThanOneCallTakes(Kind kind) throws IOException {
    Storage storage = storage(kind);
    ByteBuffer[] sources = new ByteBuffer[3000];
    byte[] expected = new byte[3000 * 7];
    for (int i = 0; i < sources.length; i++) {
      byte[] part = new byte[7];
      Arrays.fill(part, (byte) i);
      System.arraycopy(part, 0, expected, i * 7, 7);
      sources[i] = ByteBuffer.wrap(part);
    }
    try (StorageFile file = storage.create("many")) {
      file.write(sources, 0);
      ByteBuffer all = ByteBuffer.allocate(expected.length);
      assertEquals(expected.length, file.read(all, 0));
      assertArrayEquals(expected, all.array());
    }
  }

  @ParameterizedTest
  @EnumSource
  void fillsAGapWithZerosAndCutsAtTheEnd(Kind kind) throws IOException {
    Storage storage = storage(kind);
    try (StorageFile file = storage.create("gap")) {
      file.write(new ByteBuffer[] {bytes("x")}, 4);
      assertEquals("\0\0\0\0x", read(file, 0, 10));
      file.truncate(2);
      assertEquals(2, file.size());
      file.truncate(10);
      assertEquals(2, file.size(), "truncate never makes a file longer");
      file.write(new ByteBuffer[] {bytes("y")}, 4);
      assertEquals("\0\0\0\0y", read(file, 0, 10));
    }
  }

  @ParameterizedTest
  @EnumSource
  void namesMustBeFreeToCreateAndTakenToOpen(Kind kind) throws IOException {
    Storage storage = storage(kind);
    storage.create("a").close();
    assertThrows(FileAlreadyExistsException.class, () -> storage.create("a"));
    assertThrows(NoSuchFileException.class, () -> storage.open("b"));
    assertThrows(NoSuchFileException.class, () -> storage.delete("b"));
    assertThrows(NoSuchFileException.class, () -> storage.rename("b", "c"));
    assertThrows(NoSuchFileException.class, () -> storage.create("absent/a"));
  }

  @ParameterizedTest
  @EnumSource
  void listsNamesOfFilesAndFolders(Kind kind) throws IOException {
    Storage storage = storage(kind);
    storage.createDirectory("main/inner");
    storage.create("main/b").close();
    storage.create("main/a").close();
    assertEquals(List.of("a", "b", "inner"), storage.list("main"));
    assertEquals(List.of("main"), storage.list(""));
    assertEquals(List.of(), storage.list("absent"));
    assertTrue(storage.exists("main"));
    assertTrue(storage.exists("main/a"));
    assertFalse(storage.exists("main/c"));
    assertFalse(storage.exists("absent/c"));
  }

  @ParameterizedTest
  @EnumSource
  void renameReplacesAndKeepsOpenHandles(Kind kind) throws IOException {
    Storage storage = storage(kind);
    try (StorageFile old = storage.create("to");
        StorageFile made = storage.create("from")) {
      old.write(new ByteBuffer[] {bytes("old")}, 0);
      made.write(new ByteBuffer[] {bytes("new")}, 0);
      storage.rename("from", "to");
      storage.syncDirectory("");
      assertFalse(storage.exists("from"));
      assertEquals("old", read(old, 0, 3));
      assertEquals("new", read(made, 0, 3));
      try (StorageFile opened = storage.open("to")) {
        assertEquals("new", read(opened, 0, 3));
      }
      storage.delete("to");
      assertEquals("new", read(made, 0, 3), "an open handle outlives its name");
    }
  }

  @ParameterizedTest
  @EnumSource
  void lockIsExclusiveAndNamesTheDirectory(Kind kind) throws IOException {
    Storage storage = storage(kind);
    Closeable held = storage.lock("lock");
    StoreLockedException refused =
        assertThrows(StoreLockedException.class, () -> storage.lock("lock"));
    assertTrue(String.valueOf(refused.getMessage()).contains(refused.directory()));
    if (kind == Kind.POSIX || kind == Kind.POSIX_BOUNDED) {
      assertEquals(directory.toRealPath().resolve("store").toString(), refused.directory());
    }
    held.close();
    storage.lock("lock").close();
  }

  private static ByteBuffer bytes(String text) {
    return ByteBuffer.wrap(text.getBytes(UTF_8));
  }

  private static String read(StorageFile file, long offset, int length) throws IOException {
    ByteBuffer target = ByteBuffer.allocate(length);
    int read = file.read(target, offset);
    assertEquals(read, target.position());
    return new String(target.array(), 0, read, UTF_8);
  }
}
