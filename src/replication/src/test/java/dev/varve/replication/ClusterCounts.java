package dev.varve.replication;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.Map;
import java.util.TreeMap;

/** What happened in simulations of clusters, added up: trouble that is none proves nothing. */
final class ClusterCounts {
  private long seeds;
  private long writes;
  private long reads;
  private long refusals;
  private long compactions;
  private long wipes;
  private long terms;
  private long copies;
  private long rolled;
  private long sentAgain;
  private long refusedAgain;
  private long staleReads;
  private long behind;
  private final Map<String, Integer> handOvers = new TreeMap<>();
  private final Map<String, Integer> compactionsEnded = new TreeMap<>();

  synchronized void add(ClusterSimulation ended) throws IOException {
    seeds++;
    writes += ended.history.acknowledgedWrites();
    reads += ended.history.reads();
    refusals += ended.clients.stream().mapToInt(SimulatedClient::refusals).sum();
    compactions += ended.trouble.compactions();
    wipes += ended.trouble.wipes();
    terms += ended.cluster.lease.view().term();
    copies += ended.cluster.network.imagesOpened();
    rolled += ended.cluster.rolledManifests();
    sentAgain += ended.retries.sentAgain();
    refusedAgain += ended.retries.refused();
    staleReads += ended.staleReads.within100Ms();
    behind += ended.staleReads.behind();
    ended.stepDowns.ended().forEach((end, n) -> handOvers.merge(end, n, Integer::sum));
    ended
        .trouble
        .compactionsEnded()
        .forEach((end, n) -> compactionsEnded.merge(end, n, Integer::sum));
  }

  synchronized long seeds() {
    return seeds;
  }

  /** Fails if one of the things that the simulation is for hardly happened. */
  synchronized void requireAll() {
    assertTrue(writes > seeds * 100, "only " + writes + " writes");
    assertTrue(refusals > seeds * 10, "only " + refusals + " refused conditions");
    assertTrue(compactions > seeds / 2, "only " + compactions + " compactions");
    assertTrue(rolled > seeds, "only " + rolled + " manifests were rolled");
    int handed = handOvers.getOrDefault(StepDowns.HANDED_OVER, 0);
    assertTrue(handed > seeds / 2, "only " + handed + " hand-overs");
    assertTrue(sentAgain > seeds / 8, "only " + sentAgain + " requests were sent again");
    assertTrue(staleReads > seeds * 10, "only " + staleReads + " reads that are hardly stale");
    assertTrue(behind > seeds, "only " + behind + " writes that a replica had not seen");
  }

  @Override
  public synchronized String toString() {
    return ("%d seeds, %d acknowledged writes, %d reads, %d refusals, %d terms, %d images,"
            + " %d lost disks, %d rolled manifests, compactions %d %s, hand-overs %s,"
            + " %d requests sent again until acknowledged, %d late repetitions refused,"
            + " %d reads at most 100 ms stale, %d acknowledged writes not seen by such and older")
        .formatted(
            seeds,
            writes,
            reads,
            refusals,
            terms,
            copies,
            wipes,
            rolled,
            compactions,
            compactionsEnded,
            handOvers,
            sentAgain,
            refusedAgain,
            staleReads,
            behind);
  }
}
