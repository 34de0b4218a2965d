package dev.varve.store;

import static dev.varve.store.StoreFixture.contents;
import static dev.varve.store.StoreFixture.put;
import static dev.varve.store.StoreFixture.value;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.store.compaction.CancelToken;
import dev.varve.store.compaction.CompactionOptions;
import dev.varve.store.manifest.KeyspaceType;
import dev.varve.store.storage.PosixStorage;
import dev.varve.store.storage.SmallDisk;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * A disk that is really full, a tmpfs of 6 MiB, at each stage of the store's work: reads go on, the
 * refusal says what it is, nothing acknowledged is lost, and with room again the store goes on
 * (pitfall 12).
 */
@ExtendWith(QuietLog.class)
class FullDiskTest {
  @RegisterExtension final SmallDisk disk = new SmallDisk(6 << 20);

  private final Map<String, String> acknowledged = new TreeMap<>();
  private StoreRuntime runtime = StoreRuntime.threads("full-disk");
  private Store store;
  private long ballastBytes;

  @BeforeEach
  void begin() throws IOException {
    store = open();
  }

  @AfterEach
  void end() throws IOException {
    store.close();
    runtime.close();
  }

  private Store open() throws IOException {
    StoreOptions options =
        StoreOptions.defaults()
            .withKeyspaces(List.of(new KeyspaceOptions("main", KeyspaceType.KEY_VALUE, 512L << 10)))
            .withBallastBytes(ballastBytes);
    Path directory = disk.path("store");
    return Store.openStandalone(options, new PosixStorage(directory), runtime);
  }

  private void write(String key, String value) throws IOException {
    put(store, "main", key, value);
    acknowledged.put("main/" + key, value);
  }

  private CompactionEvent compact(String runId) throws IOException {
    return compact(runId, event -> {});
  }

  private CompactionEvent compact(String runId, CompactionListener listener) throws IOException {
    return store.compact(
        new CompactionRequest(runId, CompactionOptions.defaults("main").forced(), true, 0),
        listener,
        CancelToken.unbounded());
  }

  /** Fills the disk as soon as a run has read something. */
  private CompactionListener fillingMeanwhile(int pagesLeft) {
    return event -> {
      if (event.type() == CompactionEvent.Type.PROGRESS && !disk.filled()) {
        try {
          disk.fillBesideWriters(pagesLeft);
        } catch (IOException e) {
          throw new AssertionError(e);
        }
      }
    };
  }

  private void openWithBallast(long bytes) throws IOException {
    store.close();
    ballastBytes = bytes;
    store = open();
    awaitBallast(bytes);
  }

  /** It is made in the background. */
  private void awaitBallast(long bytes) {
    Path file = disk.path("store/" + Ballast.PATH);
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    while (file.toFile().length() != bytes) {
      assertTrue(System.nanoTime() < deadline, () -> file + " has " + file.toFile().length());
      Thread.onSpinWait();
    }
  }

  private void refused(String key, String value) throws IOException {
    StoreFullException e =
        assertThrows(StoreFullException.class, () -> put(store, "main", key, value));
    assertTrue(String.valueOf(e.getMessage()).contains("full"), e.getMessage());
    stillReads();
  }

  private void stillReads() throws IOException {
    assertFalse(store.log().state().poisoned());
    assertEquals(acknowledged, contents(store));
  }

  /** With room the same store takes writes, and the next one finds it all. */
  private void goesOn() throws IOException {
    write("goes-on", "with room again");
    stillReads();
    store.close();
    store = open();
    stillReads();
  }

  @Test
  void aWriteIsRefused() throws IOException {
    write("a", value(1, 10_000));
    disk.fill(2);
    refused("b", value(2, 100_000));
    refused("a", value(3, 100_000));
    disk.makeRoom();
    write("b", value(4, 100_000));
    goesOn();
  }

  @Test
  void aRollIsRefused() throws IOException {
    for (int i = 0; i < 5; i++) {
      write("key-" + i, value(i, 100_000));
    }
    assertEquals(1, StoreFixture.keyspace(store, "main").segments().size());
    disk.fill(0);
    refused("rolls", value(6, 100_000));
    assertEquals(1, StoreFixture.keyspace(store, "main").segments().size());
    disk.makeRoom();
    write("rolls", value(7, 100_000));
    assertEquals(2, StoreFixture.keyspace(store, "main").segments().size());
    goesOn();
  }

