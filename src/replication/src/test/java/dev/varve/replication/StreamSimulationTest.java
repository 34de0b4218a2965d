package dev.varve.replication;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.store.Appended;
import dev.varve.store.CompactionEvent;
import dev.varve.store.CompactionRequest;
import dev.varve.store.EventStream;
import dev.varve.store.KeyspaceOptions;
import dev.varve.store.RetentionDecision;
import dev.varve.store.Store;
import dev.varve.store.StreamEntry;
import dev.varve.store.StreamReader;
import dev.varve.store.TrimBound;
import dev.varve.store.TrimResult;
import dev.varve.store.compaction.CancelToken;
import dev.varve.store.compaction.CompactionOptions;
import dev.varve.store.manifest.KeyspaceType;
import dev.varve.store.retention.RetentionRules;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/**
 * Streams and retention over failovers: an acknowledged entry keeps its id and payload on every
 * member or is trimmed, no id is acknowledged twice, what was trimmed or retained away stays so
 * under every later primary, and members end with the same bytes.
 */
class StreamSimulationTest {
  private static final int SEEDS = 12;
  private static final String STREAM = "log";
  private static final int RECORDS_MAX = 6;

  private static final class Run {
    final SimulatedCluster cluster;
    final Simulation simulation;
    final Map<Long, String> acknowledged = new TreeMap<>();
    long firstId = 1;
    int appended;

    Run(int seed) {
      simulation = new Simulation(seed);
      cluster = new SimulatedCluster(simulation, 3);
      cluster.keyspaces =
          List.of(
              new KeyspaceOptions(SimulatedCluster.KEYSPACE, KeyspaceType.KEY_VALUE, 16 << 10)
                  .withRetention(new RetentionRules(0, 0, RECORDS_MAX)),
              new KeyspaceOptions(STREAM, KeyspaceType.STREAM, 4 << 10));
      cluster.startAll();
      cluster.awaitPrimary(Duration.ofSeconds(20));
    }

    ReplicatedMember primary() {
      return cluster.awaitPrimary(Duration.ofSeconds(20));
    }

    void append(int entries) {
      List<byte[]> payloads = new ArrayList<>();
      List<String> texts = new ArrayList<>();
      for (int i = 0; i < entries; i++) {
        texts.add("entry " + appended++ + " " + "x".repeat(100));
        payloads.add(texts.getLast().getBytes(StandardCharsets.UTF_8));
      }
      CompletableFuture<Appended> append = primary().append(STREAM, payloads, null);
      assertTrue(simulation.runUntil(append::isDone, Duration.ofSeconds(8)), cluster.describe());
      if (append.isCompletedExceptionally()) {
        return; // its outcome is unknown
      }
      Appended ids = append.join();
      assertEquals(entries - 1, ids.lastId() - ids.firstId());
      for (int i = 0; i < entries; i++) {
        assertNull(acknowledged.put(ids.firstId() + i, texts.get(i)), "an id was given twice");
      }
    }

    void trim(TrimBound bound, boolean approximate) {
      try {
        TrimResult trimmed = primary().trim(STREAM, bound, approximate);
        assertTrue(trimmed.firstId() >= firstId, trimmed + " after " + firstId);
        firstId = trimmed.firstId();
      } catch (NotPrimaryException | QuorumUnavailableException e) {
        // Deposed; nothing is known.
      } catch (IOException e) {
        throw new AssertionError(cluster.describe(), e);
      }
    }

    void put(String key, String value) {
      CompletableFuture<Written> put = FailoverSimulationTest.write(primary(), key, value);
      assertTrue(simulation.runUntil(put::isDone, Duration.ofSeconds(8)), cluster.describe());
    }

    void retain() {
      try {
        for (RetentionDecision decision : primary().retain()) {
          assertEquals(SimulatedCluster.KEYSPACE, decision.keyspace());
        }
      } catch (NotPrimaryException | QuorumUnavailableException e) {
        // As with a trim.
      } catch (IOException e) {
        throw new AssertionError(cluster.describe(), e);
      }
    }

    void compact(String keyspace, int number) {
      CompactionRequest request =
          new CompactionRequest(
              "run-" + number, CompactionOptions.defaults(keyspace).forced(), false, 0);
      try {
        CompactionEvent end = primary().compact(0, request, event -> {}, CancelToken.unbounded());
        assertNotNull(end);
      } catch (NotPrimaryException | StaleTermException e) {
        // As with a trim.
      } catch (IOException e) {
        throw new AssertionError(cluster.describe(), e);
      }
    }

    void verify() throws IOException {
      cluster.settle(Duration.ofSeconds(60));
      retain();
      cluster.settle(Duration.ofSeconds(60));
      long last = -1;
      for (SimulatedCluster.Node node : cluster.up()) {
        ReplicatedMember member = node.member;
        Store store = member == null ? null : member.store();
        assertNotNull(store);
        EventStream stream = store.stream(STREAM);
        assertTrue(stream.firstId() >= firstId, "trimmed entries are back on " + node.name);
        assertTrue(last < 0 || last == stream.lastId(), "members differ");
        last = stream.lastId();
        long next = stream.firstId();
        try (StreamReader reader = stream.read(0)) {
          for (StreamEntry e = reader.next(); e != null; e = reader.next()) {
            assertEquals(next++, e.id(), node.name);
            String payload = acknowledged.get(e.id());
            if (payload != null) {
              assertEquals(payload, new String(e.payload(), StandardCharsets.UTF_8));
            }
          }
        }
        assertEquals(last, next - 1, node.name);
        for (long id : acknowledged.keySet()) {
          assertTrue(id <= last, "acknowledged entry " + id + " is lost on " + node.name);
        }
        long live =
            store.status().keyspaces().stream()
                .filter(k -> k.name().equals(SimulatedCluster.KEYSPACE))
                .findFirst()
                .orElseThrow()
                .liveKeys();
        assertEquals(RECORDS_MAX, live, node.name);
      }
      cluster.assertIdentical();
    }
  }

  @Test
  void idsAndCutOffsHoldOverFailovers() throws IOException {
    for (int seed = 1; seed <= SEEDS; seed++) {
      Run run = new Run(seed);
      try {
        for (int round = 0; round < 6; round++) {
          for (int i = 0; i < 15; i++) {
            run.append(1 + i % 3);
            run.put("key-" + (round * 5 + i % 9), "value " + round);
          }
          run.retain();
          run.trim(new TrimBound.MaxLength(40), round % 2 == 0);
          run.compact(round % 2 == 0 ? STREAM : SimulatedCluster.KEYSPACE, seed * 100 + round);
          String name = run.primary().status().member().name();
          if (round % 3 == 1) {
            run.cluster.network.isolate(name, Set.copyOf(run.cluster.names));
            run.simulation.run(Duration.ofSeconds(6));
            run.cluster.network.heal();
          } else {
            // Something is under way when it dies.
            CompletableFuture<Appended> last =
                run.primary()
                    .append(STREAM, List.of("last".getBytes(StandardCharsets.UTF_8)), null);
            run.simulation.run(Duration.ofMillis(seed % 4));
            run.cluster.crash(name);
            if (last.isDone() && !last.isCompletedExceptionally()) {
              assertNull(run.acknowledged.put(last.join().firstId(), "last"));
            }
            run.simulation.run(Duration.ofSeconds(6));
            run.cluster.start(name);
          }
          run.simulation.run(Duration.ofSeconds(2));
        }
        run.verify();
      } catch (AssertionError | RuntimeException e) {
        throw new AssertionError("seed " + seed, e);
      }
    }
  }
}
