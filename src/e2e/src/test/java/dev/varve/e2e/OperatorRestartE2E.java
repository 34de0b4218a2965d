package dev.varve.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/** The operator ends between making a Job and writing status. */
@Order(5)
@ExtendWith(ClusterExtension.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class OperatorRestartE2E {
  private Store store;

  @BeforeAll
  void createStore(Cluster cluster) {
    store = Store.create(cluster, "restart", "");
  }

  @AfterAll
  void deleteStore() {
    store.delete();
  }

  @Test
  void theTickRunsOnceNotTwiceNotNever(Cluster cluster) {
    store.policy(
        "on-demand",
        "interval: 24h, trigger: {minTotalBytes: \"0\", minDeadRatio: \"0\", minSpaceSaving: \"0\"}");
    Await.until(
        "the operator has seen the policy",
        30,
        () ->
            assertThat(store.policyStatus("on-demand").path("observedGeneration").asInt()).isOne());
    store.varve("put", "key", "old").orFail();
    store.varve("put", "key", "new").orFail();

    String role = cluster.get("", "clusterrole", "varve-operator").toString();
    JsonNode job;
    try {
      // The moment between the two is made as long as need be: status can't be written for a while.
      replaceRole(cluster, withoutPolicyStatus(cluster.parse(role)));
      store.runNow("on-demand");
      Await.until("the Job exists", 60, () -> assertThat(store.jobs()).hasSize(1));
      job = store.jobs().getFirst();
      killOperator(cluster);
    } finally {
      replaceRole(cluster, role);
    }

    String runId = job.at("/metadata/name").asText();
    JsonNode event =
        store.awaitPolicyEvent(
            "on-demand", 120, candidate -> candidate.path("runId").asText().equals(runId));
    assertThat(event.path("type").asText()).as("%s", event).isEqualTo("Completed");
    assertThat(store.jobs())
        .singleElement()
        .satisfies(only -> assertThat(only.at("/metadata/uid")).isEqualTo(job.at("/metadata/uid")));
    assertThat(store.policyStatus("on-demand").at("/totals/runs").asInt()).isOne();
    assertThat(store.policyStatus("on-demand").path("events"))
        .allSatisfy(each -> assertThat(each.path("runId").asText()).isEqualTo(runId));
  }

  private static void killOperator(Cluster cluster) {
    List<String> delete =
        List.of(
            "delete",
            "pod",
            "-n",
            Cluster.OPERATOR_NAMESPACE,
            "-l",
            "app.kubernetes.io/name=varve-operator",
            "--grace-period=0",
            "--force");
    cluster.kubectl(delete).orFail();
  }

  private static String withoutPolicyStatus(JsonNode role) {
    for (JsonNode rule : role.get("rules")) {
      var resources = ((ObjectNode) rule).withArray("resources");
      for (int i = 0; i < resources.size(); i++) {
        if (resources.get(i).asText().equals("compactionpolicies/status")) {
          resources.remove(i);
        }
      }
    }
    return role.toString();
  }

  private static void replaceRole(Cluster cluster, String role) {
    ObjectNode object = (ObjectNode) cluster.parse(role);
    ((ObjectNode) object.get("metadata")).remove(List.of("resourceVersion", "managedFields"));
    cluster.kubectl("replace", "-f", cluster.file("role.json", object.toString())).orFail();
  }
}
