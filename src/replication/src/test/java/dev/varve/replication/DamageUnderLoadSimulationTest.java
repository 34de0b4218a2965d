package dev.varve.replication;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.history.History;
import dev.varve.history.HistoryCheck;
import dev.varve.history.Verdict;
import dev.varve.store.CompactionEvent;
import dev.varve.store.CompactionRequest;
import dev.varve.store.KeyspaceStatus;
import dev.varve.store.Store;
import dev.varve.store.Versioned;
import dev.varve.store.compaction.CancelToken;
import dev.varve.store.compaction.CompactionOptions;
import dev.varve.store.segment.CorruptRecordException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/**
 * Bits flip in sealed segments under load, never of one segment on two members: what is answered is
 * right all the same, nothing that was acknowledged is lost, and in the end all members are the
 * same, byte by byte.
 *
 * <p>The seeds are 1 to {@code -Dvarve.damage.seeds} (150), and a failure names its own.
 */
class DamageUnderLoadSimulationTest {
  private static final int SEEDS = Integer.getInteger("varve.damage.seeds", 150);
  private static final int CLIENTS = 4;
  private static final int KEYS = 12;

  @Test
  void damageIsMendedAndNeverAnswered() throws IOException {
    int flips = 0;
    int met = 0;
    int compactions = 0;
    int copies = 0;
    for (int seed = 1; seed <= SEEDS; seed++) {
      Run run = new Run(seed);
      try {
        run.run();
      } catch (AssertionError | RuntimeException e) {
        throw new AssertionError(
            "seed " + seed + ": " + e.getMessage() + "\n" + run.cluster.describe(), e);
      }
      flips += run.flips;
      met += run.met;
      compactions += run.compactions;
      copies += run.cluster.network.imagesOpened();
    }
    System.out.printf(
        "%d seeds: %d bits flipped, damage met %d times, %d compactions, %d images%n",
        SEEDS, flips, met, compactions, copies);
    assertTrue(flips > SEEDS, "only " + flips + " bits flipped");
    assertTrue(met > SEEDS / 2, "only " + met + " damaged segments met");
  }

  private static final class Run {
    private final SimulatedCluster cluster;
    private final Random random;

    /** By the segment: on which member. */
    private final Map<String, String> flippedOn = new HashMap<>();

    private int flips;
    private int met;
    private int started;
    private int compactions;
    private boolean compacting;
    private boolean stopped;

    Run(int seed) {
      this.cluster = new SimulatedCluster(new Simulation(seed), 3);
      this.random = new Random(seed);
    }

    private void run() throws IOException {
      Simulation simulation = cluster.simulation;
      History history = new History();
      cluster.startAll();
      cluster.awaitPrimary(Duration.ofSeconds(30));
      fill(simulation);
      List<SimulatedClient> clients = new ArrayList<>();
      for (int i = 0; i < CLIENTS; i++) {
        SimulatedClient client =
            new SimulatedClient(cluster, history, new TermOwners(), "c" + i, KEYS);
        clients.add(client);
        client.start();
      }
      cluster.watch();
      disturb();
      simulation.run(Duration.ofSeconds(20));
      stopped = true;
      clients.forEach(SimulatedClient::stop);
      simulation.run(Duration.ofSeconds(8));
      findTheRest();
      cluster.settle(Duration.ofSeconds(60));
      simulation.rethrow();
      readEverything(history);
      cluster.assertIdentical();
      Verdict verdict = HistoryCheck.check(history);
      if (!verdict.isLinearizable()) {
        throw new AssertionError(verdict.kind() + ": " + verdict.explanation());
      }
    }

    /** Keys that stay as they are, so that sealed segments have something to lose. */
    private void fill(Simulation simulation) {
      for (int i = 0; i < 120; i++) {
        CompletableFuture<Written> written =
            FailoverSimulationTest.write(
                cluster.awaitPrimary(Duration.ofSeconds(20)), "still-" + i, still(i));
        assertTrue(simulation.runUntil(written::isDone, Duration.ofSeconds(20)));
        assertTrue(written.join().sequence() > 0);
      }
    }

    private static String still(int i) {
      return "still ".repeat(100) + i;
    }

    private void disturb() {
      if (stopped) {
        return;
      }
      switch (random.nextInt(6)) {
        case 0, 1 -> flip();
        case 2 -> compact();
        default -> readSomewhere();
      }
      cluster.simulation.after(Duration.ofMillis(100 + random.nextInt(300)), this::disturb);
    }

