package dev.varve.store;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;

/**
 * Runs tasks one at a time and in order: on a thread, or, while that has nothing to do, on a thread
 * that waits for what its task does. Going to the other thread and back costs two wake-ups, which
 * beside one sync is a quarter of a lone writer's time.
 */
final class WriterThread implements Executor {
  private final Executor thread;
  private final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();

  /** Somebody runs the tasks, or has been told to. Only who sets it may run one. */
  private final AtomicBoolean running = new AtomicBoolean();

  /** When the thread that runs tasks now has what it waits for; for that thread alone. */
  private BooleanSupplier done = () -> false;

  /**
   * @param thread runs one task at a time
   */
  WriterThread(Executor thread) {
    this.thread = thread;
  }

  @Override
  public void execute(Runnable task) {
    tasks.add(task);
    if (running.compareAndSet(false, true)) {
      thread.execute(this::run);
    }
  }

  /**
   * Runs a task on this thread, and what else comes until {@code done}, if nobody runs any; hands
   * it over otherwise.
   */
  void executeHere(Runnable task, BooleanSupplier done) {
    // One of a virtual thread's carriers would wait for the disk, and everybody else for it.
    if (Thread.currentThread().isVirtual() || !running.compareAndSet(false, true)) {
      execute(task);
      return;
    }
    tasks.add(task);
    this.done = done;
    try {
      runTasks();
    } catch (RuntimeException | Error e) {
      // Not the caller's: told where every task's fault is told.
      tasks.add(
          () -> {
            throw e;
          });
    } finally {
      this.done = () -> false;
      handOver();
    }
  }

  /**
   * For a task: whether the thread it runs on has other things to do, so that it had better end.
   */
  boolean keepsCaller() {
    return done.getAsBoolean();
  }

  private void run() {
    try {
      runTasks();
    } finally {
      handOver();
    }
  }

  private void runTasks() {
    Runnable next = done.getAsBoolean() ? null : tasks.poll();
    while (next != null) {
      next.run();
      next = done.getAsBoolean() ? null : tasks.poll();
    }
  }

  /** Lets others run; the thread, if there is anything. */
  private void handOver() {
    if (tasks.isEmpty()) {
      running.set(false);
      if (tasks.isEmpty() || !running.compareAndSet(false, true)) {
        return;
      }
    }
    thread.execute(this::run);
  }
}
