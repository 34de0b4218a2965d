package dev.varve.replication;

import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/** A scheduler on a thread of its own, for tests of real members. */
final class ThreadScheduler implements Scheduler, AutoCloseable {
  private final ScheduledExecutorService executor =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("replication").factory());

  @Override
  public void execute(Runnable task) {
    try {
      executor.execute(task);
    } catch (RejectedExecutionException closed) {
      // As the interface says: after it was stopped it does nothing.
      return;
    }
  }

  @Override
  public Cancellable schedule(Duration delay, Runnable task) {
    try {
      Future<?> scheduled = executor.schedule(task, delay.toNanos(), TimeUnit.NANOSECONDS);
      return () -> scheduled.cancel(false);
    } catch (RejectedExecutionException closed) {
      return () -> {};
    }
  }

  @Override
  public long nowNanos() {
    return System.nanoTime();
  }

  @Override
  public void close() {
    executor.shutdown();
  }
}
