package dev.varve.store;

import java.util.Comparator;

/**
 * The last record of a log, by which logs are compared: the later term wins, then the higher
 * sequence.
 *
 * @param term the term of that record (not the highest fencing term heard of); 0 in an empty log
 * @param sequence its sequence; 0 in an empty log
 */
public record LogPosition(long term, long sequence) implements Comparable<LogPosition> {
  /** The position of an empty log. */
  public static final LogPosition EMPTY = new LogPosition(0, 0);

  private static final Comparator<LogPosition> ORDER =
      Comparator.comparingLong(LogPosition::term).thenComparingLong(LogPosition::sequence);

  @Override
  public int compareTo(LogPosition other) {
    return ORDER.compare(this, other);
  }
}
