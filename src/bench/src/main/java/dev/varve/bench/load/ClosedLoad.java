package dev.varve.bench.load;

import java.io.IOException;
import java.time.Duration;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.LongAdder;

/** As much load as so many threads can offer, each waiting for its answer. */
public final class ClosedLoad {
  /** Operations between two looks at the clock. */
  private static final int BETWEEN_LOOKS = 16;

  private ClosedLoad() {}

  /** One operation. */
  @FunctionalInterface
  public interface Work {
    /**
     * Does it.
     *
     * @param worker the thread's number, from 0
     * @param random the thread's own
     */
    void run(int worker, SplittableRandom random) throws IOException;
  }

  /**
   * Operations a second over all threads.
   *
   * @throws IOException the first failure of any thread; the others have stopped by then
   */
  public static double perSecond(int threads, Duration length, Work work) throws IOException {
    LongAdder done = new LongAdder();
    long started = System.nanoTime();
    long end = started + length.toNanos();
    Workers.run(
        threads,
        (worker, running) -> {
          SplittableRandom random = new SplittableRandom(1_000_003L * worker + 17);
          // Where an operation syncs, sixteen of them would overrun a short run by far.
          do {
            long before = System.nanoTime();
            work.run(worker, random);
            done.increment();
            if (System.nanoTime() - before < 50_000) {
              for (int i = 1; i < BETWEEN_LOOKS; i++) {
                work.run(worker, random);
              }
              done.add(BETWEEN_LOOKS - 1);
            }
          } while (running.getAsBoolean() && System.nanoTime() - end < 0);
        });
    return done.sum() / ((System.nanoTime() - started) / 1e9);
  }
}
