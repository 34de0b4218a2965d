package dev.varve.replication;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.replication.HandOverRefusedException.Kind;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** A primary that hands over, under load: what it costs, and what it must not do. */
class HandOverSimulationTest {
  private static final int SEEDS = 20;
  private static final Duration SOON = Duration.ofSeconds(10);

  /** Writers that go on whatever happens, and when they were answered. */
  private static final class Load {
    private final SimulatedCluster cluster;
    private boolean over;
    private int unknown;
    private int acknowledged;
    private long lastNanos;
    private long longestGapNanos;

    Load(SimulatedCluster cluster, int writers) {
      this.cluster = cluster;
      this.lastNanos = cluster.simulation.nowNanos();
      for (int i = 0; i < writers; i++) {
        write("writer-" + i, 0);
      }
    }

    /** Forgets what was before. */
    void measure() {
      longestGapNanos = 0;
      lastNanos = cluster.simulation.nowNanos();
    }

    long longestGapMs() {
      return Math.max(longestGapNanos, cluster.simulation.nowNanos() - lastNanos) / 1_000_000;
    }

    void stop() {
      over = true;
      cluster.simulation.run(Duration.ofMillis(500));
    }

    private void write(String key, int count) {
      if (over) {
        return;
      }
      ReplicatedMember primary = cluster.servingPrimary();
      if (primary == null) {
        later(() -> write(key, count));
        return;
      }
      CompletableFuture<Written> _ =
          FailoverSimulationTest.write(primary, key, key + " " + count)
              .whenComplete(
                  (written, failure) ->
                      // Later: what is thrown in here would be swallowed.
                      later(() -> answered(key, count, failure)));
    }

    private void answered(String key, int count, @Nullable Throwable failure) {
      if (failure == null) {
        acknowledged++;
        long now = cluster.simulation.nowNanos();
        longestGapNanos = Math.max(longestGapNanos, now - lastNanos);
        lastNanos = now;
        write(key, count + 1);
        return;
      }
      switch (MemberThread.causeOf(failure)) {
        case NotPrimaryException e -> {}
        case QuorumUnavailableException e -> unknown += e.notApplied() ? 0 : 1;
        case Throwable other -> throw new AssertionError("a write failed", other);
      }
      write(key, count);
    }

    private void later(Runnable task) {
      cluster.simulation.after(Duration.ofMillis(1), task);
    }
  }

  private static SimulatedCluster started(int seed, int size) {
    SimulatedCluster cluster = new SimulatedCluster(new Simulation(seed), size);
    cluster.startAll();
    cluster.awaitPrimary(Duration.ofSeconds(20));
    // Founders recorded, everybody heard.
    cluster.simulation.run(Duration.ofSeconds(3));
    return cluster;
  }

  private static HandedOver handedOver(
      SimulatedCluster cluster, CompletableFuture<HandedOver> handing) {
    assertTrue(cluster.simulation.runUntil(handing::isDone, SOON), cluster.describe());
    return handing.join();
  }

  private static Throwable failureOf(
      SimulatedCluster cluster, CompletableFuture<HandedOver> handing) {
    assertTrue(cluster.simulation.runUntil(handing::isDone, SOON), cluster.describe());
    try {
      throw new AssertionError("handed over: " + handing.join());
    } catch (CompletionException e) {
      Throwable cause = e.getCause();
      assertNotNull(cause);
      return cause;
    }
  }

  private static void refused(Kind kind, String message, Throwable failure) {
    HandOverRefusedException refusal =
        assertInstanceOf(HandOverRefusedException.class, failure, failure.toString());
    assertEquals(kind, refusal.kind(), refusal.getMessage());
    assertTrue(String.valueOf(refusal.getMessage()).contains(message), refusal.getMessage());
  }

  private static String nameOf(ReplicatedMember member) {
    return member.status().member().name();
  }

  private static List<String> othersThan(SimulatedCluster cluster, String name) {
    return cluster.names.stream().filter(other -> !other.equals(name)).toList();
  }

