package dev.varve.store.compaction;

import java.io.IOException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.FutureTask;
import org.jspecify.annotations.Nullable;

/**
 * Writes what was gathered while more is gathered: hands work to an executor, one piece at a time
 * and in order. Used by one thread; what the work has done is visible to it after {@link #await}.
 */
final class WriteBehind {

  /** Something to do with files. */
  @FunctionalInterface
  interface Work {
    void run() throws IOException;
  }

  private final Executor executor;
  private @Nullable FutureTask<@Nullable Void> pending;

  /**
   * @param executor may run the work at once, on the thread that hands it over
   */
  WriteBehind(Executor executor) {
    this.executor = executor;
  }

  /**
   * Hands over work, after that before it has ended.
   *
   * @throws IOException as the work before threw it, or this one where it has ended already: it is
   *     told once
   */
  void hand(Work work) throws IOException {
    await();
    FutureTask<@Nullable Void> task =
        new FutureTask<>(
            () -> {
              work.run();
              return null;
            });
    executor.execute(task); // what is refused is not waited for
    pending = task;
    if (task.isDone()) {
      await();
    }
  }

  /**
   * Waits until what was handed over has ended, interrupted or not: it uses the caller's buffers.
   *
   * @throws IOException as the work threw it
   */
  void await() throws IOException {
    FutureTask<@Nullable Void> task = pending;
    pending = null;
    boolean interrupted = false;
    try {
      while (task != null) {
        try {
          task.get();
          task = null;
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    } catch (ExecutionException e) {
      throw thrown(e);
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private static IOException thrown(ExecutionException e) {
    return switch (e.getCause()) {
      case IOException failure -> failure;
      case RuntimeException fault -> throw fault;
      case Error fault -> throw fault;
      case null, default -> throw new AssertionError(e);
    };
  }
}
