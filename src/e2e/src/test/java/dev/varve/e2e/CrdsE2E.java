package dev.varve.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The resource definitions alone, on a cluster where nothing else of Varve is installed. */
@Order(1) // before anything installs the chart, which brings the definitions too
@ExtendWith(ClusterExtension.class)
class CrdsE2E {
  private static final String NAMESPACE = "crds";

  private static final String CLUSTER =
      """
      apiVersion: varve.dev/v1beta1
      kind: StoreCluster
      metadata: {name: %s}
      spec: %s
      """;
  private static final String POLICY =
      """
      apiVersion: varve.dev/v1beta1
      kind: CompactionPolicy
      metadata: {name: %s}
      spec: %s
      """;

  @BeforeAll
  static void appliesWithNothingElse(Cluster cluster) {
    cluster.createNamespace(NAMESPACE);
    cluster.kubectl("apply", "-f", cluster.copy(Environment.root().resolve("crds"))).orFail();
    cluster
        .kubectl(
            "wait",
            "--for=condition=Established",
            "--timeout=30s",
            "crd/storeclusters.varve.dev",
            "crd/compactionpolicies.varve.dev")
        .orFail();
    Await.until(
        "the API server serves the new kinds",
        30,
        () ->
            assertThat(cluster.kubectl("get", "vstore,vcp", "-n", NAMESPACE).exitCode()).isZero());
  }

  @AfterAll
  static void cleanUp(Cluster cluster) {
    cluster.deleteNamespace(NAMESPACE);
  }

  @Test
  void smallestClusterGetsTheDocumentedDefaults(Cluster cluster) {
    cluster.apply(NAMESPACE, CLUSTER.formatted("smallest", "{replicas: 3}")).orFail();

    JsonNode spec = cluster.get(NAMESPACE, "storecluster", "smallest").get("spec");
    assertThat(spec.at("/replicas").asInt()).isEqualTo(3);
    assertThat(spec.at("/storage/size").asText()).isEqualTo("10Gi");
    assertThat(spec.at("/storage/retention").asText()).isEqualTo("Retain");
    assertThat(spec.at("/keyspaces/0/name").asText()).isEqualTo("main");
    assertThat(spec.at("/keyspaces/0/segmentSize").asText()).isEqualTo("64Mi");
    assertThat(spec.at("/keyspaces/1/name").asText()).isEqualTo("objects");
    assertThat(spec.at("/keyspaces/1/segmentSize").asText()).isEqualTo("256Mi");
  }

  @Test
  void smallestPolicyGetsTheDocumentedDefaults(Cluster cluster) {
    cluster.apply(NAMESPACE, POLICY.formatted("smallest", "{clusterSelector: {}}")).orFail();

    JsonNode spec = cluster.get(NAMESPACE, "compactionpolicy", "smallest").get("spec");
    assertThat(spec.at("/suspend").isBoolean()).isTrue();
    assertThat(spec.at("/suspend").asBoolean()).isFalse();
    assertThat(spec.at("/interval").asText()).isEqualTo("1h");
    assertThat(spec.at("/timeZone").asText()).isEqualTo("Etc/UTC");
    assertThat(spec.at("/trigger/minTotalBytes").asText()).isEqualTo("10Mi");
    assertThat(spec.at("/trigger/minDeadRatio").asText()).isEqualTo("0.3");
    assertThat(spec.at("/trigger/minSpaceSaving").asText()).isEqualTo("0.1");
    assertThat(spec.at("/timeout").asText()).isEqualTo("3h");
    assertThat(spec.at("/concurrency/perCluster").asInt()).isEqualTo(1);
    assertThat(spec.at("/history/events").asInt()).isEqualTo(20);
    assertThat(spec.at("/history/successfulJobs").asInt()).isEqualTo(3);
    assertThat(spec.at("/history/failedJobs").asInt()).isEqualTo(3);
    assertThat(spec.at("/jobTemplate/resources/limits/memory").asText()).isEqualTo("256Mi");
  }