  private static ReplicatedMember member(SimulatedCluster cluster, String name) {
    ReplicatedMember member = cluster.node(name).member;
    assertNotNull(member);
    return member;
  }

  /** Guards: {@code isQuiet} in {@link HandOver}, and the release itself. */
  @Test
  void writesPauseForLessThanASecondAndNoneHasAnUnknownOutcome() throws Exception {
    long slowestMs = 0;
    int acknowledged = 0;
    for (int seed = 1; seed <= SEEDS; seed++) {
      SimulatedCluster cluster = started(seed, seed % 4 == 0 ? 5 : 3);
      Load load = new Load(cluster, 24);
      for (int round = 0; round < 5; round++) {
        cluster.simulation.run(Duration.ofSeconds(2));
        ReplicatedMember old = cluster.awaitPrimary(SOON);
        long term = old.status().term();
        load.measure();
        HandedOver next = handedOver(cluster, old.stepDown(null));
        assertNotEquals(nameOf(old), next.primary());
        assertEquals(term + 1, next.term());
        cluster.simulation.run(Duration.ofSeconds(1));
        slowestMs = Math.max(slowestMs, load.longestGapMs());
        assertTrue(load.longestGapMs() < 1_000, "seed " + seed + ": " + load.longestGapMs());
        assertEquals(next.primary(), nameOf(cluster.awaitPrimary(Duration.ZERO)));
      }
      load.stop();
      assertEquals(0, load.unknown, "seed " + seed);
      acknowledged += load.acknowledged;
      cluster.settle(SOON);
      cluster.assertIdentical();
    }
    System.out.printf(
        "%d hand-overs, %d writes: longest time without one %d simulated ms%n",
        5 * SEEDS, acknowledged, slowestMs);
  }

  /**
   * Guard: {@code me.become(new Follower(me))} before the first release is sent. The one who hands
   * over is cut off right after, so nobody could tell it to stop.
   */
  @Test
  void whoReleasedReadsNoMore() {
    for (int seed = 1; seed <= SEEDS; seed++) {
      SimulatedCluster cluster = started(seed, 3);
      ReplicatedMember old = cluster.awaitPrimary(Duration.ZERO);
      boolean[] released = new boolean[1];
      cluster.network.filter(
          sending -> {
            if (sending.request() instanceof Request.Release && !released[0]) {
              released[0] = true;
              cluster.simulation.after(
                  Duration.ZERO,
                  () -> cluster.network.isolate(nameOf(old), Set.copyOf(cluster.names)));
            }
            return true;
          });
      CompletableFuture<HandedOver> _ = old.stepDown(null);
      for (int step = 0; step < 4_000; step++) {
        cluster.simulation.run(Duration.ofNanos(500_000));
        long fresh =
            cluster.up().stream()
                .filter(node -> node.member != null && node.member.readsAreFresh())
                .count();
        assertTrue(fresh <= 1, "seed " + seed + ": " + cluster.describe());
        assertFalse(released[0] && old.readsAreFresh(), "seed " + seed);
      }
      ReplicatedMember next = cluster.awaitPrimary(Duration.ZERO);
      assertNotEquals(nameOf(old), nameOf(next));
      assertTrue(next.readsAreFresh());
    }
  }

  @Test
  void theMostAdvancedReplicaTakesOver() {
    for (int seed = 1; seed <= SEEDS; seed++) {
      SimulatedCluster cluster = started(seed, 3);
      String old = nameOf(cluster.awaitPrimary(Duration.ZERO));
      String behind = othersThan(cluster, old).getFirst();
      Load load = new Load(cluster, 4);
      loseEntriesTo(cluster, behind);
      cluster.simulation.run(Duration.ofMillis(800));
      HandedOver next = handedOver(cluster, member(cluster, old).stepDown(null));
      assertEquals(othersThan(cluster, old).getLast(), next.primary(), "seed " + seed);
      load.stop();
      assertEquals(0, load.unknown);
    }
  }

