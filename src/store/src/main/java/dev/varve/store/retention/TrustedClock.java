package dev.varve.store.retention;

import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * The time of day as far as it can be believed: what hides or drops by age goes by it, so that a
 * clock that jumps does not expire a store.
 *
 * <p>The wall clock is compared with the monotonic one. It has jumped when the two have moved apart
 * by more than {@link #BOUND_MS}; after a change of term also when it differs by so much from the
 * newest time that the store knows, which another member's clock may have given. From then on what
 * is hidden goes by the lower and what is stamped by the higher of the wall clock and the time that
 * was expected. Once the wall clock has gone on in step for {@link #SETTLE_MS} it is believed
 * again: that was a correction, or a machine that slept. If it comes back to what was expected
 * before, it is believed at once. Safe for several threads.
 */
public final class TrustedClock {
  /** How far the clocks may move apart unremarked, in milliseconds. */
  public static final long BOUND_MS = 60_000;

  /** For how long a clock that jumped must keep step before it is believed, in milliseconds. */
  public static final long SETTLE_MS = 600_000;

  /** In step, the comparison begins anew so often: clocks drift apart by some seconds a day. */
  private static final long ANCHOR_MS = 3_600_000;

  private static final System.Logger LOG = System.getLogger(TrustedClock.class.getName());

  private final LongSupplier wallMs;
  private final LongSupplier nanos;
  private long term = -1;
  private long anchorWallMs;
  private long anchorNanos;
  private boolean jumped;
  private long jumpWallMs;
  private long jumpNanos;

  /**
   * The time now.
   *
   * @param hideMs milliseconds since 1970; certainly not later than the true time if either clock
   *     is right: what is old by it is old
   * @param stampMs milliseconds since 1970; certainly not earlier than the true time if either
   *     clock is right: what is written now was written by then
   * @param aheadMs by how much the wall clock is ahead of the time expected, negative if behind,
   *     while it is not believed; 0 while it is
   */
  public record Reading(long hideMs, long stampMs, long aheadMs) {}

  /**
   * @param wallMs milliseconds since 1970
   * @param nanos a clock that only ever goes on, in nanoseconds
   */
  public TrustedClock(LongSupplier wallMs, LongSupplier nanos) {
    this.wallMs = wallMs;
    this.nanos = nanos;
  }

  /**
   * Reads the time.
   *
   * @param inTerm the shard's term: in a new one the wall clock is compared anew
   * @param knownMs the newest time that the store's own records tell of; 0: none
   */
  public synchronized Reading read(long inTerm, long knownMs) {
    long wall = wallMs.getAsLong();
    long now = nanos.getAsLong();
    if (term < 0 || (inTerm != term && knownMs != 0)) {
      jumped = false;
      anchorWallMs = knownMs == 0 || isInStep(wall, knownMs) ? wall : knownMs;
      anchorNanos = now;
    }
    term = inTerm;
    long expected = anchorWallMs + elapsedMs(anchorNanos, now);
    if (isInStep(wall, expected)) {
      believe(wall, now, elapsedMs(anchorNanos, now) >= ANCHOR_MS, "as expected");
      return new Reading(wall, wall, 0);
    }
    if (!jumped || !isInStep(wall, jumpWallMs + elapsedMs(jumpNanos, now))) {
      jumped = true;
      jumpWallMs = wall;
      jumpNanos = now;
      LOG.log(
          System.Logger.Level.WARNING,
          "the clock says {0} ms where {1} were expected: nothing is hidden or dropped by its word"
              + " before it has kept step for {2} ms",
          Long.toString(wall),
          Long.toString(expected),
          Long.toString(SETTLE_MS));
    } else if (elapsedMs(jumpNanos, now) >= SETTLE_MS) {
      believe(wall, now, true, "after it kept step");
      return new Reading(wall, wall, 0);
    }
    return new Reading(Math.min(wall, expected), Math.max(wall, expected), wall - expected);
  }

  /** {@link Reading#hideMs} for a look that decides nothing: takes note of no jump. */
  public synchronized long hideMs() {
    long wall = wallMs.getAsLong();
    long now = nanos.getAsLong();
    if (term < 0) {
      return wall;
    }
    long expected = anchorWallMs + elapsedMs(anchorNanos, now);
    boolean settled =
        jumped
            && isInStep(wall, jumpWallMs + elapsedMs(jumpNanos, now))
            && elapsedMs(jumpNanos, now) >= SETTLE_MS;
    return isInStep(wall, expected) || settled ? wall : Math.min(wall, expected);
  }

  private void believe(long wall, long now, boolean anchor, String why) {
    if (jumped) {
      jumped = false;
      LOG.log(System.Logger.Level.INFO, "the clock is believed again, {0}", why);
    }
    if (anchor) {
      anchorWallMs = wall;
      anchorNanos = now;
    }
  }

  private static boolean isInStep(long wall, long expected) {
    return Math.abs(wall - expected) <= BOUND_MS;
  }

  private static long elapsedMs(long fromNanos, long toNanos) {
    return TimeUnit.NANOSECONDS.toMillis(toNanos - fromNanos);
  }
}
