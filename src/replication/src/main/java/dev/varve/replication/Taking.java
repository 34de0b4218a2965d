package dev.varve.replication;

import dev.varve.store.LogEntry;
import dev.varve.store.LogPosition;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a member does with entries of the log that it shall have: the decision alone, without I/O.
 *
 * @param cut whether something here contradicts the entries and goes first
 * @param keep the last sequence that stays
 * @param fresh the entries that are not here yet
 * @param upTo once all of that is durable, the logs are the same up to here
 */
record Taking(boolean cut, long keep, List<LogEntry> fresh, long upTo) {
  Taking {
    fresh = List.copyOf(fresh);
  }

  /**
   * Decides; null if the entry before the first one is not here, so that nothing can be taken.
   *
   * @param tail the log here
   * @param previous the entry before the first one in the other log
   */
  static @Nullable Taking decide(TermStarts tail, LogPosition previous, List<LogEntry> entries) {
    if (!tail.holds(previous)) {
      return null;
    }
    List<LogEntry> fresh =
        entries.stream().filter(e -> tail.termAt(e.sequence()) != e.term()).toList();
    long upTo = entries.isEmpty() ? previous.sequence() : entries.getLast().sequence();
    long last = tail.last().sequence();
    boolean cut = !fresh.isEmpty() && fresh.getFirst().sequence() <= last;
    return new Taking(cut, cut ? fresh.getFirst().sequence() - 1 : last, fresh, upTo);
  }

  /** The log here with the entries. */
  TermStarts applied(TermStarts tail) {
    TermStarts result = cut ? tail.cutTo(keep) : tail;
    for (LogEntry entry : fresh) {
      result = result.extended(entry.term(), entry.sequence());
    }
    return result;
  }
}
