package dev.varve.node;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.protocol.v1.CompactRequest;
import io.grpc.StatusRuntimeException;
import io.micrometer.core.instrument.Meter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The table in {@code docs/monitoring.md} has every metric of a member, and no other. */
class MonitoringPageTest {
  private static final Pattern ROW =
      Pattern.compile("^\\| `(varve_[a-z_]+)` \\|([^|]+\\|){4}$", Pattern.MULTILINE);
  private static final Pattern ANY_NAME = Pattern.compile("varve_[a-z_]+");
  private static final String OF_REPLICAS = "varve_replica_";

  private static String page() throws IOException {
    return Files.readString(Path.of("..", "docs", "monitoring.md"));
  }

  private static Set<String> documented() throws IOException {
    return ROW.matcher(page())
        .results()
        .map(r -> r.group(1))
        .collect(Collectors.toCollection(TreeSet::new));
  }

  /** What a scrape would find, by the names it would find it under. */
  static Set<String> exposed(TestNode node) {
    Set<String> names = new TreeSet<>();
    for (Meter meter : node.metrics().getMeters()) {
      if (!meter.getId().getName().endsWith(".histogram")) { // of the registry for tests
        names.add(name(meter.getId()));
      }
    }
    return names;
  }

  /** Prometheus' way to write it: base unit and kind at the end. */
  private static String name(Meter.Id id) {
    String unit = id.getType() == Meter.Type.TIMER ? "seconds" : id.getBaseUnit();
    String name = id.getName().replace('.', '_');
    if (unit != null && !name.endsWith('_' + unit)) {
      name += '_' + unit;
    }
    return id.getType() == Meter.Type.COUNTER ? name + "_total" : name;
  }

  @Test
  void hasEveryMetricOfAMember(@TempDir Path directory) throws IOException {
    try (TestNode node =
        TestNode.standalone(
            directory,
            "VARVE_MANAGED",
            "false",
            "COMPACTION_INTERVAL",
            "1",
            "RETENTION_MAX_RECORDS",
            "main=3",
            "RETENTION_INTERVAL",
            "1")) {
      for (int i = 0; i < 20; i++) {
        node.put("k" + i % 5, "value " + i);
      }
      assertThrows(StatusRuntimeException.class, () -> node.get(""));
      node.admin()
          .compact(CompactRequest.newBuilder().setKeyspace("main").setForce(true).build())
          .forEachRemaining(event -> {});
      Set<String> expected = documented();
      expected.removeIf(name -> name.startsWith(OF_REPLICAS));
      Eventually.holds(
          Duration.ofSeconds(30),
          () -> "a metric for each of " + expected + ", not only " + exposed(node),
          () -> exposed(node).containsAll(expected));
      assertEquals(expected, exposed(node));
    }
  }

  @Test
  void namesNoMetricThatItDoesNotExplain() throws IOException {
    Set<String> explained = documented();
    assertTrue(explained.size() > 20, explained::toString);
    for (String name :
        ANY_NAME.matcher(page()).results().map(MatchResult::group).collect(Collectors.toSet())) {
      boolean known =
          explained.contains(name)
              || explained.stream().anyMatch(n -> n.startsWith(name) || name.equals(n + "_max"));
      assertTrue(known, name);
    }
  }

  /** The rest, of which only a primary with replicas has any: {@link ReplicatedNodesTest}. */
  static Set<String> documentedOfReplicas() throws IOException {
    Set<String> names = documented();
    names.removeIf(name -> !name.startsWith(OF_REPLICAS));
    return names;
  }

  static Set<String> exposedOfReplicas(TestNode node) {
    Set<String> names = exposed(node);
    names.removeIf(name -> !name.startsWith(OF_REPLICAS));
    return names;
  }
}
