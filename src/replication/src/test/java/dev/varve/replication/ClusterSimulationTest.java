package dev.varve.replication;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

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
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/**
 * Whole clusters under random trouble. A failure names its seed; {@code -Dvarve.seed=N} replays
 * that seed alone, {@code -Dvarve.seeds=N} tries that many.
 */
class ClusterSimulationTest {
  private static final int SEEDS = Integer.getInteger("varve.seeds", 2_000);
  private static final int KEYS = 12;
  private static final int CLIENTS = 16;

  @Test
  void clustersKeepTheirWordUnderTrouble() throws IOException {
    Integer only = Integer.getInteger("varve.seed");
    int writes = 0;
    int reads = 0;
    int refusals = 0;
    int compactions = 0;
    int wipes = 0;
    long terms = 0;
    int copies = 0;
    int rolled = 0;
    int sentAgain = 0;
    int refusedAgain = 0;
    int staleReads = 0;
    int behind = 0;
    Map<String, Integer> handOvers = new TreeMap<>();
    Map<String, Integer> ended = new TreeMap<>();
    List<Integer> seeds = new ArrayList<>();
    for (int seed = 1; seed <= SEEDS; seed++) {
      seeds.add(seed);
    }
    for (int seed : only == null ? seeds : List.of(only)) {
      Outcome outcome = run(seed);
      writes += outcome.history.acknowledgedWrites();
      reads += outcome.history.reads();
      refusals += outcome.refusals;
      compactions += outcome.trouble.compactions();
      wipes += outcome.trouble.wipes();
      outcome
          .trouble
          .compactionsEnded()
          .forEach((end, count) -> ended.merge(end, count, Integer::sum));
      terms += outcome.terms;
      copies += outcome.copies;
      rolled += outcome.rolled;
      sentAgain += outcome.retries.sentAgain();
      refusedAgain += outcome.retries.refused();
      staleReads += outcome.staleReads.within100Ms();
      behind += outcome.staleReads.behind();
      outcome.stepDowns.ended().forEach((end, n) -> handOvers.merge(end, n, Integer::sum));
    }
    System.out.printf(
        "%d seeds: %d acknowledged writes, %d reads, %d refusals, %d terms,"
            + " %d images, %d lost disks,"
            + " %d rolled manifests, compactions %d %s, hand-overs %s,"
            + " %d requests sent again until acknowledged, %d late repetitions refused,"
            + " %d reads at most 100 ms stale, %d acknowledged writes not seen by such and older%n",
        only == null ? SEEDS : 1,
        writes,
        reads,
        refusals,
        terms,
        copies,
        wipes,
        rolled,
        compactions,
        ended,
        handOvers,
        sentAgain,
        refusedAgain,
        staleReads,
        behind);
    if (only == null && SEEDS >= 100) {
      // The trouble must not be such that nothing happens at all.
      assertTrue(writes > SEEDS * 100, "only " + writes + " writes");
      assertTrue(refusals > SEEDS * 10, "only " + refusals + " refused conditions");
      assertTrue(compactions > SEEDS / 2, "only " + compactions + " compactions");
      assertTrue(rolled > SEEDS, "only " + rolled + " manifests were rolled");
      int handed = handOvers.getOrDefault(StepDowns.HANDED_OVER, 0);
      assertTrue(handed > SEEDS / 2, "only " + handed + " hand-overs");
      assertTrue(sentAgain > SEEDS / 8, "only " + sentAgain + " requests were sent again");
      assertTrue(staleReads > SEEDS * 10, "only " + staleReads + " reads that are hardly stale");
      assertTrue(behind > SEEDS, "only " + behind + " writes that a replica had not seen");
    }
  }

  private record Outcome(
      History history,
      int refusals,
      Trouble trouble,
      StepDowns stepDowns,
      StaleReads staleReads,
      Retries retries,
      long terms,
      int copies,
      int rolled) {}

  private static Outcome run(int seed) throws IOException {
    Simulation simulation = new Simulation(seed);
    SimulatedCluster cluster = new SimulatedCluster(simulation, seed % 4 == 0 ? 5 : 3);
    History history = new History();
    TermOwners owners = new TermOwners();
    Trouble trouble = new Trouble(cluster);
    StepDowns stepDowns = new StepDowns(cluster, seed);
    StaleReads staleReads = new StaleReads(cluster, seed);
    Retries retries = new Retries(cluster, seed);
    List<SimulatedClient> clients = new ArrayList<>();
    try {
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
      readEverything(cluster, history);
      cluster.assertIdentical();
      simulation.rethrow();
      Verdict verdict = HistoryCheck.check(history);
      if (!verdict.isLinearizable()) {
        throw new AssertionError(verdict.kind() + ": " + verdict.explanation());
      }
      return new Outcome(
          history,
          clients.stream().mapToInt(SimulatedClient::refusals).sum(),
          trouble,
          stepDowns,
          staleReads,
          retries,
          cluster.lease.view().term(),
          cluster.network.imagesOpened(),
          cluster.rolledManifests());
    } catch (AssertionError | RuntimeException e) {
      throw new AssertionError(
          "seed "
              + seed
              + " (-Dvarve.seed="
              + seed
              + "): "
              + e.getMessage()
              + "\n"
              + cluster.describe()
              + "\n"
              + String.join("\n", trouble.log())
              + "\n"
              + String.join("\n", stepDowns.log()),
          e);
    }
  }

  /** What was acknowledged is there, on every member the same. */
  private static void readEverything(SimulatedCluster cluster, History history) throws IOException {
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
