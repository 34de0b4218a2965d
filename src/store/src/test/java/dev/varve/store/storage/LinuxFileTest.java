package dev.varve.store.storage;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LinuxFileTest {
  private static final int INTERRUPTS = 5_000;
  private static final int ROUNDS = 5_000;

  @TempDir Path directory;

  @BeforeEach
  void runsOnLinux() {
    assertTrue(LinuxCalls.AVAILABLE, "these tests are for Linux on x86-64 or AArch64");
  }

  private LinuxFile create(String name) throws IOException {
    return LinuxFile.open(directory.resolve(name).toString(), name, true, true);
  }

  private static void write(StorageFile file, String text, long offset) throws IOException {
    file.write(new ByteBuffer[] {ByteBuffer.wrap(text.getBytes(UTF_8))}, offset);
  }

  /**
   * Pitfall 18: what goes is the channel's way, where an interrupt closes the file for all. Guard:
   * {@code LinuxCalls} in the place of a channel.
   */
  @Test
  void interruptsDuringCallsCloseNothing() throws Exception {
    try (LinuxFile file = create("a")) {
      write(file, "abc", 0);
      AtomicBoolean stop = new AtomicBoolean();
      AtomicReference<@Nullable Throwable> failed = new AtomicReference<>();
      Thread user =
          Thread.ofPlatform()
              .start(
                  () -> {
                    try {
                      ByteBuffer target = ByteBuffer.allocateDirect(3);
                      while (!stop.get()) {
                        assertEquals(3, file.read(target.clear(), 0));
                        write(file, "abc", 0);
                        file.sync();
                        LinuxFile.syncDirectory(directory.toString(), "");
                      }
                    } catch (Throwable e) {
                      failed.set(e);
                    }
                  });
      for (int i = 0; i < INTERRUPTS; i++) {
        user.interrupt();
        ByteBuffer target = ByteBuffer.allocate(3);
        assertEquals(3, file.read(target, 0));
        assertEquals("abc", new String(target.array(), UTF_8));
      }
      stop.set(true);
      user.join();
      assertEquals(null, failed.get());
    }
  }

  /** The guard is the count of users: without it a number is used that another file has got. */
  @Test
  void callsUnderWayKeepTheNumberFromOtherFiles() throws Exception {
    // Read in many pieces, so that the file is nearly always closed in between two of them.
    int bytes = 2 << 20;
    for (String name : List.of("ours", "else")) {
      try (LinuxFile file = create(name)) {
        write(file, name.substring(0, 1).repeat(bytes), 0);
      }
    }
    AtomicReference<LinuxFile> shared = new AtomicReference<>(reopen("ours"));
    AtomicBoolean stop = new AtomicBoolean();
    CompletableFuture<Void> reader = new CompletableFuture<>();
    Thread.ofPlatform()
        .start(
            () -> {
              try {
                byte[] ours = "o".repeat(bytes).getBytes(UTF_8);
                ByteBuffer target = ByteBuffer.allocate(bytes);
                while (!stop.get()) {
                  try {
                    assertEquals(bytes, shared.get().read(target.clear(), 0));
                    assertArrayEquals(ours, target.array());
                  } catch (ClosedChannelException e) {
                    Thread.onSpinWait(); // the next one is being opened
                  }
                }
                reader.complete(null);
              } catch (Throwable e) {
                reader.completeExceptionally(e);
              }
            });
    for (int i = 0; i < ROUNDS && !reader.isDone(); i++) {
      shared.get().close();
      try (LinuxFile other = reopen("else")) {
        assertEquals(bytes, other.size());
      }
      shared.set(reopen("ours"));
    }
    stop.set(true);
    reader.join();
    shared.get().close();
  }

  private LinuxFile reopen(String name) throws IOException {
    return LinuxFile.open(directory.resolve(name).toString(), name, false, false);
  }

  @Test
  void closedFileRefusesCallsAndIsClosedOnce() throws IOException {
    LinuxFile file = create("a");
    file.close();
    try (LinuxFile next = create("b")) {
      file.close(); // must not close the one that has the number now
      write(next, "x", 0);
      assertEquals(1, next.size());
    }
    assertThrows(ClosedChannelException.class, file::size);
    assertThrows(ClosedChannelException.class, () -> file.read(ByteBuffer.allocate(1), 0));
    assertThrows(ClosedChannelException.class, () -> write(file, "x", 0));
    assertThrows(ClosedChannelException.class, file::sync);
    assertThrows(ClosedChannelException.class, () -> file.truncate(0));
  }

  @Test
  void movesMoreThanItsMemoryHolds() throws Exception {
    byte[] bytes = new byte[3_000_003];
    new Random(7).nextBytes(bytes);
    AtomicReference<@Nullable Throwable> failed = new AtomicReference<>();
    Runnable moves =
        () -> {
          try (LinuxFile file =
              create(Thread.currentThread().isVirtual() ? "virtual" : "platform")) {
            ByteBuffer direct = ByteBuffer.allocateDirect(400_000).put(bytes, 7, 400_000).flip();
            file.write(
                new ByteBuffer[] {
                  ByteBuffer.wrap(bytes, 0, 7),
                  direct,
                  ByteBuffer.allocate(0),
                  ByteBuffer.wrap(bytes, 400_007, 2_599_996).slice()
                },
                5);
            ByteBuffer heap = ByteBuffer.allocate(3_000_010).position(3);
            assertEquals(3_000_003, file.read(heap, 5));
            assertEquals(3_000_006, heap.position());
            assertArrayEquals(bytes, Arrays.copyOfRange(heap.array(), 3, 3_000_006));
            ByteBuffer into = ByteBuffer.allocateDirect(3_000_003);
            into.position(1).limit(3_000_001);
            assertEquals(3_000_000, file.read(into, 5));
            assertEquals(ByteBuffer.wrap(bytes, 0, 3_000_000), into.flip().position(1));
          } catch (IOException | RuntimeException | Error e) {
            failed.set(e);
          }
        };
    moves.run();
    assertEquals(null, failed.get());
    Thread.ofVirtual().start(moves).join();
    assertEquals(null, failed.get());
  }

  @Test
  void namesTheFileInWhatItThrows() throws IOException {
    String gone = directory.resolve("gone").toString();
    NoSuchFileException absent =
        assertThrows(
            NoSuchFileException.class, () -> LinuxFile.open(gone, "main/gone", true, false));
    assertEquals("main/gone", absent.getFile());
    try (LinuxFile file = create("ümläut 鍵")) {
      assertEquals(0, file.size());
      assertThrows(FileAlreadyExistsException.class, () -> create("ümläut 鍵"));
    }
    FileSystemException folder =
        assertThrows(
            FileSystemException.class,
            () -> LinuxFile.open(directory.toString(), "main", true, false));
    assertEquals("main: Is a directory", folder.getMessage());
  }

  @Test
  void tellsAFullDiskFromOtherFailures() {
    assertInstanceOf(DiskFullException.class, LinuxCalls.failure(28, "a", "No space left"));
    assertInstanceOf(DiskFullException.class, LinuxCalls.failure(122, "a", "Quota exceeded"));
    assertInstanceOf(AccessDeniedException.class, LinuxCalls.failure(13, "a", "Permission denied"));
    assertEquals(
        "a: Too many open files",
        LinuxCalls.failure(24, "a", "Zu viele offene Dateien").getMessage());
    assertEquals(
        "a: Input/output error", LinuxCalls.failure(5, "a", "Input/output error").getMessage());
  }
}
