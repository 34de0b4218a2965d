package dev.varve.replication;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** How a shard begins, and when it does not. */
class BootstrapSimulationTest {
  private static final Duration LONG = Duration.ofSeconds(60);

  private final SimulatedCluster cluster = new SimulatedCluster(new Simulation(42), 3);

  @Test
  void aPermissionIsUsedOnceByAllTogether() {
    cluster.startAll();
    ReplicatedMember primary = cluster.awaitPrimary(Duration.ofSeconds(10));
    assertTrue(cluster.lease.view().bootstrapRequested().isEmpty());
    assertEquals(
        new TreeSet<>(cluster.names),
        new TreeSet<>(cluster.lease.view().bootstrapMembers().keySet()));
    cluster.settle(LONG);
    assertEquals(
        new TreeSet<>(cluster.lease.view().bootstrapMembers().values()),
        new TreeSet<>(primary.status().membership().stream().map(MemberId::id).toList()));
  }

  /** Guard: {@link Bootstrap} acts on the Lease alone, never on being empty. */
  @Test
  void withoutAPermissionNothingBegins() {
    cluster.lease.replace(new LeaseView("", null, 0, 0, 15_000, List.of(), Map.of()));
    cluster.startAll();
    cluster.simulation.run(LONG);
    assertNull(cluster.servingPrimary());
    assertEquals(0, cluster.lease.view().term());
    assertTrue(cluster.describe().contains("waiting for bootstrap"), cluster.describe());
  }

  /** Guard: {@code members.size() == bootstrapRequested().size()}. */
  @Test
  void aMajorityAloneDoesNotBegin() {
    cluster.start("m0");
    cluster.start("m1");
    cluster.simulation.run(LONG);
    assertNull(cluster.servingPrimary());
    assertEquals(3, cluster.lease.view().bootstrapRequested().size());
    cluster.start("m2");
    cluster.awaitPrimary(Duration.ofSeconds(10));
  }

  /**
   * Guard: {@code description.empty()}: a shard that exists is not begun again, whatever the Lease
   * permits.
   */
  @Test
  void aPermissionForAShardThatExistsIsNotUsed() {
    cluster.startAll();
    cluster.awaitPrimary(Duration.ofSeconds(10));
    cluster.settle(LONG);
    // Two disks are lost, more than the shard can survive; and somebody permits an empty start.
    cluster.wipe("m0");
    cluster.wipe("m1");
    cluster.lease.replace(new LeaseView("", null, 0, 0, 15_000, cluster.names, Map.of()));
    cluster.start("m0");
    cluster.start("m1");
    cluster.simulation.run(LONG);
    assertNull(cluster.servingPrimary());
    assertEquals(3, cluster.lease.view().bootstrapRequested().size());
  }

  @Test
  void foundersKnowEachOtherEvenIfTheLeaseForgets() {
    cluster.startAll();
    assertTrue(
        cluster.simulation.runUntil(
            () -> cluster.up().stream().allMatch(BootstrapSimulationTest::knowsFounders),
            Duration.ofSeconds(10)),
        cluster.describe());
    cluster.names.forEach(cluster::crash);
    cluster.lease.replace(new LeaseView("", null, 0, 0, 15_000, List.of(), Map.of()));
    cluster.startAll();
    cluster.awaitPrimary(Duration.ofSeconds(10));
    cluster.settle(LONG);
  }

  /** Guard: {@link LocalMember#acknowledges} is called after the first record is durable. */
  @Test
  void aPowerCutOfAllFoundersAtTheFirstRecordLeavesAShardThatCanBegin() {
    for (int seed = 1; seed <= 30; seed++) {
      SimulatedCluster founders = new SimulatedCluster(new Simulation(seed), 3);
      founders.startAll();
      assertTrue(
          founders.simulation.runUntil(
              () -> founders.up().stream().filter(n -> hasLog(n)).count() >= 2,
              Duration.ofSeconds(10)),
          founders.describe());
      founders.names.forEach(founders::crash);
      founders.startAll();
      founders.awaitPrimary(Duration.ofSeconds(20));
      founders.settle(LONG);
    }
  }

  private static boolean hasLog(SimulatedCluster.Node node) {
    try {
      return node.storage.list("").contains("_r-member")
          && new String(node.storage.contents("_r-member"), StandardCharsets.UTF_8)
              .contains("hasLog=true");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static boolean knowsFounders(SimulatedCluster.Node node) {
    return node.member != null && node.member.status().membership().size() == 3;
  }
}
