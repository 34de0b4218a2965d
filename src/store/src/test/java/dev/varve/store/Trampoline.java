package dev.varve.store;

import java.util.ArrayDeque;
import java.util.concurrent.Executor;
import java.util.function.LongSupplier;

/**
 * Runs tasks in order on the thread that hands the first one over, which returns when none is left:
 * a store on it does everything within the call that asks for it.
 */
final class Trampoline implements Executor {
  private final ArrayDeque<Runnable> tasks = new ArrayDeque<>();
  private boolean running;
  private boolean held;

  @Override
  public void execute(Runnable task) {
    tasks.add(task);
    if (!held) {
      runAll();
    }
  }

  /** Keeps tasks until {@link #release}, so that a store finds several operations at once. */
  void hold() {
    held = true;
  }

  void release() {
    held = false;
    runAll();
  }

  /** Whether no task is running or kept. */
  boolean idle() {
    return !running && !held;
  }

  private void runAll() {
    if (running) {
      return;
    }
    running = true;
    try {
      for (Runnable next = tasks.poll(); next != null; next = tasks.poll()) {
        next.run();
      }
    } finally {
      running = false;
    }
  }

  /** A runtime that does everything on the calling thread, at a time that the test sets. */
  static StoreRuntime runtime(WallClock clock) {
    return runtime(clock, () -> clock.nowMs() * 1_000_000);
  }

  /** The same with a monotonic clock of its own. */
  static StoreRuntime runtime(WallClock clock, LongSupplier monotonicNanos) {
    return new Trampoline().on(clock, monotonicNanos);
  }

  /** A runtime that does everything here. */
  StoreRuntime on(WallClock clock) {
    return on(clock, () -> clock.nowMs() * 1_000_000);
  }

  private StoreRuntime on(WallClock clock, LongSupplier monotonicNanos) {
    return new StoreRuntime(this, this, this, clock, monotonicNanos);
  }
}
