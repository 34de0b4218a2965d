package dev.varve.replication;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The scheduler for as long as the member lives: after {@link #stop} nothing given to it runs any
 * more, and a task that throws stops the member instead of leaving it in a state nobody thought of.
 */
final class MemberThread {
  private final Scheduler scheduler;
  private final Executor blocking;
  private final Consumer<Throwable> onBug;
  private volatile boolean stopped;

  MemberThread(Scheduler scheduler, Executor blocking, Consumer<Throwable> onBug) {
    this.scheduler = scheduler;
    this.blocking = blocking;
    this.onBug = onBug;
  }

  void stop() {
    stopped = true;
  }

  boolean isStopped() {
    return stopped;
  }

  long nowNanos() {
    return scheduler.nowNanos();
  }

  /** Runs a task on the scheduler, later. From any thread. */
  void run(Runnable task) {
    scheduler.execute(() -> guarded(task));
  }

  Scheduler.Cancellable after(Duration delay, Runnable task) {
    return scheduler.schedule(delay, () -> guarded(task));
  }

  /** Runs one of the two on the scheduler when the stage completes. */
  <T> void when(CompletionStage<T> stage, Consumer<T> done, Consumer<Throwable> failed) {
    CompletionStage<T> _ =
        stage.whenComplete(
            (value, failure) ->
                run(
                    () -> {
                      if (failure == null) {
                        done.accept(value);
                      } else {
                        failed.accept(causeOf(failure));
                      }
                    }));
  }

  /** Runs work that may block off the scheduler; its outcome comes back onto it. */
  <T> void blocking(Callable<T> work, Consumer<T> done, Consumer<Throwable> failed) {
    CompletableFuture<T> outcome = new CompletableFuture<>();
    blocking.execute(
        () -> {
          try {
            outcome.complete(work.call());
          } catch (Exception e) {
            outcome.completeExceptionally(e);
          }
        });
    when(outcome, done, failed);
  }

  /** Waits for what completes on the scheduler; on a thread of {@link #blocking} only. */
  <T> T await(CompletableFuture<T> future) throws IOException {
    return scheduler.await(future);
  }

  static Throwable causeOf(Throwable failure) {
    @Nullable Throwable cause = failure.getCause();
    return failure instanceof CompletionException && cause != null ? cause : failure;
  }

  private void guarded(Runnable task) {
    if (stopped) {
      return;
    }
    try {
      task.run();
    } catch (RuntimeException | Error e) {
      onBug.accept(e);
    }
  }
}