  /** Heartbeats come through, so that it counts as heard. */
  private static void loseEntriesTo(SimulatedCluster cluster, String name) {
    cluster.network.filter(
        sending ->
            !(sending.to().equals(name)
                && sending.request() instanceof Request.Append append
                && !append.isHeartbeat()));
  }

  /** Guards: {@code acknowledged() >= near} and {@code acknowledged() >= last} in HandOver. */
  @Test
  void aReplicaThatIsBehindDoesNotTakeOver() {
    for (int seed = 1; seed <= SEEDS; seed++) {
      SimulatedCluster cluster = started(seed, 3);
      ReplicatedMember primary = cluster.awaitPrimary(Duration.ZERO);
      long term = primary.status().term();
      String behind = othersThan(cluster, nameOf(primary)).getFirst();
      Load load = new Load(cluster, 4);
      loseEntriesTo(cluster, behind);
      cluster.simulation.run(Duration.ofMillis(100));
      load.measure();
      refused(Kind.NOT_NOW, behind, failureOf(cluster, primary.stepDown(behind)));
      cluster.simulation.run(Duration.ofMillis(100));
      assertTrue(load.longestGapMs() < 1_000, "seed " + seed + ": " + load.longestGapMs());
      assertEquals(term, cluster.awaitPrimary(Duration.ZERO).status().term());
      load.stop();
      assertEquals(0, load.unknown);
    }
  }

  /** Guard: {@code lease.read()} in {@link RequestHandler}, before anything is released. */
  @Test
  void anApiServerThatIsAwayCostsNoPrimary() {
    SimulatedCluster cluster = started(31, 3);
    ReplicatedMember primary = cluster.awaitPrimary(Duration.ZERO);
    long term = primary.status().term();
    Load load = new Load(cluster, 4);
    cluster.lease.reachable(false);
    refused(Kind.NOT_NOW, "cannot read the Lease", failureOf(cluster, primary.stepDown(null)));
    assertTrue(load.longestGapMs() < 300, load.longestGapMs() + " ms");
    assertTrue(primary.status().serving());
    assertEquals(term, primary.status().term());
    load.stop();
    cluster.lease.reachable(true);
    assertNotEquals(nameOf(primary), handedOver(cluster, primary.stepDown(null)).primary());
  }

  /** The one who hands over renews the Lease at that very moment: the release is sent again. */
  @Test
  void aSuccessorThatLosesTheLeaseOnceTriesAgain() {
    SimulatedCluster cluster = started(32, 3);
    Load load = new Load(cluster, 4);
    ReplicatedMember old = cluster.awaitPrimary(Duration.ZERO);
    boolean[] released = new boolean[1];
    cluster.network.filter(
        sending -> {
          if (sending.request() instanceof Request.Release && !released[0]) {
            released[0] = true;
            for (int ms = 0; ms < 25; ms++) {
              cluster.simulation.after(
                  Duration.ofMillis(ms), () -> cluster.lease.replace(cluster.lease.view()));
            }
          }
          return true;
        });
    load.measure();
    assertNotEquals(nameOf(old), handedOver(cluster, old.stepDown(null)).primary());
    cluster.simulation.run(Duration.ofMillis(500));
    assertTrue(load.longestGapMs() < 1_000, load.longestGapMs() + " ms");
  }

  @Test
  void whenTheSuccessorDiesTheOthersElect() {
    for (int seed = 1; seed <= SEEDS; seed++) {
      SimulatedCluster cluster = started(seed, 3);
      ReplicatedMember old = cluster.awaitPrimary(Duration.ZERO);
      long term = old.status().term();
      String successor = othersThan(cluster, nameOf(old)).getFirst();
      boolean[] released = new boolean[1];
      cluster.network.filter(
          sending -> {
            if (sending.request() instanceof Request.Release && !released[0]) {
              released[0] = true;
              cluster.simulation.after(Duration.ZERO, () -> cluster.crash(successor));
            }
            return true;
          });
      CompletableFuture<HandedOver> handing = old.stepDown(successor);
      assertTrue(cluster.simulation.runUntil(handing::isDone, SOON), cluster.describe());
      if (handing.isCompletedExceptionally()) {
        Throwable failure = failureOf(cluster, handing);
        assertFalse(
            assertInstanceOf(QuorumUnavailableException.class, failure).notApplied(),
            failure.toString());
      } else {
        assertTrue(handing.join().term() > term);
      }
      ReplicatedMember next = cluster.awaitPrimary(Duration.ofSeconds(6));
      assertTrue(next.status().term() > term, "seed " + seed);
    }
  }

