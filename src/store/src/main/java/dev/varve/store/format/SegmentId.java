package dev.varve.store.format;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The name of a segment within its keyspace: the term that created it and a number, never reused.
 * Text form {@code 0000000004-000000000007}, 10 and 12 digits, so that names sort like ids.
 *
 * @param term 0 to 9,999,999,999
 * @param number 0 to 999,999,999,999
 */
public record SegmentId(long term, long number) implements Comparable<SegmentId> {

  /** Ends the name of a segment's records. */
  public static final String LOG_SUFFIX = ".log";

  /** Ends the name of a sealed segment's hint file. */
  public static final String HINT_SUFFIX = ".hint";

  /** Ends the name of the run list that tells how compaction made a segment. */
  public static final String RUNS_SUFFIX = ".runs";

  /** Ends the name of a file that is not yet part of the store. */
  public static final String TEMPORARY_SUFFIX = ".tmp";

  private static final long TERM_MAX = 9_999_999_999L;
  private static final long NUMBER_MAX = 999_999_999_999L;
  private static final Pattern NAME = Pattern.compile("([0-9]{10})-([0-9]{12})");

  /** Checks the ranges. */
  public SegmentId {
    if (term < 0 || term > TERM_MAX || number < 0 || number > NUMBER_MAX) {
      throw new IllegalArgumentException("segment id out of range: " + term + "-" + number);
    }
  }

  /**
   * Reads the text form, and nothing else.
   *
   * @throws IllegalArgumentException if the text is not exactly a segment's name
   */
  public static SegmentId parse(String name) {
    Matcher matcher = NAME.matcher(name);
    if (!matcher.matches()) {
      throw new IllegalArgumentException("not a segment's name: " + name);
    }
    return new SegmentId(Long.parseLong(matcher.group(1)), Long.parseLong(matcher.group(2)));
  }

  /** The text form. */
  public String name() {
    return String.format(Locale.ROOT, "%010d-%012d", term, number);
  }

  /** The path of the records: {@code <keyspace>/<name>.log}. */
  public String logPath(String keyspace) {
    return keyspace + '/' + name() + LOG_SUFFIX;
  }

  /** The path of the hint file: {@code <keyspace>/<name>.hint}. */
  public String hintPath(String keyspace) {
    return keyspace + '/' + name() + HINT_SUFFIX;
  }

  /** The path of the run list: {@code <keyspace>/<name>.runs}. */
  public String runsPath(String keyspace) {
    return keyspace + '/' + name() + RUNS_SUFFIX;
  }

  @Override
  public int compareTo(SegmentId other) {
    int byTerm = Long.compare(term, other.term);
    return byTerm != 0 ? byTerm : Long.compare(number, other.number);
  }

  @Override
  public String toString() {
    return name();
  }
}
