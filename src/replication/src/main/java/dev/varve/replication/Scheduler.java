package dev.varve.replication;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;

/**
 * The one thread of a member's replication: tasks run one at a time, in the order in which they
 * were given, and none blocks for long.
 */
public interface Scheduler extends Executor {

  /**
   * Runs {@code task} after all tasks given before. From any thread. After the scheduler was
   * stopped: does nothing.
   */
  @Override
  void execute(Runnable task);

  /**
   * Runs {@code task} no sooner than after {@code delay}, unless cancelled before. From any thread.
   */
  Cancellable schedule(Duration delay, Runnable task);

  /** Monotonic time of this process, nanoseconds from an arbitrary origin. From any thread. */
  long nowNanos();

  /**
   * Waits on a thread other than this scheduler's, one that may block, until {@code future}
   * completes, and returns its value. A simulation on a single thread runs other tasks meanwhile.
   *
   * @throws IOException if it failed
   */
  default <T> T await(CompletableFuture<T> future) throws IOException {
    try {
      return future.join();
    } catch (CompletionException e) {
      throw new IOException(e.getCause());
    }
  }

  /** A scheduled task. */
  @FunctionalInterface
  interface Cancellable {
    /** The task will not start any more, if it has not yet. */
    void cancel();
  }
}
