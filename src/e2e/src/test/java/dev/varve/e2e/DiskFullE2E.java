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

/** A volume that fills up while a compaction writes to it. */
@Order(7)
@ExtendWith(ClusterExtension.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class DiskFullE2E {
  private static final int KEYS = 8_000;
  private static final int VALUE_BYTES = 2048;
  private static final int VOLUME_MIB = 96;

  private SmallVolumes volumes;
  private Store store;

  @BeforeAll
  void createStore(Cluster cluster) {
    volumes = SmallVolumes.create(cluster, "small", 3, VOLUME_MIB);
    store =
        Store.create(
            cluster,
            "diskfull",
            "keyspaces: [{name: main, segmentSize: 4Mi}],"
                + " storage: {size: "
                + VOLUME_MIB
                + "Mi, storageClassName: small}");
  }

  @AfterAll
  void deleteStore() {
    store.delete();
    volumes.delete();
  }

  @Test
  void theRunIsAbortedAndNothingIsLost(Cluster cluster) {
    VersionedKeys keys = new VersionedKeys(KEYS, VALUE_BYTES);
    store.policy("on-demand", "interval: 24h");
    try (Load load = new Load(keys, store.expose(), Duration.ofSeconds(30))) {
      load.fill();
      String volume = volumes.pathOf(store.namespace(), store.primary());

      // A run would take the segments that fit, and has the ballast for it: there is no room at
      // all.
      SmallVolumes.fill(cluster, volume);
      store.runNow("on-demand");
      JsonNode failed =
          store.awaitPolicyEvent(
              "on-demand", 120, event -> event.path("type").asText().equals("Failed"));
      assertThat(failed.path("reason").asText()).as("%s", failed).isEqualTo("DiskFull");
      assertThat(store.temporaryFiles(store.primary())).isEmpty();
      load.readAll();
      assertThat(load.faults()).isEmpty();

      SmallVolumes.free(cluster, volume);
      store.runNow("on-demand");
      store.awaitPolicyEvent(
          "on-demand", 120, event -> event.path("type").asText().equals("Completed"));
      load.readAll();
      assertThat(load.faults()).isEmpty();
    }
    store.awaitIdenticalMembers();
  }
}
