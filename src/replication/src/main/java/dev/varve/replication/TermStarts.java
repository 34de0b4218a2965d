package dev.varve.replication;

import dev.varve.store.LogPosition;
import dev.varve.store.LogState;
import dev.varve.store.manifest.TermStart;
import java.util.ArrayList;
import java.util.List;

/**
 * Where terms began in a log that ends at {@link #last}. Immutable. Two logs that hold an entry of
 * the same term and sequence are the same up to it, since one primary alone wrote that term, in
 * order; so this is all that is needed to compare logs.
 *
 * @param starts ascending in term and sequence
 * @param last the last entry
 */
record TermStarts(List<TermStart> starts, LogPosition last) {

  static final TermStarts EMPTY = new TermStarts(List.of(), LogPosition.EMPTY);

  TermStarts {
    starts = List.copyOf(starts);
  }

  static TermStarts of(LogState state) {
    return new TermStarts(state.termStarts(), state.last()).cutTo(state.last().sequence());
  }

  /** The term of the entry at {@code sequence}; 0 if there is none. */
  long termAt(long sequence) {
    if (sequence < 1 || sequence > last.sequence()) {
      return 0;
    }
    for (int i = starts.size() - 1; i >= 0; i--) {
      if (starts.get(i).firstSequence() <= sequence) {
        return starts.get(i).term();
      }
    }
    return 0;
  }

  LogPosition positionAt(long sequence) {
    return sequence == 0 ? LogPosition.EMPTY : new LogPosition(termAt(sequence), sequence);
  }

  /** Whether this log holds that very entry; the empty position is in every log. */
  boolean holds(LogPosition position) {
    return position.sequence() == 0
        || (position.term() != 0 && termAt(position.sequence()) == position.term());
  }

  /** The log with one more entry. */
  TermStarts extended(long term, long sequence) {
    if (sequence != last.sequence() + 1 || term < last.term()) {
      throw new IllegalArgumentException(
          "entry " + sequence + " of term " + term + " after " + last);
    }
    LogPosition end = new LogPosition(term, sequence);
    if (term == last.term()) {
      return new TermStarts(starts, end);
    }
    List<TermStart> longer = new ArrayList<>(starts);
    longer.add(new TermStart(term, sequence));
    return new TermStarts(longer, end);
  }

  /** The log without what follows {@code sequence}. */
  TermStarts cutTo(long sequence) {
    if (sequence <= 0) {
      return EMPTY;
    }
    List<TermStart> kept = starts.stream().filter(s -> s.firstSequence() <= sequence).toList();
    if (kept.isEmpty()) {
      return EMPTY;
    }
    if (sequence >= last.sequence()) {
      return new TermStarts(kept, last);
    }
    return new TermStarts(kept, new LogPosition(kept.getLast().term(), sequence));
  }

  /** The last sequence up to which both logs are the same; 0 if they share nothing. */
  long divergesFrom(TermStarts other) {
    long common = 0;
    for (TermStart mine : starts) {
      for (TermStart theirs : other.starts) {
        if (mine.term() == theirs.term() && mine.firstSequence() == theirs.firstSequence()) {
          common = Math.max(common, Math.min(endOf(mine), other.endOf(theirs)));
        }
      }
    }
    return common;
  }

  private long endOf(TermStart start) {
    int next = starts.indexOf(start) + 1;
    return next < starts.size() ? starts.get(next).firstSequence() - 1 : last.sequence();
  }
}
