package dev.varve.replication;

import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.store.LogEntry;
import dev.varve.store.LogPosition;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The rules of terms, fences, logs and commit, over every state within bounds. */
class ExplorerTest {
  private static final Explorer.Bounds BOUNDS = new Explorer.Bounds(2, 2, 1, 300_000);

  private static Explorer.Result explored(ExploredRules rules) {
    return new Explorer(rules, BOUNDS).run();
  }

  @Test
  void noStateBreaksTheRules() {
    Explorer.Result result = explored(new ExploredRules());
    System.out.println("explored: " + result);
    assertNull(result.violation(), result.violation());
    assertTrue(result.states() > 10_000, result.toString());
    assertTrue(result.leaders() >= 2, result.toString());
    assertTrue(result.cuts() > 0 && result.commits() > 0, result.toString());
  }

  @Test
  void findsALeaderThatComparesNoLogs() {
    Explorer.Result result =
        explored(
            new ExploredRules() {
              @Override
              FenceCount.Verdict count(
                  Quorum quorum,
                  MemberId self,
                  Map<MemberId, Response.FenceAnswer> fenced,
                  LogPosition last) {
                return quorum.reached(fenced::containsKey)
                    ? new FenceCount.Verdict.Lead()
                    : new FenceCount.Verdict.Wait();
              }
            });
    assertNotNull(result.violation(), result.toString());
    System.out.println(result.violation());
  }

  @Test
  void findsAMemberThatAcknowledgesWhatContradictsItsLog() {
    Explorer.Result result =
        explored(
            new ExploredRules() {
              @Override
              Taking take(TermStarts tail, LogPosition previous, List<LogEntry> entries) {
                long last = tail.last().sequence();
                List<LogEntry> longer =
                    entries.stream().filter(entry -> entry.sequence() > last).toList();
                long upTo = previous.sequence() + entries.size();
                return new Taking(
                    false, last, previous.sequence() > last ? List.of() : longer, upTo);
              }
            });
    assertNotNull(result.violation(), result.toString());
    System.out.println(result.violation());
  }
}
