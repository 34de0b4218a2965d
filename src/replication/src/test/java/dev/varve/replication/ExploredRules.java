package dev.varve.replication;

import dev.varve.store.LogEntry;
import dev.varve.store.LogPosition;
import java.util.List;
import java.util.Map;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/** The rules as the search asks for them: the real ones. A test overrides one to break it. */
class ExploredRules {
  boolean admits(TermRecord record, long term, MemberId member) {
    return record.admits(term, member);
  }

  FenceCount.Verdict count(
      Quorum quorum, MemberId self, Map<MemberId, Response.FenceAnswer> fenced, LogPosition last) {
    return FenceCount.decide(quorum, self, fenced, last, true);
  }

  /** The position that a fence is answered with. */
  LogPosition fenceAnswer(TermRecord record, TermStarts log) {
    return log.last();
  }

  @Nullable Taking take(TermStarts tail, LogPosition previous, List<LogEntry> entries) {
    return Taking.decide(tail, previous, entries);
  }

  long commit(Quorum quorum, long termStart, long committed, ToLongFunction<MemberId> durableAt) {
    return CommitRule.committed(quorum, termStart, committed, durableAt);
  }
}
