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

  @Override
  public void execute(Runnable task) {
    tasks.add(task);
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
    Trampoline trampoline = new Trampoline();
    return new StoreRuntime(trampoline, trampoline, trampoline, clock, monotonicNanos);
  }
}
