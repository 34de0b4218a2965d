package dev.varve.store.compaction;

import java.util.Arrays;
import java.util.List;

/**
 * A pace that yields to foreground operations, by their 99th percentiles: each kind of them is held
 * against its own, and the one that suffers most decides. While nobody is there a run is as fast as
 * may be. Beside operations it is in one of two states:
 *
 * <ul>
 *   <li>It measures what the percentile is without the run: for {@link #SETTLE_NANOS} at the least
 *       pace, so long that what is told covers nothing faster. So it begins, and so it does again
 *       when somebody comes; when halving did not help, since something else may make operations
 *       slow; every {@link #MEASURE_EACH_NANOS}, since operations change, and a measure taken in a
 *       bad moment would allow too much for ever; and when operations vanish, since it may be the
 *       run that keeps them from ending. Only a percentile of nothing at the end of a measurement
 *       says that nobody is there.
 *   <li>It yields: halves while the percentile is more than {@link #TOLERATED} times the measured
 *       one, and grows while it is not. What is told lags by up to two seconds. So it halves once
 *       in that time, and once it has met the limit it grows slowly; operations that take more than
 *       {@link #SLOW_BY_FAR} times as long are given way to at once.
 * </ul>
 *
 * <p>It never falls below {@link #LEAST_BYTES_PER_SECOND}, so that a run ends. Not for several
 * threads.
 */
final class YieldingPace implements RateLimiter.Pace {
  static final long LEAST_BYTES_PER_SECOND = 1 << 20;

  /** After the first measurement. */
  static final long FIRST_BYTES_PER_SECOND = 4 << 20;

  /** Beside operations, so that giving way does not take long. */
  static final long FASTEST_BYTES_PER_SECOND = 1 << 30;

  static final double TOLERATED = 1.2;
  static final double SLOW_BY_FAR = 2;
  static final long STEP_NANOS = 100_000_000;

  /** As long as what {@link ForegroundLatency} tells reaches back. */
  static final long SETTLE_NANOS = 2_000_000_000;

  static final long MEASURE_EACH_NANOS = 60_000_000_000L;

  /** The pace grows by such a part a step, before it has met the limit and after. */
  private static final long FIRST_GROWTH = 8;

  private static final long GROWTH = 32;

  private enum State {
    ALONE,
    MEASURING,
    YIELDING
  }

  private final List<ForegroundLatency> kinds;
  private final long mostBytesPerSecond;
  private final long leastBytesPerSecond;

  private State state;

  /** When this measurement began, or the last one ended. */
  private long since;

  /** The percentiles without the run, by kind; 0: nobody asked for that kind. */
  private final long[] undisturbedNanos;

  /** The latest ones. */
  private final long[] nanos;

  private long bytesPerSecond;
  private boolean metLimit;

  /** The last thing that it did was to halve. */
  private boolean halved;

  private long halvedAt;
  private long adjustedAt;

  /**
   * @param mostBytesPerSecond 0: no bound
   */
  YieldingPace(List<ForegroundLatency> kinds, long mostBytesPerSecond, long nowNanos) {
    this.kinds = List.copyOf(kinds);
    this.undisturbedNanos = new long[kinds.size()];
    this.nanos = new long[kinds.size()];
    this.mostBytesPerSecond = mostBytesPerSecond;
    this.leastBytesPerSecond = bounded(LEAST_BYTES_PER_SECOND);
    this.bytesPerSecond = bounded(FIRST_BYTES_PER_SECOND);
    look();
    this.state = isAlone() ? State.ALONE : State.MEASURING;
    this.since = nowNanos;
    this.adjustedAt = nowNanos;
  }

  private long bounded(long pace) {
    long most = mostBytesPerSecond == 0 ? FASTEST_BYTES_PER_SECOND : mostBytesPerSecond;
    return Math.min(pace, most);
  }

  private void look() {
    for (int kind = 0; kind < nanos.length; kind++) {
      nanos[kind] = kinds.get(kind).p99Nanos();
    }
  }

  private boolean isAlone() {
    return Arrays.stream(nanos).allMatch(p99 -> p99 == 0);
  }

  /** How many times as long operations take as without the run: of the kind that suffers most. */
  private double slowdown() {
    double most = 0;
    for (int kind = 0; kind < nanos.length; kind++) {
      if (undisturbedNanos[kind] != 0) {
        most = Math.max(most, (double) nanos[kind] / undisturbedNanos[kind]);
      }
    }
    return most;
  }

  /** Whether there are operations of a kind of which it is not known what they take otherwise. */
  private boolean hasNewcomers() {
    for (int kind = 0; kind < nanos.length; kind++) {
      if (nanos[kind] != 0 && undisturbedNanos[kind] == 0) {
        return true;
      }
    }
    return false;
  }

  @Override
  public long bytesPerSecond(long nowNanos) {
    if (nowNanos - adjustedAt >= STEP_NANOS) {
      adjustedAt = nowNanos;
      look();
      adjust(nowNanos);
    }
    return switch (state) {
      case ALONE -> mostBytesPerSecond;
      case MEASURING -> leastBytesPerSecond;
      case YIELDING -> bytesPerSecond;
    };
  }

  /** Waiting for the limit that was asked for is not yielding. */
  @Override
  public void waited(long nanos) {
    boolean yields =
        switch (state) {
          case ALONE -> false;
          case MEASURING -> leastBytesPerSecond != mostBytesPerSecond;
          case YIELDING -> bytesPerSecond != mostBytesPerSecond;
        };
    if (yields) {
      kinds.forEach(kind -> kind.yielded(nanos));
    }
  }

  private void adjust(long nowNanos) {
    switch (state) {
      case ALONE -> {
        if (!isAlone()) {
          bytesPerSecond = bounded(FIRST_BYTES_PER_SECOND);
          measure(nowNanos);
        }
      }
      case MEASURING -> {
        if (nowNanos - since >= SETTLE_NANOS) {
          System.arraycopy(nanos, 0, undisturbedNanos, 0, nanos.length);
          state = isAlone() ? State.ALONE : State.YIELDING;
          since = nowNanos;
          halvedAt = nowNanos - SETTLE_NANOS;
          halved = false;
        }
      }
      case YIELDING -> giveWay(nowNanos);
    }
  }

  /** Goes on from {@link #bytesPerSecond} when it is done. */
  private void measure(long nowNanos) {
    state = State.MEASURING;
    since = nowNanos;
  }

  private void giveWay(long nowNanos) {
    double slowdown = slowdown();
    boolean isSlow = slowdown > TOLERATED;
    metLimit |= isSlow;
    if (isAlone() || hasNewcomers() || nowNanos - since >= MEASURE_EACH_NANOS) {
      measure(nowNanos);
    } else if (slowdown > SLOW_BY_FAR) {
      bytesPerSecond = Math.max(leastBytesPerSecond, bytesPerSecond / 4);
      measure(nowNanos);
    } else if (nowNanos - halvedAt < SETTLE_NANOS) {
      return; // What is told still covers the pace before it.
    } else if (!isSlow) {
      long growth = bytesPerSecond / (metLimit ? GROWTH : FIRST_GROWTH);
      bytesPerSecond = bounded(bytesPerSecond + Math.max(1, growth));
      halved = false;
    } else {
      bytesPerSecond = Math.max(leastBytesPerSecond, bytesPerSecond / 2);
      halvedAt = nowNanos;
      if (halved) {
        measure(nowNanos);
      }
      halved = true;
    }
  }
}
