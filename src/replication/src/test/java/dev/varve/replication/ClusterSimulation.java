package dev.varve.replication;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import dev.varve.history.History;
import dev.varve.history.HistoryCheck;
import dev.varve.history.Verdict;
import dev.varve.store.Store;
import dev.varve.store.Versioned;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** A whole cluster of three or five members under random trouble, all decided by one seed. */
final class ClusterSimulation {
  private static final int KEYS = 12;
  private static final int CLIENTS = 16;

  private final long seed;
  private final Simulation simulation;
  final SimulatedCluster cluster;
  final History history = new History();
  final Trouble trouble;
  final StepDowns stepDowns;
  final StaleReads staleReads;
  final Retries retries;
  final List<SimulatedClient> clients = new ArrayList<>();

  ClusterSimulation(long seed) {
    this.seed = seed;
    this.simulation = new Simulation(seed);
    this.cluster = new SimulatedCluster(simulation, seed % 4 == 0 ? 5 : 3);
    this.trouble = new Trouble(cluster);
    this.stepDowns = new StepDowns(cluster, seed);
    this.staleReads = new StaleReads(cluster, seed);
    this.retries = new Retries(cluster, seed);
  }

  /**
   * Runs it to its end and checks all that is promised.
   *
   * @throws AssertionError if something does not hold; it names the seed and how to replay it
   */
  void run() {
    try {
      live();
      check();
    } catch (AssertionError | RuntimeException | IOException e) {
      throw new AssertionError(
          "seed "
              + seed
              + ": "
              + e.getMessage()
              + "\nreplay with: ./dev simulate cluster --seed "
              + seed
              + "\n"
              + cluster.describe()
              + "\n"
              + String.join("\n", trouble.log())
              + "\n"
              + String.join("\n", stepDowns.log()),
          e);
    }
  }

  private void live() {
    TermOwners owners = new TermOwners();
    cluster.startAll();
    cluster.awaitPrimary(Duration.ofSeconds(30));
    for (int i = 0; i < CLIENTS; i++) {
      SimulatedClient client = new SimulatedClient(cluster, history, owners, "c" + i, KEYS);
      clients.add(client);
      client.start();
    }
    cluster.watch();
    trouble.start();
    stepDowns.start();
    staleReads.start();
    retries.start();
    simulation.run(Duration.ofSeconds(20));
    trouble.stop();
    stepDowns.stop();
    staleReads.stop();
    retries.stop();
    // Trouble begun before may go on for a while; clients notice when it ends.
    simulation.run(Duration.ofSeconds(8));
    clients.forEach(SimulatedClient::stop);
    simulation.run(Duration.ofSeconds(8));
    cluster.settle(Duration.ofSeconds(60));
  }

  private void check() throws IOException {
    readEverything();
    cluster.assertIdentical();
    simulation.rethrow();
    Verdict verdict = HistoryCheck.check(history);
    if (!verdict.isLinearizable()) {
      throw new AssertionError(verdict.kind() + ": " + verdict.explanation());
    }
  }

  /** What was acknowledged is there, on every member the same. */
  private void readEverything() throws IOException {
    ReplicatedMember primary = cluster.awaitPrimary(Duration.ofSeconds(1));
    for (int i = 0; i < KEYS; i++) {
      String key = "key-" + i;
      byte[] bytes = key.getBytes(StandardCharsets.UTF_8);
      Store store = primary.store();
      assertNotNull(store);
      Versioned found = store.get(SimulatedCluster.KEYSPACE, bytes);
      SimulatedClient.read(history.get("last", key), found);
      for (SimulatedCluster.Node node : cluster.up()) {
        Store other = node.member == null ? null : node.member.store();
        assertNotNull(other);
        Versioned there = other.get(SimulatedCluster.KEYSPACE, bytes);
        assertEquals(
            found == null ? null : found.sequence(),
            there == null ? null : there.sequence(),
            key + " on " + node.name);
      }
    }
  }
}
