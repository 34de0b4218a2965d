package dev.varve.cli;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Turns SIGINT and SIGTERM into an interrupt of the thread that runs the command, which cancels
 * whatever call it waits for.
 */
final class Cancellation {
  private final Thread worker;
  private final AtomicBoolean cancelled = new AtomicBoolean();
  private final CountDownLatch finished = new CountDownLatch(1);

  /**
   * Not cancelled yet.
   *
   * @param worker the thread that runs the command
   */
  Cancellation(Thread worker) {
    this.worker = worker;
  }

  /** Asks the command to stop. */
  void cancel() {
    if (cancelled.compareAndSet(false, true)) {
      worker.interrupt();
    }
  }

  boolean isCancelled() {
    return cancelled.get();
  }

  /** For the command's own cleaning up: lets it use files and wait, although it was interrupted. */
  void clearInterrupt() {
    boolean _ = Thread.interrupted();
  }

  /** The command has ended and its exit code is known. */
  void finish() {
    finished.countDown();
  }

  boolean awaitFinish(long seconds) throws InterruptedException {
    return finished.await(seconds, TimeUnit.SECONDS);
  }
}
