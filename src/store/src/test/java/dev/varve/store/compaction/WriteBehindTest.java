package dev.varve.store.compaction;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.store.storage.DiskFullException;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import org.junit.jupiter.api.Test;

class WriteBehindTest {
  private final List<String> done = new ArrayList<>();

  @Test
  void workOnTheCallersThreadFailsAtOnce() throws IOException {
    WriteBehind writes = new WriteBehind(Runnable::run);
    IOException full = new DiskFullException("x", null);
    assertSame(full, assertThrows(IOException.class, () -> writes.hand(() -> fail(full))));
    writes.await(); // told once
  }

  @Test
  void workOfAnotherThreadFailsTheNextCall() throws IOException {
    Queue<Runnable> tasks = new ArrayDeque<>();
    WriteBehind writes = new WriteBehind(tasks::add);
    IOException full = new DiskFullException("x", null);
    writes.hand(() -> fail(full));
    tasks.remove().run();
    assertSame(
        full, assertThrows(IOException.class, () -> writes.hand(() -> done.add("not reached"))));
    assertTrue(tasks.isEmpty(), "nothing is written after a failure that nobody was told of");
    writes.await();
  }

  @Test
  void faultsAndErrorsArriveAsTheyAre() {
    WriteBehind writes = new WriteBehind(Runnable::run);
    assertThrows(
        IllegalStateException.class,
        () ->
            writes.hand(
                () -> {
                  throw new IllegalStateException("x");
                }));
    assertThrows(
        StackOverflowError.class,
        () ->
            writes.hand(
                () -> {
                  throw new StackOverflowError("x");
                }));
  }

  @Test
  void refusedWorkIsNotWaitedFor() throws IOException {
    WriteBehind writes =
        new WriteBehind(
            task -> {
              throw new RejectedExecutionException("closed");
            });
    assertThrows(RejectedExecutionException.class, () -> writes.hand(() -> done.add("never")));
    writes.await();
    assertEquals(List.of(), done);
  }

  /** An interrupt must not let the caller go on with a buffer that is still being written. */
  @Test
  void anInterruptDoesNotEndTheWait() throws Exception {
    try (ExecutorService thread = Executors.newSingleThreadExecutor()) {
      WriteBehind writes = new WriteBehind(thread);
      Thread caller = Thread.currentThread();
      writes.hand(
          () -> {
            caller.interrupt();
            while (caller.getState() != Thread.State.WAITING) {
              Thread.onSpinWait();
            }
            done.add("written");
          });
      writes.await();
      assertEquals(List.of("written"), done);
      assertTrue(Thread.interrupted(), "whoever owns the thread is still told");
    }
  }

  private static void fail(IOException e) throws IOException {
    throw e;
  }
}
