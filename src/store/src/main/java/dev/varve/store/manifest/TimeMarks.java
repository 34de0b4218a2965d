package dev.varve.store.manifest;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * When sequences were written, at a bounded number of points. Every error is on the side of
 * younger: what a mark covers is at least as old as the mark says. So marks may be left out, old
 * ones are thinned, and a mark that names an earlier time than the one before counts with that
 * one's. Not for several threads.
 */
public final class TimeMarks {
  /** More marks than these are not kept. */
  public static final int MARKS_MAX = 256;

  private final List<Edit.TimeMark> marks = new ArrayList<>();

  /** Takes the next mark; one that covers no more than the last is passed over. */
  void add(Edit.TimeMark mark) {
    Edit.TimeMark last = last();
    if (last != null && mark.sequence() <= last.sequence()) {
      return;
    }
    long timeMs = last == null ? mark.timeMs() : Math.max(mark.timeMs(), last.timeMs());
    marks.add(new Edit.TimeMark(mark.sequence(), timeMs));
    if (marks.size() > MARKS_MAX) {
      thin();
    }
  }

  void addAll(TimeMarks others) {
    marks.addAll(others.marks);
  }

  /** Takes the mark out whose absence is the least for its age: old ones get rarer, evenly. */
  private void thin() {
    long newest = marks.getLast().timeMs();
    int least = 1;
    double leastShare = Double.MAX_VALUE;
    for (int i = 1; i < marks.size() - 1; i++) {
      double gap = marks.get(i + 1).timeMs() - marks.get(i - 1).timeMs();
      double share = gap / (newest - marks.get(i).timeMs() + 1);
      if (share < leastShare) {
        least = i;
        leastShare = share;
      }
    }
    marks.remove(least);
  }

  /** The newest mark; null without any. */
  public Edit.@Nullable TimeMark last() {
    return marks.isEmpty() ? null : marks.getLast();
  }

  /**
   * The highest sequence of which it is certain that it and all lower ones were written at or
   * before a time; 0 if that is certain of none.
   */
  public long writtenBy(long timeMs) {
    long sequence = 0;
    for (Edit.TimeMark mark : marks) {
      if (mark.timeMs() <= timeMs) {
        sequence = mark.sequence();
      }
    }
    return sequence;
  }

  /** Oldest first. */
  public List<Edit.TimeMark> all() {
    return List.copyOf(marks);
  }
}
