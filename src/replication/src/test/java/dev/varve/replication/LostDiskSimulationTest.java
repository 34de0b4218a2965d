package dev.varve.replication;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** What becomes of members whose directory is empty, damaged or incomplete. */
class LostDiskSimulationTest {
  private static final Duration SOON = Duration.ofSeconds(20);

  private static SimulatedCluster written(int seed, int batches) {
    SimulatedCluster cluster = new SimulatedCluster(new Simulation(seed), 3);
    cluster.startAll();
    cluster.awaitPrimary(SOON);
    write(cluster, batches);
    return cluster;
  }

  private static void write(SimulatedCluster cluster, int batches) {
    for (int i = 0; i < batches; i++) {
      CompletableFuture<Written> written =
          FailoverSimulationTest.write(
              cluster.awaitPrimary(SOON), "key-" + i % 50, "value ".repeat(100) + i);
      assertTrue(cluster.simulation.runUntil(written::isDone, SOON), cluster.describe());
      assertTrue(written.join().sequence() > 0);
    }
  }

  private static String replica(SimulatedCluster cluster, int which) {
    String primary = cluster.awaitPrimary(SOON).status().member().name();
    return cluster.names.stream().filter(name -> !name.equals(primary)).toList().get(which);
  }

  private static MemberId idOf(SimulatedCluster cluster, String name) {
    ReplicatedMember member = cluster.node(name).member;
    assertNotNull(member);
    return member.status().member();
  }

  @Test
  void anEmptyDirectoryComesBackUnderANewIdAndIsTakenInAgain() throws IOException {
    for (int seed = 1; seed <= 8; seed++) {
      SimulatedCluster cluster = written(seed, 120);
      String lost = replica(cluster, 0);
      MemberId before = idOf(cluster, lost);
      cluster.wipe(lost);
      cluster.start(lost);
      cluster.settle(Duration.ofSeconds(30));
      assertNotEquals(before, idOf(cluster, lost));
      assertFalse(cluster.awaitPrimary(SOON).status().membership().contains(before));
      cluster.assertIdentical();
      write(cluster, 5);
    }
  }

  /** Guard: quorums are counted by id ({@link Quorum}, {@link Shipping#of}). */
  @Test
  void aLostDiskCountsForNothingUntilItIsTakenInAgain() {
    SimulatedCluster cluster = written(11, 20);
    String lost = replica(cluster, 0);
    String cutOff = replica(cluster, 1);
    ReplicatedMember primary = cluster.awaitPrimary(SOON);
    cluster.crash(cutOff);
    cluster.wipe(lost);
    cluster.start(lost);
    CompletableFuture<Written> unheard =
        FailoverSimulationTest.write(primary, "key", "nobody but the primary counts");
    cluster.simulation.run(Duration.ofSeconds(30));
    assertTrue(unheard.isCompletedExceptionally(), cluster.describe());
    assertTrue(cluster.servingPrimary() == null, cluster.describe());
    cluster.start(cutOff);
    cluster.settle(Duration.ofSeconds(60));
  }

  @Test
  void aDamagedSegmentIsReplacedUnderANewId() throws IOException {
    SimulatedCluster cluster = written(12, 200);
    String damaged = replica(cluster, 0);
    MemberId before = idOf(cluster, damaged);
    cluster.simulation.run(Duration.ofSeconds(2));
    cluster.crash(damaged);
    List<String> segments =
        cluster.node(damaged).storage.list(SimulatedCluster.KEYSPACE).stream()
            .filter(name -> name.endsWith(".log"))
            .toList();
    for (String name : cluster.node(damaged).storage.list(SimulatedCluster.KEYSPACE)) {
      if (name.endsWith(".hint")) {
        cluster.node(damaged).storage.delete(SimulatedCluster.KEYSPACE + "/" + name);
      }
    }
    cluster
        .node(damaged)
        .storage
        .flipBit(SimulatedCluster.KEYSPACE + "/" + segments.getFirst(), 8 * 2_000);
    cluster.start(damaged);
    cluster.settle(Duration.ofSeconds(60));
    assertNotEquals(before, idOf(cluster, damaged));
    cluster.assertIdentical();
  }

  /** Guard: {@link Identity#hasLog}. */
  @Test
  void aLogThatIsGoneIsNotTakenForOneThatNeverWas() throws IOException {
    SimulatedCluster cluster = written(13, 50);
    String lost = replica(cluster, 0);
    MemberId before = idOf(cluster, lost);
    cluster.crash(lost);
    for (String directory : List.of(SimulatedCluster.KEYSPACE, "_manifest", "")) {
      for (String name : cluster.node(lost).storage.list(directory)) {
        String path = directory.isEmpty() ? name : directory + "/" + name;
        if (path.startsWith("_durable")
            || (!path.startsWith("_r-") && !path.equals(directory) && path.contains("."))) {
          cluster.node(lost).storage.delete(path);
        }
      }
    }
    cluster.start(lost);
    cluster.settle(Duration.ofSeconds(60));
    assertNotEquals(before, idOf(cluster, lost));
    cluster.assertIdentical();
  }

  @Test
  void aMemberFarBehindCopiesFilesAndCatchesUp() throws IOException {
    for (int seed = 21; seed <= 26; seed++) {
      SimulatedCluster cluster = written(seed, 5);
      String behind = replica(cluster, 0);
      MemberId before = idOf(cluster, behind);
      cluster.network.isolate(behind, Set.copyOf(cluster.names));
      write(cluster, 200);
      cluster.network.heal();
      cluster.settle(Duration.ofSeconds(60));
      assertEquals(before, idOf(cluster, behind));
      cluster.assertIdentical();
    }
  }

  @Test
  void aCopyThatIsCutOffByACrashGoesOn() throws IOException {
    for (int seed = 31; seed <= 40; seed++) {
      SimulatedCluster cluster = written(seed, 5);
      String behind = replica(cluster, 0);
      MemberId before = idOf(cluster, behind);
      cluster.crash(behind);
      write(cluster, 200);
      cluster.start(behind);
      assertTrue(
          cluster.simulation.runUntil(
              () -> {
                ReplicatedMember member = cluster.node(behind).member;
                return member != null && member.status().detail().startsWith("copying");
              },
              SOON),
          cluster.describe());
      cluster.simulation.run(cluster.simulation.between(1_000, 40_000));
      cluster.crash(behind);
      cluster.start(behind);
      cluster.settle(Duration.ofSeconds(60));
      assertEquals(before, idOf(cluster, behind));
      cluster.assertIdentical();
    }
  }
}
