package dev.varve.replication;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.store.KeyspaceStatus;
import dev.varve.store.Store;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** Bytes that change after they were written: what becomes of them, and that they do not spread. */
class DamageSimulationTest {
  private static final Duration SOON = Duration.ofSeconds(20);

  private static SimulatedCluster written(int seed, int batches) {
    SimulatedCluster cluster = new SimulatedCluster(new Simulation(seed), 3);
    cluster.startAll();
    for (int i = 0; i < batches; i++) {
      CompletableFuture<Written> written =
          FailoverSimulationTest.write(
              cluster.awaitPrimary(SOON), "key-" + i % 50, "value ".repeat(100) + i);
      assertTrue(cluster.simulation.runUntil(written::isDone, SOON), cluster.describe());
      assertTrue(written.join().sequence() > 0);
    }
    cluster.settle(SOON);
    return cluster;
  }

  private static ReplicatedMember member(SimulatedCluster cluster, String name) {
    ReplicatedMember member = cluster.node(name).member;
    assertNotNull(member);
    return member;
  }

  private static Store store(SimulatedCluster cluster, String name) {
    Store store = member(cluster, name).store();
    assertNotNull(store, cluster.describe());
    return store;
  }

  private static String primary(SimulatedCluster cluster) {
    return cluster.awaitPrimary(SOON).status().member().name();
  }

  private static List<String> replicas(SimulatedCluster cluster) {
    String primary = primary(cluster);
    return cluster.names.stream().filter(name -> !name.equals(primary)).toList();
  }

  private static String sealed(SimulatedCluster cluster, String name) {
    return store(cluster, name).status().keyspaces().getFirst().segments().stream()
        .filter(segment -> !segment.active())
        .map(KeyspaceStatus.SegmentStatus::file)
        .findFirst()
        .orElseThrow();
  }

  /**
   * Guards: {@code ImageCopy.verify} (and {@code ImageInstaller.finish} behind it): without, the
   * replica installs what the primary's manifest contradicts, and counts as whole; {@code
   * FileSource.sameFiles}: without, the primary does not learn of it.
   */
  @Test
  void damageOnThePrimaryGoesToNobody() throws IOException {
    SimulatedCluster cluster = written(1, 200);
    String damaged = primary(cluster);
    String lost = replicas(cluster).get(0);
    String whole = replicas(cluster).get(1);
    String path = sealed(cluster, damaged);
    cluster.node(damaged).storage.flipBit(path, 8 * 2_000);
    cluster.wipe(lost);
    cluster.start(lost);
    cluster.simulation.run(Duration.ofSeconds(10));
    assertNull(member(cluster, lost).store(), cluster.describe());
    assertTrue(member(cluster, lost).status().detail().contains(path), cluster.describe());
    assertTrue(store(cluster, damaged).log().damaged().containsKey(path), cluster.describe());

    // Whose file is whole gives it.
    CompletableFuture<HandedOver> handed = member(cluster, damaged).stepDown(whole);
    assertTrue(cluster.simulation.runUntil(handed::isDone, SOON), cluster.describe());
    cluster.settle(Duration.ofSeconds(60));
    cluster.node(damaged).storage.flipBit(path, 8 * 2_000);
    cluster.assertIdentical();
  }

  /** Guard: {@code ImageCopy.askWhoseDamage} asks for the file again. */
  @Test
  void whatChangesOnItsWayIsAskedForAgain() throws IOException {
    SimulatedCluster cluster = written(2, 200);
    String lost = replicas(cluster).getFirst();
    int[] tampered = {0};
    cluster.network.tamper(
        response -> {
          if (response instanceof Response.FileBytes chunk
              && chunk.bytes().remaining() > 10_000
              && tampered[0] < 2) {
            tampered[0]++;
            byte[] bytes = new byte[chunk.bytes().remaining()];
            chunk.bytes().duplicate().get(bytes);
            bytes[5_000] ^= 4;
            return new Response.FileBytes(chunk.term(), ByteBuffer.wrap(bytes));
          }
          return response;
        });
    cluster.wipe(lost);
    cluster.start(lost);
    cluster.settle(Duration.ofSeconds(60));
    assertEquals(2, tampered[0]);
    cluster.assertIdentical();
    for (String name : cluster.names) {
      assertEquals(List.of(), List.copyOf(store(cluster, name).log().damaged().keySet()));
    }
  }
}
