package dev.varve.node;

import dev.varve.replication.Scheduler;
import java.time.Duration;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jboss.logging.Logger;

/** A member's one thread, in real time. */
final class MemberScheduler implements Scheduler, AutoCloseable {
  private static final Logger LOG = Logger.getLogger(MemberScheduler.class);

  private final ScheduledThreadPoolExecutor executor;
  private volatile long answeredNanos = System.nanoTime();

  MemberScheduler(String name) {
    executor =
        new ScheduledThreadPoolExecutor(1, Thread.ofPlatform().daemon().name(name).factory());
    executor.setRemoveOnCancelPolicy(true);
    executor.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
    var _ =
        executor.scheduleWithFixedDelay(
            () -> answeredNanos = System.nanoTime(), 0, 1, TimeUnit.SECONDS);
  }

  /** How long ago the thread last came round to a task that is due each second. */
  Duration sinceAnswer() {
    return Duration.ofNanos(System.nanoTime() - answeredNanos);
  }

  @Override
  public void execute(Runnable task) {
    schedule(Duration.ZERO, task);
  }

  @Override
  public Cancellable schedule(Duration delay, Runnable task) {
    try {
      Future<?> scheduled =
          executor.schedule(() -> run(task), delay.toNanos(), TimeUnit.NANOSECONDS);
      return () -> scheduled.cancel(false);
    } catch (RejectedExecutionException e) {
      // Stopped: the interface has such tasks pass silently.
      return () -> {};
    }
  }

  private static void run(Runnable task) {
    try {
      task.run();
    } catch (RuntimeException | Error e) {
      LOG.error("a task of the member failed", e);
      throw e;
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
