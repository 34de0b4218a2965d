package dev.varve.bench.system;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;

/** Waiting for what another process does, bounded in time. */
public final class Waiting {
  private static final long BETWEEN_LOOKS_NANOS = TimeUnit.MILLISECONDS.toNanos(5);

  private Waiting() {}

  /** Something that may be so by now. */
  @FunctionalInterface
  public interface Condition {
    /** Whether it is. */
    boolean holds() throws IOException;
  }

  /**
   * Returns as soon as the condition holds.
   *
   * @param what is waited for; asked only when the time is over
   * @throws IOException when it does not hold within {@code limit}, or looking failed
   */
  public static void until(Duration limit, Supplier<String> what, Condition condition)
      throws IOException {
    long end = System.nanoTime() + limit.toNanos();
    while (!condition.holds()) {
      if (System.nanoTime() - end > 0) {
        throw new IOException("not within " + limit.toSeconds() + " s: " + what.get());
      }
      LockSupport.parkNanos(BETWEEN_LOOKS_NANOS);
    }
  }
}
