package dev.varve.store;

import java.util.function.BooleanSupplier;
import java.util.function.IntSupplier;
import java.util.function.LongConsumer;
import java.util.function.LongSupplier;

/**
 * How long a group waits for the writers that have just been answered. Writers who wait for each
 * answer fall into two halves without it: one is synced while the other gathers, and each sync
 * serves half of them.
 *
 * <p>Waiting pays as long as operations come faster than the store serves them, that is, than
 * operations of the group per time of a sync and the wait so far. It ends with the first step in
 * which fewer came, when all who were answered are back, and after the time of a sync at the
 * latest; so one writer alone never waits.
 */
final class Gathering {
  /** About what a sleeping thread takes to wake: a shorter step would see nobody. */
  private static final long STEP_NANOS = 50_000;

  /** The weight of the newest sync in the mean: one in eight. */
  private static final int MEAN_SHIFT = 3;

  private final LongSupplier nanos;
  private final LongConsumer park;
  private final boolean waits;
  private int expected;

  /** Operations of the last group. */
  private int before;

  private volatile long syncNanos;

  Gathering(LongSupplier nanos, LongConsumer park) {
    this(nanos, park, true);
  }

  private Gathering(LongSupplier nanos, LongConsumer park, boolean waits) {
    this.nanos = nanos;
    this.park = park;
    this.waits = waits;
  }

  /** Never waits: for executors that work in steps, where nobody comes during one. */
  static Gathering none() {
    return new Gathering(() -> 0, nanos -> {}, false);
  }

  /**
   * Whether a group is all there is, and the one before was as small: nobody comes while it is
   * synced, or one who waits for it no longer than it takes.
   *
   * @param operations of the group
   * @param gathered operations that wait for the next one
   */
  boolean alone(int operations, int gathered) {
    boolean again = waits && operations == 1 && gathered == 0 && before == 1;
    before = operations;
    return again;
  }

  /** A sync took this long; for one thread. */
  void synced(long tookNanos) {
    long mean = syncNanos;
    syncNanos = mean == 0 ? tookNanos : mean + ((tookNanos - mean) >> MEAN_SHIFT);
  }

  /**
   * Operations were answered, whose writers may be back at once.
   *
   * @param gathered operations that had come before
   */
  void answered(int operations, int gathered) {
    expected = waits ? operations + gathered : 0;
  }

  /**
   * Waits while that pays.
   *
   * @param gathered operations that wait for the group
   * @param wanted whether the caller has something else to do
   */
  void await(IntSupplier gathered, BooleanSupplier wanted) {
    int all = expected;
    expected = 0;
    long sync = syncNanos;
    long started = nanos.getAsLong();
    long from = started;
    int had = gathered.getAsInt();
    while (had < all && from - started < sync && !wanted.getAsBoolean()) {
      long now = parkFrom(from);
      int has = gathered.getAsInt();
      if ((has - had) * (sync + now - started) <= had * (now - from)) {
        return;
      }
      from = now;
      had = has;
    }
  }

  private long parkFrom(long start) {
    long now = start;
    while (now - start < STEP_NANOS) {
      park.accept(STEP_NANOS - (now - start));
      now = nanos.getAsLong();
    }
    return now;
  }
}
