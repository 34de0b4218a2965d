package dev.varve.store.retention;

import java.io.IOException;

/**
 * Finds how many of the lowest sequences weigh so much, exactly and in bounded memory: the range of
 * sequences is divided into buckets, the records are weighed into them, and the bucket in which the
 * weight is reached is divided again.
 */
public final class SequenceSearch {
  private static final int BUCKETS = 4096;

  /** Takes a record's weight. */
  @FunctionalInterface
  public interface Scale {
    /** Called for each record in the range asked for, in any order. */
    void weigh(long sequence, long weight);
  }

  /** The records. */
  @FunctionalInterface
  public interface Source {
    /** Weighs those with sequences from {@code from} up to but not including {@code to}. */
    void weigh(long from, long to, Scale scale) throws IOException;
  }

  private SequenceSearch() {}

  /**
   * The lowest sequence below which the records from {@code from} on weigh at least {@code weight};
   * {@code to} if all up to there do not.
   */
  public static long reach(long from, long to, long weight, Source source) throws IOException {
    long low = from;
    long high = to;
    long missing = weight;
    while (low < high && missing > 0) {
      long[] buckets = new long[BUCKETS];
      long first = low;
      long width = (high - low + BUCKETS - 1) / BUCKETS;
      source.weigh(low, high, (sequence, w) -> buckets[(int) ((sequence - first) / width)] += w);
      int bucket = 0;
      while (bucket < BUCKETS && buckets[bucket] < missing) {
        missing -= buckets[bucket];
        bucket++;
      }
      if (bucket == BUCKETS) {
        return high; // what was there before has gone meanwhile
      }
      low = first + bucket * width;
      if (width == 1) {
        return low + 1;
      }
      high = Math.min(high, low + width);
    }
    return low;
  }
}
