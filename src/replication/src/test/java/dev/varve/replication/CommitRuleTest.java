package dev.varve.replication;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class CommitRuleTest {
  private static final MemberId A = new MemberId("a", "1");
  private static final MemberId B = new MemberId("b", "2");
  private static final MemberId C = new MemberId("c", "3");
  private static final Quorum ALL = new Quorum(List.of(A, B, C));

  private static long committed(long termStart, long before, long a, long b, long c) {
    Map<MemberId, Long> durable = Map.of(A, a, B, b, C, c);
    return CommitRule.committed(ALL, termStart, before, durable::get);
  }

  @Test
  void commitsWhatAMajorityHasDurable() {
    assertEquals(12, committed(10, 9, 15, 12, 3));
    assertEquals(10, committed(10, 9, 10, 0, 10));
  }

  /** Guard: {@code durable >= termStartSequence} (Raft, figure 8). */
  @Test
  void earlierTermsAreNotCommittedByCountAlone() {
    assertEquals(5, committed(10, 5, 9, 9, 9));
    assertEquals(10, committed(10, 5, 10, 10, 9));
  }

  @Test
  void neverGoesBack() {
    assertEquals(14, committed(10, 14, 15, 12, 12));
  }
}
