package dev.varve.replication;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.store.WriteBatch;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;

/** How stale a member says it is, against how stale it is. */
class StalenessSimulationTest {
  private static final int SEEDS = 20;

  private static List<String> replicas(SimulatedCluster cluster) {
    String primary = FailoverSimulationTest.nameOf(cluster.awaitPrimary(Duration.ZERO));
    return cluster.names.stream().filter(name -> !name.equals(primary)).toList();
  }

  private static ReplicatedMember member(SimulatedCluster cluster, String name) {
    ReplicatedMember member = cluster.node(name).member;
    if (member == null) {
      throw new AssertionError(name + " is down");
    }
    return member;
  }

  @Test
  void aReplicaThatAsksIsHardlyStale() {
    for (int seed = 1; seed <= SEEDS; seed++) {
      SimulatedCluster cluster = FailoverSimulationTest.started(seed, 3);
      FailoverSimulationTest.acknowledged(cluster, "key", "value");
      ReplicatedMember replica = member(cluster, replicas(cluster).getFirst());
      for (int i = 0; i < 200 && replica.staleMs() > 20; i++) {
        replica.askHowStale();
        cluster.simulation.run(Duration.ofMillis(10));
      }
      assertTrue(replica.staleMs() <= 20, "seed " + seed + ": " + replica.staleMs() + " ms");
      cluster.simulation.run(Duration.ofSeconds(1));
      assertTrue(replica.staleMs() >= 960, "heartbeats alone say nothing of it");
    }
  }

  /**
   * One replica alone hears the old primary, which hears nobody: for seconds neither knows that the
   * others have another one. Guard: the primary confirms its term before it answers.
   */
  @Test
  void aPrimaryThatWasDeposedWithoutKnowingMakesNothingFresh() {
    int wroteMeanwhile = 0;
    for (int seed = 1; seed <= SEEDS; seed++) {
      SimulatedCluster cluster = FailoverSimulationTest.started(seed, 5);
      FailoverSimulationTest.acknowledged(cluster, "key", "before");
      ReplicatedMember old = cluster.awaitPrimary(Duration.ZERO);
      String oldName = FailoverSimulationTest.nameOf(old);
      String loyal = replicas(cluster).getFirst();
      cluster.network.isolate(oldName, Set.copyOf(cluster.names));
      cluster.network.isolate(loyal, Set.copyOf(cluster.names));
      cluster.network.join(oldName, loyal);
      ReplicatedMember replica = member(cluster, loyal);
      long cutAt = cluster.simulation.nowNanos();
      ReplicatedMember next = old;
      for (int i = 0; i < 500 && next == old; i++) {
        replica.askHowStale();
        cluster.simulation.run(Duration.ofMillis(10));
        assertHonest(cluster, replica, cutAt);
        ReplicatedMember serving = cluster.servingPrimary();
        next = serving == null ? old : serving;
      }
      assertTrue(next != old, cluster.describe());
      FailoverSimulationTest.acknowledged(cluster, "key", "after");
      wroteMeanwhile += old.status().serving() ? 1 : 0;
      assertHonest(cluster, replica, cutAt);
      assertHonest(cluster, old, cutAt);
    }
    assertTrue(wroteMeanwhile > 0, "the old primary had always resigned before");
  }

  /** The promise of before the cut lasts for a second; after it nothing is fresh any more. */
  private static void assertHonest(SimulatedCluster cluster, ReplicatedMember member, long cutAt) {
    long sinceCutMs = (cluster.simulation.nowNanos() - cutAt) / 1_000_000;
    long atLeast = (long) ((sinceCutMs - 1_000 / 0.97) * 0.97) - 1;
    assertTrue(
        member.staleMs() >= atLeast,
        "says " + member.staleMs() + " ms, " + sinceCutMs + " ms after it was cut off");
  }

  /**
   * A refusal tells of a version, which others may have replaced meanwhile. Guard: {@code
   * ReplicatedMember.refused}, which confirms the term.
   */
  @Test
  void aPrimaryThatWasDeposedWithoutKnowingRefusesNoCondition() {
    int askedMeanwhile = 0;
    for (int seed = 1; seed <= SEEDS; seed++) {
      SimulatedCluster cluster = FailoverSimulationTest.started(seed, 3);
      FailoverSimulationTest.acknowledged(cluster, "key", "before");
      ReplicatedMember old = cluster.awaitPrimary(Duration.ZERO);
      cluster.network.isolate(FailoverSimulationTest.nameOf(old), Set.copyOf(cluster.names));
      cluster.simulation.runUntil(
          () -> cluster.servingPrimary() != null && cluster.servingPrimary() != old,
          Duration.ofSeconds(10));
      FailoverSimulationTest.acknowledged(cluster, "key", "after");
      if (!old.status().serving()) {
        continue; // it had resigned before
      }
      askedMeanwhile++;
      CompletableFuture<Written> asked =
          old.write(new WriteBatch().put("main", bytes("key"), bytes("mine"), 0, 0));
      cluster.simulation.runUntil(asked::isDone, Duration.ofSeconds(10));
      Throwable answer = MemberThread.causeOf(assertThrows(CompletionException.class, asked::join));
      assertTrue(
          answer instanceof NotPrimaryException
              || (answer instanceof QuorumUnavailableException unavailable
                  && unavailable.notApplied()),
          "seed " + seed + ": " + answer);
    }
    assertTrue(askedMeanwhile > 0, "the old primary had always resigned before");
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  /** Guard: the time counts from the asking, not from the answer. */
  @Test
  void anAnswerThatWaitedSaysNothingOfTheMeantime() {
    for (int seed = 1; seed <= SEEDS; seed++) {
      SimulatedCluster cluster = FailoverSimulationTest.started(seed, 3);
      FailoverSimulationTest.acknowledged(cluster, "key", "value");
      ReplicatedMember replica = member(cluster, replicas(cluster).getFirst());
      cluster.network.unkind(0, 0, 1);
      for (int i = 0; i < 20; i++) {
        long before = replica.staleMs();
        long askedAt = cluster.simulation.nowNanos();
        replica.askHowStale();
        cluster.simulation.runUntil(() -> replica.staleMs() < before, Duration.ofMillis(600));
        if (replica.staleMs() < before) {
          long waitedMs = (cluster.simulation.nowNanos() - askedAt) / 1_000_000;
          assertTrue(
              replica.staleMs() >= (long) (waitedMs * 0.97) - 1,
              "says " + replica.staleMs() + " ms after it waited " + waitedMs + " ms");
        }
        cluster.simulation.run(Duration.ofMillis(200));
      }
    }
  }

  @Test
  void aServingPrimaryMissesNothing() {
    SimulatedCluster cluster = FailoverSimulationTest.started(1, 3);
    FailoverSimulationTest.acknowledged(cluster, "key", "value");
    assertEquals(0, cluster.awaitPrimary(Duration.ZERO).staleMs());
  }
}
