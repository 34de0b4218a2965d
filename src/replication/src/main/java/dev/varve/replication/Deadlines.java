package dev.varve.replication;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Supplier;

/** Ends futures that have waited for the same length of time each, without a timer for each. */
final class Deadlines {
  private record Waiting(
      long deadlineNanos, CompletableFuture<?> future, Supplier<Throwable> end) {}

  private final ConcurrentLinkedQueue<Waiting> waiting = new ConcurrentLinkedQueue<>();
  private final Scheduler scheduler;
  private final long limitNanos;

  Deadlines(Scheduler scheduler, Duration limit) {
    this.scheduler = scheduler;
    this.limitNanos = limit.toNanos();
  }

  /** From any thread. */
  void add(CompletableFuture<?> future, Supplier<Throwable> end) {
    waiting.add(new Waiting(scheduler.nowNanos() + limitNanos, future, end));
  }

  /**
   * Ends what has waited long enough, and forgets what ended by itself. To be called often, on one
   * thread.
   */
  void sweep() {
    long now = scheduler.nowNanos();
    Waiting first = waiting.peek();
    while (first != null && (first.future().isDone() || first.deadlineNanos() - now <= 0)) {
      waiting.poll();
      if (!first.future().isDone()) {
        first.future().completeExceptionally(first.end().get());
      }
      first = waiting.peek();
    }
  }
}
