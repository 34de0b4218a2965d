package dev.varve.replication;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.varve.replication.FenceCount.Verdict;
import dev.varve.store.LogPosition;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class FenceCountTest {
  private static final MemberId A = new MemberId("a", "1");
  private static final MemberId B = new MemberId("b", "2");
  private static final MemberId C = new MemberId("c", "3");
  private static final Quorum ALL = new Quorum(List.of(A, B, C));

  private final Map<MemberId, Response.FenceAnswer> fenced = new LinkedHashMap<>();

  private void fenced(MemberId member, long term, long sequence, boolean source) {
    // The fencing term is the same everywhere, and says nothing about logs.
    fenced.put(
        member,
        new Response.FenceAnswer(9, member, true, A, new LogPosition(term, sequence), source, ""));
  }

  private Verdict decide(long term, long sequence) {
    return FenceCount.decide(ALL, A, fenced, new LogPosition(term, sequence), true);
  }

  /** Guard: {@code quorum.reached}. */
  @Test
  void waitsForAMajority() {
    fenced(A, 3, 10, true);
    assertEquals(new Verdict.Wait(), decide(3, 10));
    fenced(B, 3, 10, true);
    assertEquals(new Verdict.Lead(), decide(3, 10));
  }

  /**
   * Guard: fences are counted by id: a directory made anew does not stand for the one that was
   * lost.
   */
  @Test
  void aDirectoryMadeAnewFencesNothing() {
    fenced(A, 3, 10, true);
    fenced(new MemberId("c", "4"), 0, 0, true);
    assertEquals(new Verdict.Wait(), decide(3, 10));
  }

  /** Guard: the comparison of {@code last} with {@code furthest}. */
  @Test
  void catchesUpFromTheMostAdvanced() {
    fenced(A, 3, 10, true);
    fenced(B, 3, 12, true);
    assertEquals(new Verdict.CatchUp("b", new LogPosition(3, 12)), decide(3, 10));
    assertEquals(new Verdict.Lead(), decide(3, 12));
  }

  /** Guard: logs are compared by the term of their last record first. */
  @Test
  void aLaterTermIsMoreAdvancedThanALongerLog() {
    fenced(A, 3, 900, true);
    fenced(B, 4, 20, true);
    assertEquals(new Verdict.CatchUp("b", new LogPosition(4, 20)), decide(3, 900));
  }

  /**
   * Guard: {@code answer.source()}: what a member may have acknowledged counts, though it cannot be
   * read there.
   */
  @Test
  void doesNotLeadWithoutWhatAMemberMayHaveAcknowledged() {
    fenced(A, 3, 10, true);
    fenced(B, 3, 12, false);
    assertEquals(new Verdict.NoSource(new LogPosition(3, 12)), decide(3, 10));
    fenced(C, 3, 12, true);
    assertEquals(new Verdict.CatchUp("c", new LogPosition(3, 12)), decide(3, 10));
  }

  @Test
  void doesNotLeadWithAnImageThatLacksWhatItAcknowledgedItself() {
    fenced(A, 3, 10, false);
    fenced(B, 3, 9, true);
    assertEquals(
        new Verdict.NoSource(new LogPosition(3, 10)),
        FenceCount.decide(ALL, A, fenced, new LogPosition(3, 5), false));
  }
}
