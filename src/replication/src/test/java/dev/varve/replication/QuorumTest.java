package dev.varve.replication;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class QuorumTest {
  private static final MemberId A = new MemberId("a", "1");
  private static final MemberId B = new MemberId("b", "2");
  private static final MemberId C = new MemberId("c", "3");

  @Test
  void aMajorityIsMoreThanHalf() {
    assertEquals(1, new Quorum(List.of(A)).majority());
    assertEquals(2, new Quorum(List.of(A, B)).majority());
    assertEquals(2, new Quorum(List.of(A, B, C)).majority());
  }

  @Test
  void nobodyReachesAnEmptyMembership() {
    assertFalse(new Quorum(List.of()).reached(member -> true));
    assertEquals(Long.MIN_VALUE, new Quorum(List.of()).reachedByMajority(member -> 7));
  }

  /** Guard: members are compared by name and id, not by name. */
  @Test
  void aDirectoryMadeAnewDoesNotCountForTheLostOne() {
    MemberId anew = new MemberId("c", "4");
    Quorum quorum = new Quorum(List.of(A, B, C));
    assertFalse(quorum.reached(Set.of(A, anew)::contains));
    assertTrue(quorum.reached(Set.of(A, C)::contains));
    assertFalse(quorum.includes(anew));
  }

  @Test
  void reachedByMajorityIsWhatTheSlowestOfTheFastestMajorityHas() {
    Map<MemberId, Long> values = Map.of(A, 10L, B, 7L, C, 3L);
    assertEquals(7, new Quorum(List.of(A, B, C)).reachedByMajority(values::get));
    assertEquals(7, new Quorum(List.of(A, B)).reachedByMajority(values::get));
    assertEquals(10, new Quorum(List.of(A)).reachedByMajority(values::get));
  }
}
