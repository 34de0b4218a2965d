package dev.varve.node.rpc;

import java.util.Map;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The few threads on which reads wait for the disk, so that no event loop does. Platform threads:
 * virtual ones were no faster (docs/decisions/0003), and file reads pin their carriers.
 */
public final class ReaderPool implements AutoCloseable {
  private static final int WAITING_MAX = 8192;

  private final ThreadPoolExecutor executor;
  private final AtomicInteger waiting = new AtomicInteger();

  /**
   * @param threads how many reads may wait for the disk at once
   */
  public ReaderPool(int threads) {
    executor =
        new ThreadPoolExecutor(
            threads,
            threads,
            0,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(),
            Thread.ofPlatform().daemon().name("reader-", 0).factory());
  }

  /**
   * Runs a new read.
   *
   * @throws RefusedException if too many wait already
   */
  void execute(Runnable read) throws RefusedException {
    if (waiting.incrementAndGet() > WAITING_MAX) {
      waiting.decrementAndGet();
      throw new RefusedException(
          Reason.OVERLOADED, WAITING_MAX + " reads wait already; try again later", Map.of());
    }
    executor.execute(
        () -> {
          waiting.decrementAndGet();
          read.run();
        });
  }

  /** Goes on with a read that was let in before; such are never turned away. */
  void resume(Runnable read) {
    executor.execute(read);
  }

  /** How many reads wait for a thread. */
  public int waiting() {
    return executor.getQueue().size();
  }

  /** Lets the reads under way end, without interrupting: that would close files under the store. */
  @Override
  public void close() {
    executor.shutdown();
    try {
      executor.awaitTermination(10, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