  @Test
  void aNamedMemberTakesOverAndNamingThePrimaryChangesNothing() {
    SimulatedCluster cluster = started(33, 3);
    ReplicatedMember old = cluster.awaitPrimary(Duration.ZERO);
    String named = othersThan(cluster, nameOf(old)).getLast();
    HandedOver next = handedOver(cluster, old.stepDown(named));
    assertEquals(named, next.primary());
    cluster.simulation.run(Duration.ofMillis(200));
    // Asked again, as a client does that got no answer.
    assertEquals(next, handedOver(cluster, member(cluster, named).stepDown(named)));
    assertEquals(next.term(), cluster.awaitPrimary(Duration.ZERO).status().term());
  }

  @Test
  void whoMayNotTakeOverIsRefused() {
    SimulatedCluster cluster = started(34, 3);
    ReplicatedMember primary = cluster.awaitPrimary(Duration.ZERO);
    String replica = othersThan(cluster, nameOf(primary)).getFirst();
    refused(Kind.UNKNOWN_MEMBER, "no member m9", failureOf(cluster, primary.stepDown("m9")));
    assertInstanceOf(
        NotPrimaryException.class, failureOf(cluster, member(cluster, replica).stepDown(null)));
    assertInstanceOf(
        NotPrimaryException.class, failureOf(cluster, member(cluster, replica).stepAside()));
    refused(
        Kind.NOT_NOW, replica + " is being stopped", failureOf(cluster, primary.stepDown(replica)));
    cluster.crash(replica);
    cluster.simulation.run(Duration.ofMillis(1_100));
    refused(
        Kind.NOT_NOW,
        replica + " was not heard lately",
        failureOf(cluster, primary.stepDown(replica)));
    CompletableFuture<HandedOver> first = primary.stepDown(null);
    CompletableFuture<HandedOver> second = primary.stepDown(null);
    refused(Kind.NOT_NOW, "handing over already", failureOf(cluster, second));
    assertEquals(
        othersThan(cluster, nameOf(primary)).getLast(), handedOver(cluster, first).primary());
  }

  /** Of three, one is down: the other two are the majority, and both are needed. */
  @Test
  void twoOfThreeHandOver() {
    for (int seed = 1; seed <= SEEDS; seed++) {
      SimulatedCluster cluster = started(seed, 3);
      ReplicatedMember old = cluster.awaitPrimary(Duration.ZERO);
      cluster.crash(othersThan(cluster, nameOf(old)).getFirst());
      Load load = new Load(cluster, 4);
      cluster.simulation.run(Duration.ofMillis(1_200));
      load.measure();
      handedOver(cluster, old.stepDown(null));
      cluster.simulation.run(Duration.ofSeconds(1));
      assertTrue(load.longestGapMs() < 1_000, "seed " + seed + ": " + load.longestGapMs());
      load.stop();
      assertEquals(0, load.unknown);
    }
  }

  /** One member alone in its shard has nobody to hand it to. */
  @Test
  void aMemberAloneRefuses() {
    SimulatedCluster cluster = new SimulatedCluster(new Simulation(35), 1);
    cluster.startAll();
    ReplicatedMember alone = cluster.awaitPrimary(Duration.ofSeconds(20));
    refused(Kind.NO_OTHER_MEMBER, "only member", failureOf(cluster, alone.stepDown(null)));
    assertTrue(alone.status().serving());
  }
}
