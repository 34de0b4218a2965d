package dev.varve.e2e;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What a person would ask the cluster for after a failure, written below target/e2e-logs. */
final class Diagnosis {
  private static final Logger LOG = LoggerFactory.getLogger(Diagnosis.class);

  private final Cluster cluster;

  Diagnosis(Cluster cluster) {
    this.cluster = cluster;
  }

  void write(String test) {
    Path folder = Path.of("target", "e2e-logs", test);
    try {
      Files.createDirectories(folder);
      save(
          folder,
          "objects.txt",
          "get",
          "all,pvc,leases,storeclusters,compactionpolicies",
          "-A",
          "-o",
          "wide");
      save(
          folder,
          "resources.yaml",
          "get",
          "storeclusters,compactionpolicies,leases,jobs",
          "-A",
          "-o",
          "yaml");
      save(folder, "events.txt", "get", "events", "-A", "--sort-by=.lastTimestamp");
      save(folder, "describe.txt", "describe", "pods,jobs,statefulsets", "-A");
      for (JsonNode pod : allPods()) {
        savePodLogs(folder, pod);
      }
      Files.writeString(folder.resolve("node.txt"), cluster.nodeLogs());
      LOG.info("what the cluster knew is in {}", folder.toAbsolutePath());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Iterable<JsonNode> allPods() {
    return cluster.parse(cluster.kubectl("get", "pods", "-A", "-o", "json").orFail()).get("items");
  }

  private void savePodLogs(Path folder, JsonNode pod) throws IOException {
    String namespace = pod.at("/metadata/namespace").asText();
    String name = pod.at("/metadata/name").asText();
    if (namespace.startsWith("kube-") || namespace.startsWith("local-path")) {
      return;
    }
    save(folder, "log-%s-%s.txt".formatted(namespace, name), "logs", "-n", namespace, name);
    if (pod.at("/status/containerStatuses/0/restartCount").asInt() > 0) {
      save(
          folder,
          "log-%s-%s-previous.txt".formatted(namespace, name),
          "logs",
          "-n",
          namespace,
          name,
          "--previous");
    }
  }

  private void save(Path folder, String file, String... arguments) throws IOException {
    Files.writeString(folder.resolve(file), cluster.kubectl(arguments).all());
  }
}
