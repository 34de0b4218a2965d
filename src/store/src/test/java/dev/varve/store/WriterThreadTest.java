package dev.varve.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

class WriterThreadTest {
  private static final int THREADS = 4;
  private static final int TASKS = 20_000;

  /** What the thread was told to run, for the test to run. */
  private final Queue<Runnable> thread = new ArrayDeque<>();

  private final WriterThread writer = new WriterThread(thread::add);
  private final List<String> ran = new ArrayList<>();

  private void runThread() {
    for (Runnable told = thread.poll(); told != null; told = thread.poll()) {
      told.run();
    }
  }

  @Test
  void idleWriterServesItsCallerOnTheCallersThread() {
    writer.executeHere(() -> ran.add("here"), () -> !ran.isEmpty());
    assertEquals(List.of("here"), ran);
    assertTrue(thread.isEmpty(), "the thread was woken for nothing");
  }

  @Test
  void busyWriterIsNotServedByAnother() {
    writer.execute(() -> ran.add("first"));
    writer.executeHere(() -> ran.add("second"), () -> ran.size() == 2);
    assertEquals(List.of(), ran);
    runThread();
    assertEquals(List.of("first", "second"), ran);
  }

  @Test
  void callerGoesWhenItHasWhatItWaitsFor() {
    AtomicBoolean done = new AtomicBoolean();
    writer.executeHere(
        () -> {
          ran.add("mine");
          writer.execute(() -> ran.add("not mine"));
          assertFalse(writer.keepsCaller());
          done.set(true);
          assertTrue(writer.keepsCaller());
        },
        done::get);
    assertEquals(List.of("mine"), ran);
    assertFalse(writer.keepsCaller(), "the thread's own tasks keep nobody");
    runThread();
    assertEquals(List.of("mine", "not mine"), ran);
  }

  @Test
  void callerRunsWhatComesUntilItsOwnIsDone() {
    writer.executeHere(
        () -> writer.execute(() -> writer.execute(() -> ran.add("third"))), () -> false);
    assertEquals(List.of("third"), ran);
    assertTrue(thread.isEmpty());
    writer.execute(() -> ran.add("fourth"));
    runThread();
    assertEquals(List.of("third", "fourth"), ran);
  }

  @Test
  void faultOfATaskIsTheThreadsAndOthersRun() {
    IllegalStateException fault = new IllegalStateException("a task's");
    writer.executeHere(
        () -> {
          writer.execute(() -> ran.add("next"));
          throw fault;
        },
        () -> false);
    assertSame(fault, assertThrows(IllegalStateException.class, this::runThread));
    assertEquals(List.of("next"), ran);
    writer.execute(
        () -> {
          writer.execute(() -> ran.add("last"));
          throw fault;
        });
    assertSame(fault, assertThrows(IllegalStateException.class, this::runThread));
    runThread();
    assertEquals(List.of("next", "last"), ran);
  }

  @Test
  void virtualThreadsServeNobody() throws InterruptedException {
    Thread.ofVirtual().start(() -> writer.executeHere(() -> ran.add("x"), () -> false)).join();
    assertEquals(List.of(), ran);
    runThread();
    assertEquals(List.of("x"), ran);
  }

  /** The guard is who may set {@code running}: two who run at once lose counts and order. */
  @Test
  void tasksOfManyThreadsRunOneAtATimeInTheirOrder() throws InterruptedException {
    try (ExecutorService own = Executors.newSingleThreadExecutor()) {
      WriterThread shared = new WriterThread(own);
      int[] counted = new int[1];
      int[] last = new int[THREADS];
      List<String> outOfOrder = new ArrayList<>();
      CountDownLatch ended = new CountDownLatch(THREADS);
      for (int t = 0; t < THREADS; t++) {
        int number = t;
        Thread.ofPlatform()
            .start(
                () -> {
                  for (int i = 1; i <= TASKS; i++) {
                    int task = i;
                    CompletableFuture<Void> done = new CompletableFuture<>();
                    Runnable count =
                        () -> {
                          counted[0]++;
                          if (last[number] != task - 1) {
                            outOfOrder.add(number + ": " + task + " after " + last[number]);
                          }
                          last[number] = task;
                          done.complete(null);
                        };
                    if (task % 3 == 0) {
                      shared.execute(count);
                    } else {
                      shared.executeHere(count, done::isDone);
                      done.join();
                    }
                  }
                  ended.countDown();
                });
      }
      ended.await();
      CompletableFuture<Integer> all = new CompletableFuture<>();
      shared.execute(() -> all.complete(counted[0]));
      assertEquals(THREADS * TASKS, all.join());
      assertEquals(List.of(), outOfOrder);
    }
  }

  @Test
  void runsOnTheThreadOtherwise() {
    try (ExecutorService own = Executors.newSingleThreadExecutor()) {
      CompletableFuture<Thread> by = new CompletableFuture<>();
      new WriterThread(own).execute(() -> by.complete(Thread.currentThread()));
      assertNotSame(Thread.currentThread(), by.join());
    }
  }
}
