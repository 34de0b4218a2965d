package dev.varve.replication;

import static dev.varve.replication.FailoverSimulationTest.acknowledged;
import static dev.varve.replication.FailoverSimulationTest.nameOf;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.store.LogPosition;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** Who stands as a candidate, when, and who leaves whom the way. */
class ElectionSimulationTest {
  private static final int SEEDS = 40;
  private static final MemberId STRANGER = new MemberId("m9", "another");

  private static SimulatedCluster started(int seed) {
    return FailoverSimulationTest.started(seed, 3);
  }

  private static MemberStatus status(SimulatedCluster cluster, String name) {
    ReplicatedMember member = cluster.node(name).member;
    if (member == null) {
      throw new AssertionError(name + " is down");
    }
    return member.status();
  }

  private static boolean isCandidate(SimulatedCluster cluster, String name) {
    return status(cluster, name).role() == MemberRole.CANDIDATE;
  }

  private static boolean awaitCandidate(
      SimulatedCluster cluster, List<String> names, Duration limit) {
    return cluster.simulation.runUntil(
        () -> names.stream().anyMatch(name -> isCandidate(cluster, name)), limit);
  }

  private static List<String> without(List<String> names, String name) {
    return names.stream().filter(other -> !other.equals(name)).toList();
  }

  private static Response.PreVoteAnswer preVoteOf(SimulatedCluster cluster, String name) {
    ReplicatedMember member = cluster.node(name).member;
    if (member == null) {
      throw new AssertionError(name + " is down");
    }
    CompletableFuture<Response> answer =
        member.handle(new Request.PreVote(0, 0, STRANGER, LogPosition.EMPTY));
    cluster.simulation.run(Duration.ZERO);
    return assertInstanceOf(Response.PreVoteAnswer.class, answer.join());
  }

  /**
   * Guards: {@code follower.called()} in {@link RequestHandler}, and that the candidate behind
   * stands back for the one that it called.
   */
  @Test
  void theMoreAdvancedMemberIsCalledToStandAtOnce() {
    int called = 0;
    for (int seed = 1; seed <= SEEDS; seed++) {
      SimulatedCluster cluster = started(seed);
      acknowledged(cluster, "key", "before");
      String lost = nameOf(cluster.awaitPrimary(Duration.ZERO));
      List<String> others = without(cluster.names, lost);
      String behind = others.getFirst();
      String ahead = others.getLast();
      cluster.network.cut(lost, behind);
      acknowledged(cluster, "key", "after");
      cluster.crash(lost);
      cluster.network.heal();
      boolean early = awaitCandidate(cluster, others, Duration.ofMillis(1_560));
      assertTrue(awaitCandidate(cluster, others, Duration.ofSeconds(1)), cluster.describe());
      // One that stands while the other, by a slower clock, still keeps its promise calls nobody.
      if (!early && isCandidate(cluster, behind)) {
        called++;
        assertTrue(
            cluster.simulation.runUntil(
                () -> status(cluster, ahead).role() != MemberRole.REPLICA, Duration.ofMillis(60)),
            "seed " + seed + ": " + cluster.describe());
        ReplicatedMember next = cluster.awaitPrimary(Duration.ofSeconds(2));
        assertEquals(ahead, nameOf(next), "seed " + seed);
      }
    }
    assertTrue(called > 5, called + " candidates were behind");
  }

  /**
   * Guard: {@link Candidacies#pause}: the other's promise to a lost primary ends a little later.
   */
  @Test
  void aRefusedCandidateAsksAgainSoon() {
    for (int seed = 1; seed <= SEEDS; seed++) {
      SimulatedCluster cluster = started(seed);
      acknowledged(cluster, "key", "before");
      String lost = nameOf(cluster.awaitPrimary(Duration.ZERO));
      List<String> others = without(cluster.names, lost);
      cluster.network.cut(lost, others.getFirst());
      cluster.simulation.run(Duration.ofMillis(300));
      cluster.crash(lost);
      cluster.network.heal();
      cluster.lease.cutOff(others.getLast());
      cluster.awaitPrimary(Duration.ofMillis(2_700));
    }
  }

  /**
   * Guards: the pause with which {@code Primary.depose} begins to follow, as it has heard no
   * primary but itself; and that no pre-vote is refused meanwhile.
   */
  @Test
  void aDeposedPrimaryLeavesOthersTheirTimeAndHelpsThem() {
    for (int seed = 1; seed <= SEEDS; seed++) {
      SimulatedCluster cluster = started(seed);
      String deposed = nameOf(cluster.awaitPrimary(Duration.ZERO));
      cluster.simulation.run(Duration.ofSeconds(10));
      cluster.network.isolate(deposed, Set.copyOf(cluster.names));
      assertTrue(
          cluster.simulation.runUntil(
              () -> status(cluster, deposed).role() == MemberRole.REPLICA, Duration.ofSeconds(4)));
      assertTrue(preVoteOf(cluster, deposed).granted());
      assertFalse(awaitCandidate(cluster, List.of(deposed), Duration.ofMillis(1_400)));
    }
  }

  /** Guard: {@code promises.fenced} in {@code Candidate.fence}. */
  @Test
  void aCandidateThatFencesHelpsNobodyElse() {
    for (int seed = 1; seed <= SEEDS; seed++) {
      SimulatedCluster cluster = started(seed);
      String lost = nameOf(cluster.awaitPrimary(Duration.ZERO));
      List<String> others = without(cluster.names, lost);
      cluster.crash(lost);
      assertTrue(
          cluster.simulation.runUntil(
              () ->
                  others.stream()
                      .anyMatch(name -> status(cluster, name).detail().startsWith("fencing")),
              Duration.ofSeconds(4)));
      for (String name : others) {
        if (status(cluster, name).detail().startsWith("fencing")) {
          assertFalse(preVoteOf(cluster, name).granted());
        }
      }
    }
  }

  /**
   * Guard: the yield in {@code Candidate.takeTerm}. A term above that of a candidate which is just
   * about to fence would depose it as soon as it serves.
   */
  @Test
  void aTermThatAnotherHasJustTakenIsLeftToItOnce() {
    for (int seed = 1; seed <= SEEDS; seed++) {
      SimulatedCluster cluster = FailoverSimulationTest.started(seed, 5);
      long term = acknowledged(cluster, "key", "before").term();
      String lost = nameOf(cluster.awaitPrimary(Duration.ZERO));
      List<String> others = without(cluster.names, lost);
      String taker = others.getFirst();
      cluster.crash(lost);
      // It took the next term, and is never heard again.
      cluster.lease.replace(cluster.lease.view().heldBy(taker, term + 1, 0));
      cluster.crash(taker);
      assertTrue(awaitCandidate(cluster, without(others, taker), Duration.ofSeconds(3)));
      cluster.simulation.run(Duration.ofMillis(280));
      assertEquals(
          term + 1, cluster.lease.view().term(), "seed " + seed + ": " + cluster.describe());
      assertEquals(term + 2, acknowledged(cluster, "key", "after").term(), "seed " + seed);
    }
  }
}
