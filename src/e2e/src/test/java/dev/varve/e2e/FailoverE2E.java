package dev.varve.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.protobuf.ByteString;
import dev.varve.protocol.v1.AdminGrpc;
import dev.varve.protocol.v1.CompactionEvent;
import dev.varve.protocol.v1.EventsRequest;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.extension.ExtendWith;

/** The primary ends in the middle of a compaction, in two ways. */
@Order(4)
@ExtendWith(ClusterExtension.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class FailoverE2E {
  private static final int KEYS = 40_000;
  private static final int VALUE_BYTES = 4096;
  private static final int ATTEMPTS =
      3; // a run of a second or two may end before the fault is there
  private static final Duration SERVES_AGAIN_WITHIN = Duration.ofSeconds(15);

  private Store store;
  private List<Cluster.HostAndPort> members;
  private VersionedKeys keys;

  @BeforeAll
  void createStore(Cluster cluster) {
    store = Store.create(cluster, "failover", "keyspaces: [{name: main, segmentSize: 16Mi}]");
    members = store.expose();
    keys = new VersionedKeys(KEYS, VALUE_BYTES);
    store.policy("on-demand", "interval: 24h");
  }

  @AfterAll
  void deleteStore() {
    store.delete();
  }

  @Test
  @Order(1)
  void aReplicaServesWhenThePrimarysPodIsForcedAway() {
    survives(
        "pod deleted by force",
        (pod, container) ->
            store
                .kubectl("delete", "pod", pod, "--grace-period=0", "--force", "--wait=false")
                .orFail());
  }

  @Test
  @Order(2)
  void aReplicaServesWhenThePrimarysProcessIsKilled() {
    survives("process killed", (pod, container) -> store.signal(container, "SIGKILL"));
  }

  private interface Fault {
    void strike(String pod, String container);
  }

  private void survives(String name, Fault fault) {
    for (int attempt = 1; attempt <= ATTEMPTS; attempt++) {
      String runId = strike(name, fault);
      JsonNode outcome =
          store.awaitPolicyEvent(
              "on-demand", 120, event -> event.path("runId").asText().equals(runId));
      store.awaitReady();
      if (outcome.path("type").asText().equals("Failed")) {
        assertThat(outcome.path("reason").asText()).isNotEmpty();
        assertThat(outcome.path("message").asText()).isNotEmpty();
        theNextRunCompactsOnTheNewPrimary(runId);
        store.awaitIdenticalMembers();
        return;
      }
      System.out.printf("%s: the run was over before the fault struck: %s%n", name, outcome);
    }
    throw new AssertionError("no run was cut in " + ATTEMPTS + " attempts");
  }

  /**
   * Lets a run start, strikes, and judges what the load saw: that holds whenever the fault comes.
   */
  private String strike(String name, Fault fault) {
    Load load = new Load(keys, members, Duration.ofSeconds(30));
    load.fill();
    String victim = store.primary();
    String container = store.containerId(victim);
    int victimIndex = Store.members().indexOf(victim);
    long servedAgainMs;
    String runId;
    try (load;
        ShardClient watcher = new ShardClient(members, Duration.ofSeconds(30))) {
      long termBefore = watcher.status(victimIndex).orElseThrow().getTerm();
      load.start(2, 1);
      Iterator<CompactionEvent> events =
          AdminGrpc.newBlockingStub(watcher.channel(victimIndex))
              .withDeadlineAfter(90, TimeUnit.SECONDS)
              .events(EventsRequest.newBuilder().setFollow(true).build());
      Set<String> earlierRuns = runs();
      store.runNow("on-demand");
      runId = awaitStarted(events, earlierRuns);
      long struckAt = System.nanoTime();
      // Deleting a pod can take longer than the run, which must be caught in its middle.
      store.signal(container, "SIGSTOP");
      fault.strike(victim, container);
      servedAgainMs = awaitServing(watcher, termBefore, struckAt);
    }
    load.readAll();

    assertThat(load.faults()).as("every acknowledged write is there").isEmpty();
    System.out.printf("failover, %s: served again after %d ms%n", name, servedAgainMs);
    assertThat(servedAgainMs).isLessThan(SERVES_AGAIN_WITHIN.toMillis());
    return runId;
  }

  private void theNextRunCompactsOnTheNewPrimary(String cutRun) {
    Set<String> earlierRuns = runs();
    store.runNow("on-demand");
    JsonNode next =
        store.awaitPolicyEvent(
            "on-demand",
            150,
            event ->
                event.path("type").asText().equals("Completed")
                    && !earlierRuns.contains(event.path("runId").asText()));
    assertThat(next.path("runId").asText()).isNotEqualTo(cutRun);
    assertThat(next.path("primary").asText()).isEqualTo(store.primary());
  }

  /** The runs that have had a Job: a follower of events hears of those again. */
  private Set<String> runs() {
    return store.jobs().stream()
        .map(job -> job.at("/metadata/name").asText())
        .collect(Collectors.toSet());
  }

  private static String awaitStarted(Iterator<CompactionEvent> events, Set<String> earlierRuns) {
    while (events.hasNext()) {
      CompactionEvent event = events.next();
      if (event.getType() == CompactionEvent.Type.STARTED
          && !earlierRuns.contains(event.getRunId())) {
        return event.getRunId();
      }
    }
    throw new AssertionError("the compaction never started");
  }

  /** Milliseconds from the fault until a primary of a later term answered a read and a write. */
  private static long awaitServing(ShardClient client, long termBefore, long struckAt) {
    ByteString probe = ByteString.copyFromUtf8("probe");
    Await.until(
        "a primary of a later term serves",
        60,
        () -> {
          client.get(VersionedKeys.key(0));
          assertThat(client.put(probe, probe).getTerm()).isGreaterThan(termBefore);
        });
    return Duration.ofNanos(System.nanoTime() - struckAt).toMillis();
  }
}
