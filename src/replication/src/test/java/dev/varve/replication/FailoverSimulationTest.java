package dev.varve.replication;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.store.Store;
import dev.varve.store.WriteBatch;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;

/** Single stories, each with the time it may take. */
class FailoverSimulationTest {
  private static final int SEEDS = 20;

  private static SimulatedCluster started(int seed) {
    return started(seed, 3);
  }

  static SimulatedCluster started(int seed, int members) {
    SimulatedCluster cluster = new SimulatedCluster(new Simulation(seed), members);
    cluster.startAll();
    cluster.awaitPrimary(Duration.ofSeconds(20));
    return cluster;
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  static CompletableFuture<Written> write(Member member, String key, String value) {
    return member.write(new WriteBatch().put(SimulatedCluster.KEYSPACE, bytes(key), bytes(value)));
  }

  static Written acknowledged(SimulatedCluster cluster, String key, String value) {
    CompletableFuture<Written> written =
        write(cluster.awaitPrimary(Duration.ofSeconds(10)), key, value);
    assertTrue(
        cluster.simulation.runUntil(written::isDone, Duration.ofSeconds(6)), cluster.describe());
    return written.join();
  }

  private static Throwable failureOf(CompletableFuture<?> failed) {
    try {
      failed.join();
      throw new AssertionError("it did not fail");
    } catch (CompletionException e) {
      Throwable cause = e.getCause();
      assertNotNull(cause);
      return cause;
    }
  }

  static String nameOf(ReplicatedMember member) {
    return member.status().member().name();
  }

  @Test
  void aReplicaServesSoonAfterThePrimarysDeath() throws IOException {
    for (int seed = 1; seed <= SEEDS; seed++) {
      SimulatedCluster cluster = started(seed);
      Written before = acknowledged(cluster, "key", "before");
      String dead = nameOf(cluster.awaitPrimary(Duration.ZERO));
      cluster.crash(dead);
      ReplicatedMember next = cluster.awaitPrimary(Duration.ofSeconds(6));
      assertNotEquals(dead, nameOf(next));
      Store store = next.store();
      assertNotNull(store);
      var found = store.get(SimulatedCluster.KEYSPACE, bytes("key"));
      assertNotNull(found);
      assertEquals(before.sequence(), found.sequence());
      assertTrue(acknowledged(cluster, "key", "after").term() > before.term());
    }
  }

  /** Guard: {@link LeaseKeeper} takes an unreachable API server for nothing more than that. */
  @Test
  void anApiServerOutageIsNoOutageOfTheStore() {
    SimulatedCluster cluster = started(3);
    long term = acknowledged(cluster, "key", "before").term();
    cluster.lease.reachable(false);
    for (int second = 0; second < 60; second++) {
      cluster.simulation.run(Duration.ofSeconds(1));
      assertEquals(term, acknowledged(cluster, "key", "at " + second).term());
    }
    cluster.lease.reachable(true);
    cluster.simulation.run(Duration.ofSeconds(20));
    assertEquals(term, acknowledged(cluster, "key", "after").term());
  }

  /** Guards: the check of {@code quorumLost} in {@link Primary}, and {@code freshUntilNanos}. */
  @Test
  void aPrimaryThatNobodyHearsStopsReadingAndServing() {
    for (int seed = 1; seed <= SEEDS; seed++) {
      SimulatedCluster cluster = started(seed);
      acknowledged(cluster, "key", "before");
      ReplicatedMember cutOff = cluster.awaitPrimary(Duration.ZERO);
      assertTrue(cutOff.readsAreFresh());
      cluster.network.isolate(nameOf(cutOff), Set.copyOf(cluster.names));
      CompletableFuture<Written> lost = write(cutOff, "key", "lost");
      cluster.simulation.run(Duration.ofMillis(1_100));
      assertFalse(cutOff.readsAreFresh());
      assertFalse(lost.isDone());
      cluster.simulation.run(Duration.ofMillis(2_700));
      assertFalse(cutOff.status().serving());
      assertFalse(assertInstanceOf(QuorumUnavailableException.class, failureOf(lost)).notApplied());
      assertInstanceOf(NotPrimaryException.class, failureOf(write(cutOff, "key", "more")));
    }
  }

  /** Guard: reads go on until the next primary can exist, and never beside it. */
  @Test
  void twoMembersNeverReadAloneAtTheSameTime() {
    for (int seed = 1; seed <= SEEDS; seed++) {
      SimulatedCluster cluster = started(seed);
      ReplicatedMember old = cluster.awaitPrimary(Duration.ZERO);
      cluster.network.isolate(nameOf(old), Set.copyOf(cluster.names));
      for (int ms = 0; ms < 8_000; ms += 5) {
        cluster.simulation.run(Duration.ofMillis(5));
        long fresh =
            cluster.up().stream()
                .filter(node -> node.member != null && node.member.readsAreFresh())
                .count();
        assertTrue(fresh <= 1, "seed " + seed + ": " + cluster.describe());
      }
      assertTrue(cluster.awaitPrimary(Duration.ZERO).readsAreFresh());
    }
  }

  /**
   * Guard: {@code applied() < termStartSequence} in {@link Primary}: earlier terms' writes are
   * readable first.
   */
  @Test
  void servesOnlyWhenItsFirstRecordIsAppliedAndAllBeforeIt() {
    for (int seed = 1; seed <= SEEDS; seed++) {
      SimulatedCluster cluster = started(seed);
      acknowledged(cluster, "key", "before");
      cluster.crash(nameOf(cluster.awaitPrimary(Duration.ZERO)));
      boolean served = false;
      for (int step = 0; step < 60_000 && !served; step++) {
        cluster.simulation.run(Duration.ofNanos(100_000));
        for (SimulatedCluster.Node node : cluster.up()) {
          ReplicatedMember member = node.member;
          Store store = member == null ? null : member.store();
          if (member != null && store != null && member.status().serving()) {
            served = true;
            var log = store.log().state();
            assertTrue(
                log.applied() >= log.termStarts().getLast().firstSequence(),
                "seed " + seed + ": serves, but " + log);
          }
        }
      }
      assertTrue(served, cluster.describe());
    }
  }

  @Test
  void theTailOfADeposedPrimaryIsCut() throws IOException {
    for (int seed = 1; seed <= SEEDS; seed++) {
      SimulatedCluster cluster = started(seed);
      acknowledged(cluster, "key", "before");
      ReplicatedMember old = cluster.awaitPrimary(Duration.ZERO);
      cluster.network.isolate(nameOf(old), Set.copyOf(cluster.names));
      CompletableFuture<Written> lost = write(old, "lost", "lost");
      assertTrue(
          cluster.simulation.runUntil(
              () -> {
                ReplicatedMember now = cluster.servingPrimary();
                return now != null && now != old;
              },
              Duration.ofSeconds(12)),
          cluster.describe());
      acknowledged(cluster, "key", "after");
      cluster.settle(Duration.ofSeconds(30));
      cluster.assertIdentical();
      assertInstanceOf(QuorumUnavailableException.class, failureOf(lost));
      for (SimulatedCluster.Node node : cluster.up()) {
        Store store = node.member == null ? null : node.member.store();
        assertNotNull(store);
        assertNull(store.get(SimulatedCluster.KEYSPACE, bytes("lost")));
      }
    }
  }

  /**
   * Guard: a candidate's term is above the highest that any member has seen, not only above the
   * Lease's.
   */
  @Test
  void aLeaseMadeAnewHandsOutNoTermTwice() {
    SimulatedCluster cluster = started(5);
    for (int i = 0; i < 3; i++) {
      String name = nameOf(cluster.awaitPrimary(Duration.ofSeconds(10)));
      cluster.crash(name);
      cluster.awaitPrimary(Duration.ofSeconds(10));
      cluster.start(name);
      cluster.simulation.run(Duration.ofSeconds(3));
    }
    Written before = acknowledged(cluster, "key", "before");
    cluster.lease.replace(new LeaseView("", null, 0, 0, 15_000, List.of(), Map.of()));
    cluster.crash(nameOf(cluster.awaitPrimary(Duration.ZERO)));
    assertTrue(acknowledged(cluster, "key", "after").term() > before.term());
  }

  /** Guard: {@code me.sawTerm(lease.term())} in {@link LeaseKeeper}. */
  @Test
  void aPrimaryToldOfAHigherTermByTheLeaseStops() {
    SimulatedCluster cluster = started(6);
    Written before = acknowledged(cluster, "key", "before");
    LeaseView lease = cluster.lease.view();
    cluster.lease.replace(lease.heldBy("somebody", before.term() + 7, 0));
    assertTrue(
        cluster.simulation.runUntil(() -> cluster.servingPrimary() == null, Duration.ofSeconds(6)));
    assertTrue(acknowledged(cluster, "key", "after").term() > before.term() + 7);
  }

  @Test
  void aReadIsConfirmedByAMajorityWhenNoPromiseRuns() {
    SimulatedCluster cluster = started(8);
    ReplicatedMember primary = cluster.awaitPrimary(Duration.ZERO);
    CompletableFuture<Void> confirmed = primary.confirmReads();
    assertTrue(cluster.simulation.runUntil(confirmed::isDone, Duration.ofMillis(100)));
    confirmed.join();
    cluster.network.isolate(nameOf(primary), Set.copyOf(cluster.names));
    CompletableFuture<Void> unconfirmed = primary.confirmReads();
    cluster.simulation.run(Duration.ofSeconds(6));
    assertInstanceOf(NotPrimaryException.class, failureOf(unconfirmed));
  }

  @Test
  void aReplicaNamesThePrimary() {
    SimulatedCluster cluster = started(9);
    ReplicatedMember primary = cluster.awaitPrimary(Duration.ZERO);
    for (SimulatedCluster.Node node : cluster.up()) {
      ReplicatedMember member = node.member;
      if (member != null && member != primary) {
        NotPrimaryException refusal =
            assertInstanceOf(NotPrimaryException.class, failureOf(write(member, "key", "value")));
        assertEquals(nameOf(primary), refusal.primaryName());
        assertEquals(nameOf(primary) + ":9090", refusal.primaryAddress());
      }
    }
  }
}
