package dev.varve.store.compaction;

import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Lets any thread stop a compaction, and stops it by itself after a time. Stopping is by asking,
 * never by interrupting: an interrupt in file I/O would close the file for every other thread
 * (pitfall 18).
 */
public final class CancelToken {

  /** Somebody asked. */
  public static final String CANCELLED = "Cancelled";

  /** The time was over. */
  public static final String TIMEOUT = "Timeout";

  private final AtomicReference<@Nullable String> reason = new AtomicReference<>();
  private final LongSupplier nanoTime;
  private final long deadlineNanos;
  private final boolean bounded;
  private final @Nullable CancelToken wider;
  private final Obstacle obstacle;

  /** What a run can't go on without. */
  @FunctionalInterface
  public interface Obstacle {
    /** Why it can't, in a stable CamelCase word; null if it can. Asked often, on any thread. */
    @Nullable String reason();
  }

  private CancelToken(
      LongSupplier nanoTime,
      long deadlineNanos,
      boolean bounded,
      @Nullable CancelToken wider,
      Obstacle obstacle) {
    this.obstacle = obstacle;
    this.nanoTime = nanoTime;
    this.deadlineNanos = deadlineNanos;
    this.bounded = bounded;
    this.wider = wider;
  }

  /** A token that only {@link #cancel} stops. */
  public static CancelToken unbounded() {
    return new CancelToken(() -> 0, 0, false, null, () -> null);
  }

  /**
   * A token that besides stops after a time with reason {@link #TIMEOUT}.
   *
   * @param nanoTime a monotonic clock such as {@code System::nanoTime}
   */
  public static CancelToken withTimeout(LongSupplier nanoTime, long timeoutNanos) {
    return new CancelToken(nanoTime, nanoTime.getAsLong() + timeoutNanos, true, null, () -> null);
  }

  /** A token of its own that besides stops when this one does. */
  public CancelToken narrower() {
    return narrower(() -> null);
  }

  /** The same that besides stops, for good, when something is found to be in the way. */
  public CancelToken narrower(Obstacle found) {
    return new CancelToken(() -> 0, 0, false, this, found);
  }

  /** The same that besides stops after a time with reason {@link #TIMEOUT}. */
  public CancelToken narrower(LongSupplier nanoTimeOfLimit, long timeoutNanos) {
    return new CancelToken(
        nanoTimeOfLimit, nanoTimeOfLimit.getAsLong() + timeoutNanos, true, this, () -> null);
  }

  /** Asks the run to stop; the first reason stays. */
  public void cancel(String why) {
    reason.compareAndSet(null, why);
  }

  /** Why to stop, or null to go on. */
  public @Nullable String reason() {
    if (bounded && nanoTime.getAsLong() - deadlineNanos >= 0) {
      reason.compareAndSet(null, TIMEOUT);
    }
    String why = wider == null ? null : wider.reason();
    why = why == null ? obstacle.reason() : why;
    if (why != null) {
      reason.compareAndSet(null, why);
    }
    return reason.get();
  }

  /**
   * Returns if the run may go on.
   *
   * @throws CompactionCancelledException if it was stopped
   */
  public void check() throws CompactionCancelledException {
    String why = reason();
    if (why != null) {
      throw new CompactionCancelledException(why);
    }
  }
}
