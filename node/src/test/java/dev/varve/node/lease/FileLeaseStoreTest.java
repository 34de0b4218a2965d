package dev.varve.node.lease;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.varve.replication.LeaseConflictException;
import dev.varve.replication.LeaseView;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileLeaseStoreTest {
  private final ExecutorService executor = Executors.newCachedThreadPool();
  @TempDir Path directory;

  @AfterEach
  void stop() {
    executor.close();
  }

  private FileLeaseStore store(String... bootstrap) {
    return new FileLeaseStore(directory.resolve("lease"), List.of(bootstrap), executor);
  }

  private static LeaseView held(LeaseView view, String holder, long term) {
    return new LeaseView(
        view.version(), holder, term, 1_700_000_000_123L, 15_000, List.of(), Map.of("a", "00ff"));
  }

  @Test
  void whoeverCreatesTheFileGivesThePermissionToBootstrap() {
    LeaseView first = store("a", "b").read().join();
    assertEquals(List.of("a", "b"), first.bootstrapRequested());
    assertNull(first.holder());
    assertEquals(0, first.term());
    assertEquals(List.of("a", "b"), store("c").read().join().bootstrapRequested());
  }

  @Test
  void keepsWhatWasWritten() {
    FileLeaseStore store = store("a");
    LeaseView read = store.read().join();
    LeaseView written = store.compareAndSet(read, held(read, "a", 7)).join();
    assertEquals(written, store().read().join());
    assertEquals("a", written.holder());
    assertEquals(7, written.term());
    assertEquals(1_700_000_000_123L, written.renewedAtMs());
    assertEquals(Map.of("a", "00ff"), written.bootstrapMembers());
    assertEquals(List.of(), written.bootstrapRequested());
  }

  @Test
  void refusesAChangeMadeForAnOlderVersion() {
    FileLeaseStore store = store("a");
    LeaseView read = store.read().join();
    LeaseView taken = store.compareAndSet(read, held(read, "a", 1)).join();
    CompletionException refusal =
        assertThrows(
            CompletionException.class, () -> store.compareAndSet(read, held(read, "b", 1)).join());
    assertInstanceOf(LeaseConflictException.class, refusal.getCause());
    assertEquals(taken, store.read().join());
  }

  @Test
  void ofManyWhoWantTheSameTermOneGetsIt() throws Exception {
    List<FileLeaseStore> stores = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      stores.add(store("a"));
    }
    for (int round = 1; round <= 20; round++) {
      LeaseView read = stores.getFirst().read().join();
      List<Future<Boolean>> wins = new ArrayList<>();
      for (int i = 0; i < stores.size(); i++) {
        FileLeaseStore store = stores.get(i);
        LeaseView next = held(read, "m" + i, round);
        wins.add(
            executor.submit(
                () ->
                    store
                        .compareAndSet(read, next)
                        .handle((written, failure) -> failure == null)
                        .get()));
      }
      int won = 0;
      for (Future<Boolean> win : wins) {
        won += win.get() ? 1 : 0;
      }
      assertEquals(1, won);
    }
  }

  @Test
  void doesNotGuessADamagedFile() throws IOException {
    Files.writeString(directory.resolve("lease"), "version=3\nterm=x\n");
    CompletionException failure =
        assertThrows(CompletionException.class, () -> store("a").read().join());
    assertInstanceOf(IOException.class, failure.getCause());
  }
}
