package dev.varve.store.keydir;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.Test;

/** Readers without locks beside writers that grow, shrink and move. */
class KeydirConcurrencyTest {

  private static final Match NO = candidate -> false;

  /** Every key has its own offsets, so a torn or misplaced entry can't go unnoticed. */
  private static Location of(int key, int version) {
    return new Location(version & Location.SEGMENT_MAX, key, 40 + (version & 0xFF), false);
  }

  private static boolean belongsTo(int key, Location found) {
    return found.offset() == key && found.length() == 40 + (found.segment() & 0xFF);
  }

  @Test
  void readersSeeEveryKeyWhileItGrows() throws Exception {
    int keys = 120_000;
    AtomicInteger published = new AtomicInteger();
    AtomicInteger looked = new AtomicInteger();
    try (Keydir keydir = new Keydir()) {
      Callable<Void> writer =
          () -> {
            for (int key = 0; key < keys; key++) {
              keydir.put(KeydirTest.hash(key), of(key, key), NO);
              published.setRelease(key + 1);
            }
            return null;
          };
      Callable<Void> reader =
          () -> {
            Random random = new Random(Thread.currentThread().threadId());
            int there;
            do {
              there = published.getAcquire();
              if (there > 0) {
                int key = random.nextInt(there);
                assertEquals(
                    of(key, key),
                    keydir.get(KeydirTest.hash(key), candidate -> candidate.offset() == key),
                    "key " + key + " of " + there);
                assertTrue(keydir.holds(KeydirTest.hash(key), of(key, key)));
                looked.incrementAndGet();
              }
            } while (there < keys);
            return null;
          };
      run(List.of(writer, reader, reader, reader));
      assertEquals(keys, keydir.size());
      assertTrue(looked.get() > 0);
    }
  }

  @Test
  void readersSeeStayingKeysWhileOthersComeAndGo() throws Exception {
    int staying = 3_000;
    int rounds = 4;
    AtomicBoolean done = new AtomicBoolean();
    try (Keydir keydir = new Keydir()) {
      for (int key = 0; key < staying; key++) {
        keydir.put(KeydirTest.hash(key), of(key, 1), NO);
      }
      Callable<Void> churn =
          () -> {
            try {
              for (int round = 0; round < rounds; round++) {
                for (int key = staying; key < staying + 10_000; key++) {
                  keydir.put(KeydirTest.hash(key), of(key, round), NO);
                }
                for (int key = staying; key < staying + 10_000; key++) {
                  assertTrue(keydir.replace(KeydirTest.hash(key), of(key, round), null));
                }
              }
              return null;
            } finally {
              done.set(true);
            }
          };
      Callable<Void> reader =
          () -> {
            for (int key = 0; !done.get(); key = (key + 1) % staying) {
              int wanted = key;
              assertNotNull(
                  keydir.get(KeydirTest.hash(key), candidate -> candidate.offset() == wanted));
            }
            return null;
          };
      run(List.of(churn, reader, reader));
      assertEquals(staying, keydir.size());
    }
  }

  /**
   * Pitfalls 2 and 3: a move that comes after a newer write changes nothing. Guard: {@code
   * SubTable.replace} changes the expected entry alone.
   */
  @Test
  void movesNeverUndoNewerWrites() throws Exception {
    int keys = 2_000;
    int versions = 150;
    AtomicIntegerArray newest = new AtomicIntegerArray(keys);
    AtomicBoolean done = new AtomicBoolean();
    try (Keydir keydir = new Keydir()) {
      for (int key = 0; key < keys; key++) {
        keydir.put(KeydirTest.hash(key), of(key, 0), NO);
      }
      // Versions are even; moving an entry makes its version odd, until the next write.
      Callable<Void> writer =
          () -> {
            try {
              for (int version = 2; version < 2 * versions; version += 2) {
                for (int key = 0; key < keys; key++) {
                  int wanted = key;
                  Location before =
                      keydir.put(
                          KeydirTest.hash(key),
                          of(key, version),
                          candidate -> candidate.offset() == wanted);
                  assertNotNull(before);
                  assertEquals(version - 2, before.segment() & ~1);
                  newest.setRelease(key, version);
                }
              }
              return null;
            } finally {
              done.set(true);
            }
          };
      Callable<Void> mover =
          () -> {
            while (!done.get()) {
              for (int key = 0; key < keys; key++) {
                int version = newest.getAcquire(key);
                keydir.replace(KeydirTest.hash(key), of(key, version), of(key, version + 1));
              }
            }
            return null;
          };
      Callable<Void> reader =
          () -> {
            for (int key = 0; !done.get(); key = (key + 1) % keys) {
              int wanted = key;
              int atLeast = newest.getAcquire(key);
              Location found =
                  keydir.get(KeydirTest.hash(key), candidate -> candidate.offset() == wanted);
              assertNotNull(found);
              assertTrue(belongsTo(key, found), "a torn entry: " + found);
              assertTrue(found.segment() >= atLeast, found + " is older than " + atLeast);
            }
            return null;
          };
      run(List.of(writer, mover, reader));
      assertEquals(keys, keydir.size());
      for (int key = 0; key < keys; key++) {
        int wanted = key;
        Location found = keydir.get(KeydirTest.hash(key), c -> c.offset() == wanted);
        assertNotNull(found);
        assertEquals(2 * versions - 2, found.segment() & ~1);
      }
    }
  }

  @Test
  void partitionStaysPutWhileItIsHeld() throws Exception {
    try (Keydir keydir = new Keydir()) {
      long hash = KeydirTest.hash(1);
      keydir.put(hash, of(1, 0), NO);
      AtomicBoolean done = new AtomicBoolean();
      Callable<Void> writer =
          () -> {
            for (int version = 0; version < 20_000; version++) {
              assertTrue(keydir.replace(hash, of(1, version), of(1, version + 1)));
            }
            done.set(true);
            return null;
          };
      Callable<Void> holder =
          () -> {
            while (!done.get()) {
              keydir.inPartition(
                  hash,
                  () -> {
                    List<Located> first = keydir.copy(keydir.partitionOf(hash));
                    assertEquals(first, keydir.copy(keydir.partitionOf(hash)));
                  });
            }
            return null;
          };
      run(List.of(writer, holder));
    }
  }

  private static void run(List<Callable<Void>> tasks)
      throws InterruptedException, ExecutionException, TimeoutException {
    try (ExecutorService threads = Executors.newFixedThreadPool(tasks.size())) {
      List<Future<Void>> running = new ArrayList<>();
      for (Callable<Void> task : tasks) {
        running.add(threads.submit(task));
      }
      try {
        for (Future<Void> each : running) {
          each.get(120, TimeUnit.SECONDS);
        }
      } finally {
        threads.shutdownNow();
      }
    }
  }
}
