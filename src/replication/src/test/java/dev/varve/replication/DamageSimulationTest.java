package dev.varve.replication;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.store.KeyspaceStatus;
import dev.varve.store.Store;
import dev.varve.store.Versioned;
import dev.varve.store.segment.CorruptRecordException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
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
    String path = sealed(cluster, damaged);
    cluster.node(damaged).storage.flipBit(path, 8 * 2_000);
    cluster.network.filter(
        sending ->
            !sending.from().equals(damaged) || !(sending.request() instanceof Request.GetFile));
    cluster.wipe(lost);
    cluster.start(lost);
    cluster.simulation.run(Duration.ofSeconds(10));
    assertNull(member(cluster, lost).store(), cluster.describe());
    assertTrue(member(cluster, lost).status().detail().contains(path), cluster.describe());
    assertTrue(store(cluster, damaged).log().damaged().containsKey(path), cluster.describe());

    // Once the primary can get the file from whoever has it whole, it has that to give.
    cluster.network.filter(sending -> true);
    cluster.settle(Duration.ofSeconds(60));
    assertTrue(store(cluster, damaged).log().damaged().isEmpty(), cluster.describe());
    cluster.assertIdentical();
  }

  private static String lastSegment(SimulatedCluster cluster, String name, boolean active) {
    return store(cluster, name).status().keyspaces().getFirst().segments().stream()
        .filter(segment -> segment.active() == active && segment.totalBytes() > 5_000)
        .map(KeyspaceStatus.SegmentStatus::file)
        .reduce((one, other) -> other)
        .orElseThrow();
  }

  /** Reads all keys; answers how many can't be read. What is answered is right. */
  private static int unreadable(SimulatedCluster cluster, String name, int batches)
      throws IOException {
    int damaged = 0;
    for (int key = 0; key < 50; key++) {
      int last = key + (batches - 1 - key) / 50 * 50;
      try {
        Versioned found = store(cluster, name).get(SimulatedCluster.KEYSPACE, bytes("key-" + key));
        assertNotNull(found);
        assertArrayEquals(bytes("value ".repeat(100) + last), found.value());
      } catch (CorruptRecordException e) {
        damaged++;
      }
    }
    return damaged;
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static void awaitWhole(SimulatedCluster cluster, String name) {
    assertTrue(
        cluster.simulation.runUntil(
            () -> {
              Store store = member(cluster, name).store();
              return store != null && store.log().damaged().isEmpty();
            },
            SOON),
        cluster.describe());
    cluster.settle(Duration.ofSeconds(60));
  }

  /**
   * Guards: {@code SelfRepair.look}; and the renewed handle ({@code SegmentReader.replaceFile}):
   * without, what is read stays damaged.
   */
  @Test
  void aSegmentDamagedWhileItIsReadIsFetchedFromAnotherMember() throws IOException {
    for (boolean onPrimary : List.of(false, true)) {
      SimulatedCluster cluster = written(onPrimary ? 3 : 4, 200);
      String primary = primary(cluster);
      String damaged = onPrimary ? primary : replicas(cluster).getFirst();
      MemberId before = member(cluster, damaged).status().member();
      int images = cluster.network.imagesOpened();
      String path = lastSegment(cluster, damaged, false);
      cluster.node(damaged).storage.flipBit(path, 8 * 12_000);
      assertEquals(1, unreadable(cluster, damaged, 200));
      assertTrue(store(cluster, damaged).log().damaged().containsKey(path));
      awaitWhole(cluster, damaged);
      assertEquals(0, unreadable(cluster, damaged, 200));
      assertEquals(before, member(cluster, damaged).status().member());
      assertEquals(primary, primary(cluster));
      assertEquals(images, cluster.network.imagesOpened());
      cluster.assertIdentical();
      cluster.crash(damaged); // what was fetched is durable
      cluster.settle(Duration.ofSeconds(60));
      assertEquals(0, unreadable(cluster, damaged, 200));
      cluster.assertIdentical();
    }
  }

  /** Guard: a fetched file is compared with the manifest, whoever it came from. */
  @Test
  void anotherMembersDamagedSegmentIsPassedOver() throws IOException {
    SimulatedCluster cluster = written(5, 200);
    String path = lastSegment(cluster, primary(cluster), false);
    List<String> names = cluster.names;
    cluster.node(names.get(0)).storage.flipBit(path, 8 * 12_000);
    cluster.node(names.get(1)).storage.flipBit(path, 8 * 9_000);
    assertEquals(1, unreadable(cluster, names.get(0), 200));
    awaitWhole(cluster, names.get(0));
    assertEquals(0, unreadable(cluster, names.get(0), 200));
    assertEquals(1, unreadable(cluster, names.get(1), 200));
    awaitWhole(cluster, names.get(1));
    assertEquals(0, unreadable(cluster, names.get(1), 200));
    assertEquals(0, cluster.network.imagesOpened());
    cluster.assertIdentical();
  }

  /**
   * What is appended to has no checksum that tells who is right. Guard: {@code SelfRepair.copyAll};
   * and its stepping down, without which a primary stays as it is.
   */
  @Test
  void whatIsAppendedToIsCopiedAfterHandingOver() throws IOException {
    for (boolean onPrimary : List.of(false, true)) {
      SimulatedCluster cluster = written(6, 210);
      String primary = primary(cluster);
      String damaged = onPrimary ? primary : replicas(cluster).getFirst();
      MemberId before = member(cluster, damaged).status().member();
      int images = cluster.network.imagesOpened();
      String path = lastSegment(cluster, damaged, true);
      cluster.node(damaged).storage.flipBit(path, 8 * 2_000);
      assertEquals(1, unreadable(cluster, damaged, 210));
      awaitWhole(cluster, damaged);
      assertEquals(0, unreadable(cluster, damaged, 210));
      assertEquals(before, member(cluster, damaged).status().member());
      assertEquals(images + 1, cluster.network.imagesOpened());
      assertEquals(onPrimary, !primary.equals(primary(cluster)));
      cluster.assertIdentical();
    }
  }

  /**
   * An update reads the key that it replaces. Guard: {@code ShardLog.poisonedByDamage}; without,
   * the member stops, and again after every restart.
   */
  @Test
  void aRecordThatCannotBeReplacedStopsNobodyForGood() throws IOException {
    for (boolean onPrimary : List.of(false, true)) {
      SimulatedCluster cluster = written(onPrimary ? 7 : 8, 200);
      String damaged = onPrimary ? primary(cluster) : replicas(cluster).getFirst();
      String path = lastSegment(cluster, damaged, false);
      for (int at = 0; at < 16_000; at += 50) {
        cluster.node(damaged).storage.flipBit(path, 8L * at);
      }
      for (int i = 200; i < 250; i++) {
        int n = i;
        assertTrue(
            cluster.simulation.runUntil(
                () -> {
                  ReplicatedMember serving = cluster.servingPrimary();
                  if (serving == null) {
                    return false;
                  }
                  CompletableFuture<Written> written =
                      FailoverSimulationTest.write(
                          serving, "key-" + n % 50, "value ".repeat(100) + n);
                  cluster.simulation.runUntil(written::isDone, SOON);
                  return !written.isCompletedExceptionally();
                },
                SOON),
            cluster.describe());
      }
      awaitWhole(cluster, damaged);
      for (String name : cluster.names) {
        assertNull(member(cluster, name).status().damage());
        assertEquals(0, unreadable(cluster, name, 250));
      }
      cluster.assertIdentical();
    }
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
