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
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLongArray;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Writers, readers and scans on threads of their own while compactions replace and delete the
 * segments under them: no read is stale, lost or fails (pitfalls 4, 7, 18; guards: {@code
 * Snapshot.replaced}, {@code SegmentReader.tryAcquire}, {@code LinuxFile}).
 */
class StoreConcurrencyTest {
  private static final int KEYS = 400;
  private static final int ROUNDS = 25;

  private final StoreFixture fixture = new StoreFixture();

  /** The round that each key was last acknowledged with. */
  private final AtomicLongArray acknowledged = new AtomicLongArray(KEYS);

  private final AtomicBoolean writing = new AtomicBoolean(true);
  private final AtomicInteger compactions = new AtomicInteger();

  @Test
  void readsAreNeverStaleWhileSegmentsAreCompactedAway(@TempDir Path directory) throws Exception {
    try (StoreRuntime runtime = StoreRuntime.threads("test");
        Store store = Store.openStandalone(fixture.options, new PosixStorage(directory), runtime);
        ExecutorService threads = Executors.newCachedThreadPool()) {
      writeRound(store, 1, 0, KEYS);
      List<Future<Integer>> results = new ArrayList<>();
      List<Future<Integer>> writers = new ArrayList<>();
      writers.add(threads.submit(() -> writeAll(store, 0, KEYS / 2)));
      writers.add(threads.submit(() -> writeAll(store, KEYS / 2, KEYS)));
      results.add(threads.submit(whileWriting(() -> readAll(store))));
      results.add(threads.submit(whileWriting(() -> scanAll(store))));
      results.add(threads.submit(whileWriting(() -> compactAll(store))));
      for (Future<Integer> writer : writers) {
        writer.get();
      }
      writing.set(false);
      for (Future<Integer> result : results) {
        assertTrue(result.get() > 0, "a thread did nothing");
      }
      assertTrue(compactions.get() > 0, "nothing was compacted");
      for (int key = 0; key < KEYS; key++) {
        assertEquals(ROUNDS, round(store, key));
      }
    }
  }

  /** Does it over and over while there are writes, and at least once. */
  private Callable<Integer> whileWriting(Callable<Integer> work) {
    return () -> {
      int done = 0;
      while (writing.get() || done == 0) {
        done += work.call();
      }
      return done;
    };
  }

  private int writeAll(Store store, int from, int to) throws IOException {
    for (int round = 2; round <= ROUNDS; round++) {
      writeRound(store, round, from, to);
    }
    return ROUNDS;
  }

  private void writeRound(Store store, int round, int from, int to) throws IOException {
    for (int key = from; key < to; key += 10) {
      WriteBatch batch = new WriteBatch();
      for (int one = key; one < key + 10; one++) {
        batch.put("main", bytes("key-" + one), bytes(round + ":" + "x".repeat(80)));
      }
      StoreFixture.write(store, batch);
      for (int one = key; one < key + 10; one++) {
        acknowledged.set(one, round);
      }
    }
  }

  private static long round(Store store, int key) throws IOException {
    Versioned found = store.get("main", bytes("key-" + key));
    return found == null ? 0 : round(found);
  }

  private static long round(Versioned found) {
    String value = text(found.value());
    return Long.parseLong(value.substring(0, value.indexOf(':')));
  }

  private int readAll(Store store) throws IOException {
    for (int key = 0; key < KEYS; key++) {
      long before = acknowledged.get(key);
      long found = round(store, key);
      assertTrue(found >= before, () -> "read round " + found + " after " + before);
    }
    return KEYS;
  }

  private int scanAll(Store store) throws IOException {
    long[] before = new long[KEYS];
    for (int key = 0; key < KEYS; key++) {
      before[key] = acknowledged.get(key);
    }
    int seen = 0;
    try (Scan scan = store.scan("main", new byte[0], false)) {
      for (Scan.Entry entry = scan.next(); entry != null; entry = scan.next()) {
        seen++;
        int key = Integer.parseInt(text(entry.key()).substring("key-".length()));
        assertTrue(round(entry.versioned()) >= before[key]);
        assertTrue(entry.versioned().sequence() <= scan.sequence());
      }
    }
    assertEquals(KEYS, seen);
    return seen;
  }

  private int compactAll(Store store) throws IOException {
    CompactionEvent end =
        store.compact(fixture.request("main", true), event -> {}, CancelToken.unbounded());
    assertTrue(end.type() != CompactionEvent.Type.FAILED, end.toString());
    store.checkpoint().join();
    if (end.type() == CompactionEvent.Type.COMPLETED) {
      compactions.incrementAndGet();
    }
    return 1;
  }
}
