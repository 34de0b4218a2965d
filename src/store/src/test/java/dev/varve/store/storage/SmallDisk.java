package dev.varve.store.storage;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** A tmpfs of a test's own, mounted for each test, which the test fills and makes room on. */
public final class SmallDisk implements BeforeEachCallback, AfterEachCallback {
  /** What a tmpfs gives out at a time. */
  public static final int PAGE_BYTES = 4096;

  private final int bytes;
  private Path mountPoint = Path.of("");

  public SmallDisk(int bytes) {
    this.bytes = bytes;
  }

  @Override
  public void beforeEach(ExtensionContext context) throws IOException, InterruptedException {
    mountPoint = Files.createTempDirectory("varve-small-disk");
    Process mount =
        new ProcessBuilder(
                "mount", "-t", "tmpfs", "-o", "size=" + bytes, "varve-test", mountPoint.toString())
            .redirectErrorStream(true)
            .start();
    String said = new String(mount.getInputStream().readAllBytes(), UTF_8);
    if (mount.waitFor() != 0) {
      Files.delete(mountPoint);
      fail(
          "this test fills a small disk of its own: it needs the right to mount a tmpfs (root, or"
              + " CAP_SYS_ADMIN in a container): "
              + said);
    }
  }

  /** Called after the test's own {@code @AfterEach}: nothing may be open there any more. */
  @Override
  public void afterEach(ExtensionContext context) throws IOException, InterruptedException {
    Process unmount = new ProcessBuilder("umount", mountPoint.toString()).inheritIO().start();
    assertEquals(0, unmount.waitFor());
    Files.delete(mountPoint);
  }

  public Path path(String name) {
    return mountPoint.resolve(name);
  }

  public long usableBytes() throws IOException {
    return Files.getFileStore(mountPoint).getUsableSpace();
  }

  /** What takes the room. */
  private Path other() {
    return path("other");
  }

  public boolean filled() {
    return Files.exists(other());
  }

  /** Somebody else takes the room, but for so many pages. Nobody writes there meanwhile. */
  public void fill(int pagesLeft) throws IOException {
    try (OutputStream out = Files.newOutputStream(other())) {
      long pages = usableBytes() / PAGE_BYTES - pagesLeft;
      for (long i = 0; i < pages; i++) {
        out.write(new byte[PAGE_BYTES]);
      }
    }
    assertEquals((long) pagesLeft * PAGE_BYTES, usableBytes());
  }

  /** The same while somebody writes there: about so many pages are left. */
  public void fillBesideWriters(int pagesLeft) throws IOException {
    try (OutputStream out = Files.newOutputStream(other())) {
      while (usableBytes() > (long) pagesLeft * PAGE_BYTES) {
        out.write(new byte[PAGE_BYTES]);
      }
    } catch (IOException e) {
      if (usableBytes() > (long) pagesLeft * PAGE_BYTES) {
        throw e; // else the writer has taken the last page
      }
    }
  }

  public void makeRoom() throws IOException {
    Files.delete(other());
  }
}