  @ParameterizedTest(name = "{0} is refused: {2}")
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          {clusterSelector: {}, schedule: "0 0 1 * * *"}              | spec.schedule             | five
          {clusterSelector: {}, schedule: "61 * * * *"}               | spec.schedule             | minute 0-59
          {clusterSelector: {}, timeZone: Mars/Olympus}               | spec.timeZone             | IANA
          {clusterSelector: {}, trigger: {minDeadRatio: "1.5"}}       | spec.trigger.minDeadRatio | 0
          {clusterSelector: {}, trigger: {minTotalBytes: 10Xi}}       | spec.trigger.minTotalBytes| should match
          {clusterSelector: {}, timeout: 10s}                         | spec.timeout              | 1m
          {clusterSelector: {}, timeout: soon}                        | spec.timeout              | duration of at least 1m
          {clusterSelector: {}, interval: 0s}                         | spec.interval             | 1s
          {clusterSelector: {}, concurrency: {perCluster: 0}}         | spec.concurrency          | greater than or equal to 1
          {clusterSelector: {}, history: {events: 101}}               | spec.history.events       | less than or equal to 100
          {clusterSelector: {}, keyspaces: [{name: main, strategy: Fold}]} | spec.keyspaces       | Unsupported value
          {}                                                          | spec.clusterSelector      | Required value
          """)
  void refusesBadPolicy(String spec, String field, String rule, Cluster cluster) {
    Output output = cluster.apply(NAMESPACE, POLICY.formatted("bad", spec));

    assertThat(output.exitCode()).as(output.all()).isNotZero();
    assertThat(output.stderr()).contains(field).contains(rule);
  }

  @ParameterizedTest(name = "{0} is refused: {2}")
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          {replicas: 2}                                                 | spec.replicas  | 1, 3, 5 or 7
          {replicas: 3, storage: {size: much}}                          | spec.storage.size | should match
          {replicas: 3, keyspaces: []}                                  | spec.keyspaces | at least 1
          {replicas: 3, keyspaces: [{name: Main}]}                      | spec.keyspaces[0].name | lower-case
          {replicas: 3, keyspaces: [{name: main, segmentSize: 64Ki}]}   | spec.keyspaces | 1Mi
          {replicas: 3, keyspaces: [{name: main}, {name: main}]}        | spec.keyspaces | Duplicate value
          {}                                                            | spec.replicas  | Required value
          """)
  void refusesBadCluster(String spec, String field, String rule, Cluster cluster) {
    Output output = cluster.apply(NAMESPACE, CLUSTER.formatted("bad", spec));

    assertThat(output.exitCode()).as(output.all()).isNotZero();
    assertThat(output.stderr()).contains(field).contains(rule);
  }

  @Test
  void refusesNamesThatDoNotFitTheObjectsMadeFromThem(Cluster cluster) {
    String name = "a".repeat(41);

    Output output = cluster.apply(NAMESPACE, CLUSTER.formatted(name, "{replicas: 3}"));

    assertThat(output.exitCode()).as(output.all()).isNotZero();
    assertThat(output.stderr()).contains("metadata.name");
  }

  @Test
  void keyspacesMayBeAddedButNotRemoved(Cluster cluster) {
    String one = "{replicas: 3, keyspaces: [{name: main}]}";
    String two = "{replicas: 3, keyspaces: [{name: main}, {name: audit}]}";
    cluster.apply(NAMESPACE, CLUSTER.formatted("keyspaces", one)).orFail();
    cluster.apply(NAMESPACE, CLUSTER.formatted("keyspaces", two)).orFail();

    Output output = cluster.apply(NAMESPACE, CLUSTER.formatted("keyspaces", one));

    assertThat(output.exitCode()).as(output.all()).isNotZero();
    assertThat(output.stderr()).contains("spec.keyspaces").contains("removed");
  }

  @Test
  void storageMayGrowButNotShrink(Cluster cluster) {
    String small = "{replicas: 3, storage: {size: 1Gi}}";
    String large = "{replicas: 3, storage: {size: 2Gi}}";
    cluster.apply(NAMESPACE, CLUSTER.formatted("sizes", small)).orFail();
    cluster.apply(NAMESPACE, CLUSTER.formatted("sizes", large)).orFail();

    Output output = cluster.apply(NAMESPACE, CLUSTER.formatted("sizes", small));

    assertThat(output.exitCode()).as(output.all()).isNotZero();
    assertThat(output.stderr()).contains("spec.storage.size").contains("shrink");
  }

  @Test
  void explainShowsRealDescriptions(Cluster cluster) {
    String trigger = cluster.kubectl("explain", "compactionpolicy.spec.trigger").orFail();

    assertThat(trigger)
        .contains("minDeadRatio", "minTotalBytes", "minSpaceSaving", "minInterval")
        .contains("DESCRIPTION")
        .doesNotContain("<no description>")
        .doesNotContain("<empty>");
  }
}
