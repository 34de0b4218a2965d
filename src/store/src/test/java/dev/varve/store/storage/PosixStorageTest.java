package dev.varve.store.storage;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PosixStorageTest {

  @TempDir Path directory;

  /** Pitfall 18, where files are channels. Guard: {@code ChannelFile} sets the interrupt aside. */
  @Test
  void pendingInterruptClosesNoChannelAndIsKept() throws IOException {
    PosixStorage storage = new PosixStorage(directory).throughChannels();
    try (StorageFile file = storage.create("a")) {
      Thread.currentThread().interrupt();
      file.write(new ByteBuffer[] {ByteBuffer.wrap("abc".getBytes(UTF_8))}, 0);
      file.sync();
      storage.syncDirectory("");
      ByteBuffer target = ByteBuffer.allocate(3);
      assertEquals(3, file.read(target, 0));
      assertTrue(Thread.interrupted(), "the interrupt must still be pending");
      assertEquals("abc", new String(target.array(), UTF_8));
    }
  }

  @Test
  void fullDiskIsToldFromOtherFailures() throws IOException {
    PosixStorage storage = new PosixStorage(directory);
    IOException full = new IOException("No space left on device");
    assertSame(
        full,
        assertInstanceOf(DiskFullException.class, storage.translated(full, "a", 1)).getCause());
    assertInstanceOf(
        DiskFullException.class,
        storage.translated(new FileSystemException("a", null, "Disk quota exceeded"), "a", 1));
    IOException foreign = new IOException("Auf dem Gerät ist kein Speicherplatz mehr verfügbar");
    assertInstanceOf(
        DiskFullException.class, storage.translated(foreign, "a", Long.MAX_VALUE), "by free space");
    IOException other = new IOException("Input/output error");
    assertSame(other, storage.translated(other, "a", 1));
  }

  @Test
  void pathsStayWithinTheDirectory() throws IOException {
    PosixStorage storage = new PosixStorage(directory);
    assertThrows(IllegalArgumentException.class, () -> storage.create("../outside"));
    assertThrows(IllegalArgumentException.class, () -> storage.open("/etc/hostname"));
  }

  @Test
  void lockHoldsAgainstAnotherProcess() throws Exception {
    PosixStorage storage = new PosixStorage(directory);
    try (Closeable held = storage.lock("lock")) {
      assertTrue(held != null);
      // A refused attempt in this process must not drop the lock that is held.
      assertThrows(StoreLockedException.class, () -> storage.lock("lock"));
      assertEquals("locked", tryLockInAnotherProcess());
    }
    assertEquals("free", tryLockInAnotherProcess());
  }

  private String tryLockInAnotherProcess() throws Exception {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xshare:auto",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                LockAttempt.class.getName(),
                directory.toString())
            .redirectErrorStream(true)
            .start();
    assertTrue(process.waitFor(60, TimeUnit.SECONDS), "the other process hangs");
    return new String(process.getInputStream().readAllBytes(), UTF_8).strip();
  }

  /** Runs in another process. */
  static final class LockAttempt {
    public static void main(String[] args) throws IOException {
      try (Closeable held = new PosixStorage(Path.of(args[0])).lock("lock")) {
        System.out.println(held == null ? "?" : "free");
      } catch (StoreLockedException e) {
        System.out.println("locked");
      }
    }
  }
}