  @Test
  void aCompactionIsRolledBack() throws IOException {
    for (int i = 0; i < 30; i++) {
      write(i % 2 == 0 ? "dead" : "live-" + i, value(i, 100_000));
    }
    List<KeyspaceStatus.SegmentStatus> before = StoreFixture.keyspace(store, "main").segments();
    CompactionEvent end = compact("full", fillingMeanwhile(10));
    assertEquals(CompactionEvent.Type.FAILED, end.type());
    assertEquals("DiskFull", end.reason(), end.message());
    stillReads();
    assertEquals(before.getFirst(), StoreFixture.keyspace(store, "main").segments().getFirst());
    try (var files = Files.list(disk.path("store/main"))) {
      assertEquals(List.of(), files.filter(f -> f.toString().endsWith(".tmp")).toList());
    }
    disk.makeRoom();
    CompactionEvent again = compact("with-room");
    assertEquals(CompactionEvent.Type.COMPLETED, again.type(), again.message());
    assertTrue(again.spaceSaved() > 1_000_000, again.message());
    goesOn();
  }

  @Test
  void aCompactionThatHasNoRoomDoesNotBegin() throws IOException {
    for (int i = 0; i < 30; i++) {
      write(i % 2 == 0 ? "dead" : "live-" + i, value(i, 100_000));
    }
    disk.fillBesideWriters(10);
    CompactionEvent end = compact("full");
    assertEquals(CompactionEvent.Type.FAILED, end.type());
    assertEquals("DiskFull", end.reason(), end.message());
    assertEquals(0, end.recordsScanned());
    stillReads();
    disk.makeRoom();
    goesOn();
  }

  /** Guards: {@code Ballast.release} in {@code Compactor.planned} and {@code Ballast.relieve}. */
  @Test
  void theBallastIsEnoughToCompactAFullDisk() throws IOException {
    openWithBallast(1 << 20);
    for (int i = 0; i < 30; i++) {
      write(i % 2 == 0 ? "dead" : "live-" + i, value(i, 100_000));
    }
    disk.fillBesideWriters(0);
    refused("more", value(1, 100_000));
    CompactionEvent first = compact("first");
    assertEquals(CompactionEvent.Type.COMPLETED, first.type(), first.message());
    assertTrue(first.spaceSaved() > 200_000, first.message());
    stillReads();
    while (compact("next-" + System.nanoTime()).spaceSaved() > 0) {
      stillReads();
    }
    assertTrue(StoreFixture.keyspace(store, "main").deadRatio() < 0.1);
    store.checkpoint().join();
    disk.makeRoom();
    store.checkpoint().join();
    awaitBallast(1 << 20);
    goesOn();
  }

  @Test
  void theBallastLetsARunEndThatMeetsAFullDiskOnItsWay() throws IOException {
    openWithBallast(1 << 20);
    for (int i = 0; i < 20; i++) {
      write(i % 2 == 0 ? "dead" : "live-" + i, value(i, 100_000));
    }
    CompactionEvent end = compact("meets", fillingMeanwhile(10));
    assertEquals(CompactionEvent.Type.COMPLETED, end.type(), end.message());
    stillReads();
    disk.makeRoom();
    goesOn();
  }

  @Test
  void theBallastLetsACheckpointThrough() throws IOException {
    openWithBallast(1 << 20);
    write("a", value(1, 10_000));
    disk.fillBesideWriters(0);
    for (int i = 0; i < 100; i++) {
      assertTrue(store.checkpoint().join().sequence() > 0);
    }
    stillReads();
    disk.makeRoom();
    goesOn();
  }

  @Test
  void aCheckpointIsRefused() throws IOException {
    write("a", value(1, 10_000));
    disk.fill(0);
    CompletionException refusal =
        assertThrows(
            CompletionException.class,
            () -> {
              for (int i = 0;
                  i < SmallDisk.PAGE_BYTES;
                  i++) { // the manifest's last page has room for some
                store.checkpoint().join();
              }
            });
    assertInstanceOf(StoreFullException.class, refusal.getCause());
    stillReads();
    disk.makeRoom();
    assertTrue(store.checkpoint().join().sequence() > 0);
    goesOn();
  }
}
