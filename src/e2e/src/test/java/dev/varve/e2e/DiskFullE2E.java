package dev.varve.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.util.List;
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

  private Store store;

  @BeforeAll
  void createStore(Cluster cluster) {
    for (int i = 0; i < 3; i++) {
      smallVolume(cluster, i);
    }
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
  void deleteStore(Cluster cluster) {
    store.delete();
    for (int i = 0; i < 3; i++) {
      cluster.kubectl("delete", "pv", "small-" + i, "--ignore-not-found").orFail();
      cluster.onNode(List.of("umount", "/mnt/small-" + i)).orFail();
    }
  }

  @Test
  void theRunIsAbortedAndNothingIsLost(Cluster cluster) {
    VersionedKeys keys = new VersionedKeys(KEYS, VALUE_BYTES);
    store.policy("on-demand", "interval: 24h");
    try (Load load = new Load(keys, store.expose(), Duration.ofSeconds(30))) {
      load.fill();
      String volume = volumeOf(cluster, store.primary());

      // A run would take the segments that fit, and has the ballast for it: there is no room at
      // all.
      fill(cluster, volume);
      store.runNow("on-demand");
      JsonNode failed =
          store.awaitPolicyEvent(
              "on-demand", 120, event -> event.path("type").asText().equals("Failed"));
      assertThat(failed.path("reason").asText()).as("%s", failed).isEqualTo("DiskFull");
      assertThat(store.temporaryFiles(store.primary())).isEmpty();
      load.readAll();
      assertThat(load.faults()).isEmpty();

      cluster.onNode(List.of("rm", volume + "/filler")).orFail();
      store.runNow("on-demand");
      store.awaitPolicyEvent(
          "on-demand", 120, event -> event.path("type").asText().equals("Completed"));
      load.readAll();
      assertThat(load.faults()).isEmpty();
    }
    store.awaitIdenticalMembers();
  }

  /** A volume that has a size: the default provisioner's are folders of one large disk. */
  private static void smallVolume(Cluster cluster, int index) {
    String path = "/mnt/small-" + index;
    cluster
        .onNode(
            List.of(
                "sh",
                "-c",
                "mkdir -p %s && mount -t tmpfs -o size=%dm,mode=0777 tmpfs %s"
                    .formatted(path, VOLUME_MIB, path)))
        .orFail();
    cluster
        .apply(
            "default",
            """
            apiVersion: storage.k8s.io/v1
            kind: StorageClass
            metadata: {name: small}
            provisioner: kubernetes.io/no-provisioner
            ---
            apiVersion: v1
            kind: PersistentVolume
            metadata: {name: small-%d}
            spec:
              capacity: {storage: %dMi}
              accessModes: [ReadWriteOnce]
              storageClassName: small
              hostPath: {path: %s}
            """
                .formatted(index, VOLUME_MIB, path))
        .orFail();
  }

  private String volumeOf(Cluster cluster, String pod) {
    String name =
        cluster.get(store.namespace(), "pvc", "data-" + pod).at("/spec/volumeName").asText();
    return cluster.get("", "pv", name).at("/spec/hostPath/path").asText();
  }

  private static void fill(Cluster cluster, String volume) {
    cluster
        .onNode(
            List.of(
                "sh",
                "-c",
                ("find %s -name _ballast -delete; dd if=/dev/zero of=%s/filler bs=4k;"
                        + " test $(df -k %s | awk 'END { print $4 }') -lt 4")
                    .formatted(volume, volume, volume)))
        .orFail();
  }
}
