package dev.varve.store;

import static dev.varve.store.StoreFixture.bytes;
import static dev.varve.store.StoreFixture.text;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.store.compaction.CancelToken;
import dev.varve.store.storage.PosixStorage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/**
 * Snapshots opened while batches are applied and compaction swaps the segments under them: each
 * sees every batch whole or not at all, up to exactly its sequence (pitfall 4; guard: {@code
 * Snapshot.replaced}).
 */
@ExtendWith(QuietLog.class)
class SnapshotConcurrencyTest {
  private static final int KEYS = 40;
  private static final int ROUNDS = 1500;

  private final StoreFixture fixture = new StoreFixture();

  /** The last round that was acknowledged. */
  private final AtomicLong acknowledged = new AtomicLong();

  @Test
  void aSnapshotSeesWholeBatches(@TempDir Path directory) throws Exception {
    try (StoreRuntime runtime = StoreRuntime.threads("test");
        Store store = Store.openStandalone(fixture.options, new PosixStorage(directory), runtime);
        ExecutorService threads = Executors.newCachedThreadPool()) {
      writeRound(store, 1);
      List<Future<Integer>> beside = new ArrayList<>();
      beside.add(threads.submit(whileWriting(() -> scan(store))));
      beside.add(threads.submit(whileWriting(() -> scan(store))));
      beside.add(threads.submit(whileWriting(() -> compact(store))));
      for (int round = 2; round <= ROUNDS; round++) {
        writeRound(store, round);
      }
      for (Future<Integer> one : beside) {
        assertTrue(one.get() > 0, "a thread did nothing");
      }
    }
  }

  private Callable<Integer> whileWriting(Callable<Integer> work) {
    return () -> {
      int done = 0;
      do {
        done += work.call();
      } while (acknowledged.get() < ROUNDS);
      return done;
    };
  }

  /** All keys in one batch, in as many sub-tables of the index, each in the same round. */
  private void writeRound(Store store, int round) throws IOException {
    WriteBatch batch = new WriteBatch();
    for (int key = 0; key < KEYS; key++) {
      batch.put("main", bytes("key-" + key), bytes(String.valueOf(round)));
    }
    StoreFixture.write(store, batch);
    acknowledged.set(round);
  }

  private int scan(Store store) throws IOException {
    long before = acknowledged.get();
    TreeSet<Long> rounds = new TreeSet<>();
    TreeSet<Long> sequences = new TreeSet<>();
    int seen = 0;
    try (Scan scan = store.scan("main", new byte[0], false)) {
      for (Scan.Entry entry = scan.next(); entry != null; entry = scan.next()) {
        seen++;
        rounds.add(Long.parseLong(text(entry.versioned().value())));
        sequences.add(entry.versioned().sequence());
      }
      assertEquals(KEYS, seen);
      assertEquals(1, rounds.size(), () -> "parts of the rounds " + rounds);
      assertEquals(1, sequences.size(), () -> "batches " + sequences);
      assertTrue(rounds.first() >= before, () -> "round " + rounds + " after " + before);
      assertTrue(sequences.first() <= scan.sequence());
    }
    return 1;
  }

  private int compact(Store store) throws IOException {
    CompactionEvent end =
        store.compact(fixture.request("main", true), event -> {}, CancelToken.unbounded());
    assertTrue(end.type() != CompactionEvent.Type.FAILED, end.toString());
    store.checkpoint().join();
    return end.type() == CompactionEvent.Type.COMPLETED ? 1 : 0;
  }
}
