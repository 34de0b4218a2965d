package dev.varve.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/** Compaction goes on under readers and writers who must not notice it. */
@Order(3)
@ExtendWith(ClusterExtension.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ReadsDuringCompactionE2E {
  private static final int KEYS = 16_000;
  private static final int VALUE_BYTES = 2048;

  private Store store;

  @BeforeAll
  void createStore(Cluster cluster) {
    store = Store.create(cluster, "readers", "keyspaces: [{name: main, segmentSize: 8Mi}]");
  }

  @AfterAll
  void deleteStore() {
    store.delete();
  }

  @Test
  void eightReadersAndTwoWritersSeeNothingOfACompaction() {
    VersionedKeys keys = new VersionedKeys(KEYS, VALUE_BYTES);
    store.policy("on-demand", "interval: 24h, trigger: {minDeadRatio: \"0.1\"}");
    Load load = new Load(keys, store.expose(), Duration.ZERO);
    load.fill();

    JsonNode event;
    long readsBefore;
    long readsAfter;
    long writesAfter;
    try (load) {
      load.start(8, 2);
      Await.until(
          "the load is under way",
          60,
          () -> {
            assertThat(load.faults()).isEmpty();
            assertThat(load.reads()).isGreaterThan(1000);
            assertThat(load.writes()).isGreaterThan(100);
          });
      readsBefore = load.reads();
      store.runNow("on-demand");
      event =
          store.awaitPolicyEvent(
              "on-demand", 120, candidate -> candidate.path("type").asText().equals("Completed"));
      readsAfter = load.reads();
      writesAfter = load.writes();
      Await.until(
          "the load went on after the swap",
          60,
          () -> {
            assertThat(load.faults()).isEmpty();
            assertThat(load.reads()).isGreaterThan(readsAfter + 1000);
            assertThat(load.writes()).isGreaterThan(writesAfter + 100);
          });
    }
    load.readAll();

    assertThat(load.faults()).isEmpty();
    assertThat(load.refusals()).isZero();
    assertThat(readsAfter).isGreaterThan(readsBefore);
    assertThat(event.path("spaceSaved").asLong()).isGreaterThan((long) KEYS * VALUE_BYTES / 2);
    System.out.printf(
        "%d reads and %d writes, %d of the reads while the policy's run lasted; saved %d bytes%n",
        load.reads(), load.writes(), readsAfter - readsBefore, event.path("spaceSaved").asLong());
    store.awaitIdenticalMembers();
  }
}