    private void flip() {
      SimulatedCluster.Node node = cluster.node(cluster.names.get(random.nextInt(3)));
      Store store = node.member == null ? null : node.member.store();
      if (store == null) {
        return;
      }
      List<KeyspaceStatus.SegmentStatus> sealed =
          store.status().keyspaces().getFirst().segments().stream()
              .filter(segment -> !segment.active() && segment.totalBytes() > 0)
              .filter(segment -> !flippedOn.containsKey(segment.file()))
              .toList();
      if (sealed.isEmpty()) {
        return;
      }
      KeyspaceStatus.SegmentStatus segment = sealed.get(random.nextInt(sealed.size()));
      flippedOn.put(segment.file(), node.name);
      try {
        node.storage.flipBit(segment.file(), random.nextLong(8 * segment.totalBytes()));
        flips++;
      } catch (IOException e) {
        throw new AssertionError(e);
      }
    }

    private void readSomewhere() {
      SimulatedCluster.Node node = cluster.node(cluster.names.get(random.nextInt(3)));
      Store store = node.member == null ? null : node.member.store();
      if (store != null) {
        read(store, random.nextInt(120));
      }
    }

    private void read(Store store, int i) {
      try {
        Versioned found =
            store.get(SimulatedCluster.KEYSPACE, ("still-" + i).getBytes(StandardCharsets.UTF_8));
        // A replica may not have opened it again as far as the key; none has another value.
        if (found != null) {
          assertArrayEquals(still(i).getBytes(StandardCharsets.UTF_8), found.value());
        }
      } catch (CorruptRecordException e) {
        met++;
      } catch (IOException e) {
        throw new AssertionError(e);
      }
    }

    private void compact() {
      ReplicatedMember primary = cluster.servingPrimary();
      if (primary == null || compacting) {
        return;
      }
      compacting = true;
      try {
        CompactionEvent end =
            primary.compact(
                0,
                new CompactionRequest(
                    "run-" + started++,
                    CompactionOptions.defaults(SimulatedCluster.KEYSPACE).forced(),
                    false,
                    0),
                event -> {},
                CancelToken.unbounded());
        compactions += end.type() == CompactionEvent.Type.COMPLETED ? 1 : 0;
        met += "Corruption".equals(end.reason()) ? 1 : 0;
      } catch (IOException | NotPrimaryException | StaleTermException e) {
        return; // it stopped leading, to repair itself
      } finally {
        compacting = false;
      }
    }

    /** What nobody has read, or is dead, would be found by reading all, and is told here. */
    private void findTheRest() {
      cluster.settle(Duration.ofSeconds(60));
      CompletableFuture<?> checkpoint = cluster.awaitPrimary(Duration.ofSeconds(20)).checkpoint();
      assertTrue(cluster.simulation.runUntil(checkpoint::isDone, Duration.ofSeconds(20)));
      cluster.settle(Duration.ofSeconds(60));
      flippedOn.forEach(
          (path, name) -> {
            ReplicatedMember member = cluster.node(name).member;
            Store store = member == null ? null : member.store();
            assertNotNull(store, cluster.describe());
            store.log().noteDamage(path, "a bit was flipped");
          });
      cluster.simulation.run(Duration.ofSeconds(30));
    }

    private void readEverything(History history) throws IOException {
      Store primary = cluster.awaitPrimary(Duration.ofSeconds(1)).store();
      assertNotNull(primary);
      for (int i = 0; i < KEYS; i++) {
        byte[] key = ("key-" + i).getBytes(StandardCharsets.UTF_8);
        Versioned found = primary.get(SimulatedCluster.KEYSPACE, key);
        SimulatedClient.read(history.get("last", "key-" + i), found);
      }
      for (SimulatedCluster.Node node : cluster.up()) {
        Store store = node.member == null ? null : node.member.store();
        assertNotNull(store);
        assertEquals(List.of(), List.copyOf(store.log().damaged().keySet()));
        for (int i = 0; i < 120; i++) {
          Versioned found =
              store.get(SimulatedCluster.KEYSPACE, ("still-" + i).getBytes(StandardCharsets.UTF_8));
          assertNotNull(found);
          assertArrayEquals(still(i).getBytes(StandardCharsets.UTF_8), found.value());
        }
      }
    }
  }
}
