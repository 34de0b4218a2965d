package dev.varve.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.HexFormat;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.extension.ExtendWith;

/** The product's main job, link by link: put, replicate, compact by policy, describe. */
@Order(2)
@ExtendWith(ClusterExtension.class)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ChainE2E {
  private static final int RECORDS = 20_000;
  private static final int DELETED = 200;

  private Store store;

  @BeforeAll
  void createStore(Cluster cluster) {
    store =
        Store.create(
            cluster, "chain", "keyspaces: [{name: main, segmentSize: 4Mi}, {name: objects}]");
  }

  @AfterAll
  void deleteStore() {
    store.delete();
  }

  @Test
  @Order(1)
  void everyObjectOfTheStoreBearsItsLabelsAndOwner(Cluster cluster) {
    for (String object :
        new String[] {
          "statefulset/orders-0",
          "service/orders",
          "service/orders-members",
          "poddisruptionbudget/orders-0",
          "serviceaccount/orders",
          "role/orders",
          "rolebinding/orders",
          "lease/orders-0"
        }) {
      String[] kindAndName = object.split("/", 2);
      JsonNode metadata =
          cluster.get(store.namespace(), kindAndName[0], kindAndName[1]).get("metadata");
      assertThat(metadata.at("/labels").path("varve.dev/cluster").asText())
          .as(object)
          .isEqualTo("orders");
      assertThat(metadata.at("/ownerReferences/0/kind").asText())
          .as(object)
          .isEqualTo("StoreCluster");
    }
    JsonNode rules = cluster.get(store.namespace(), "role", "orders").get("rules");
    assertThat(rules).as("members may touch their Lease and nothing else").hasSize(1);
    assertThat(rules.at("/0/resources/0").asText()).isEqualTo("leases");
    assertThat(rules.at("/0/resourceNames/0").asText()).isEqualTo("orders-0");
  }

  @Test
  @Order(2)
  void whatIsPutCanBeGotAndDeletedThroughTheCommandLine() {
    store.varve("put", "greeting", "hello").orFail();

    assertThat(store.varve("get", "greeting").orFail().strip()).isEqualTo("hello");

    store.varve("delete", "greeting").orFail();
    Output missing = store.varve("get", "greeting");
    assertThat(missing.exitCode()).as(missing.all()).isEqualTo(3);
  }

  @Test
  @Order(3)
  void everyMemberReceivesWhatIsImported() {
    for (int round = 1; round <= 4; round++) {
      store.importLines(records(round)).orFail();
    }
    store
        .importLines(
            IntStream.range(0, DELETED)
                .mapToObj("{\"key\": \"gone-%d\", \"value\": \"x\"}\n"::formatted)
                .collect(Collectors.joining()))
        .orFail();
    store.varve("delete", "gone-0").orFail();

    Map<String, JsonNode> status = store.status();
    assertThat(status).containsOnlyKeys(Store.members());
    JsonNode primary = store.primaryStatus();
    assertThat(keyspace(primary, "main").path("liveKeys").asLong())
        .isEqualTo(RECORDS + DELETED - 1);
    assertThat(keyspace(primary, "main").path("deadRatio").asDouble()).isGreaterThan(0.3);
    Await.until(
        "replicas have it all",
        30,
        () -> {
          for (JsonNode member : store.status().values()) {
            assertThat(keyspace(member, "main").path("liveKeys").asLong())
                .isEqualTo(RECORDS + DELETED - 1);
          }
        });
  }

  @Test
  @Order(4)
  void thePolicyCompactsByItsOwnSchedule() {
    long before = bytes(store.primaryStatus());
    store.policy("minutely", "schedule: \"* * * * *\", keyspaces: [{name: main}]");

    JsonNode event =
        store.awaitPolicyEvent(
            "minutely", 150, candidate -> candidate.path("type").asText().equals("Completed"));

    assertThat(event.path("cluster").asText()).isEqualTo("orders");
    assertThat(event.path("primary").asText()).isEqualTo(store.primary());
    assertThat(event.path("keyspace").asText()).isEqualTo("main");
    assertThat(event.path("reason").asText()).isEqualTo("Compacted");
    assertThat(event.path("bytesBefore").asLong()).isGreaterThan(event.path("bytesAfter").asLong());
    assertThat(event.path("spaceSaved").asLong())
        .isEqualTo(event.path("bytesBefore").asLong() - event.path("bytesAfter").asLong());
    Await.until(
        "all members are smaller",
        60,
        () -> {
          for (JsonNode member : store.status().values()) {
            assertThat(bytes(member)).isLessThan(before * 6 / 10);
          }
        });
  }

  @Test
  @Order(5)
  void describeAndGetTellWhatHappened() {
    String describe = store.kubectl("describe", "compactionpolicy", "minutely").orFail();
    String get = store.kubectl("get", "vcp,vstore").orFail();
    System.out.println(describe + "\n" + get);

    assertThat(describe)
        .contains("Compacted", "reclaimed", "Bytes Before", "Bytes After", "Last Success Time")
        .contains("CompactionStarted", "CompactionCompleted");
    assertThat(get)
        .contains("compactionpolicy.varve.dev/minutely", "storecluster.varve.dev/orders");
  }

  @Test
  @Order(6)
  void everyMemberHoldsTheSameBytesAfterwards() {
    store.awaitIdenticalMembers();
    for (String member : Store.members()) {
      assertThat(store.temporaryFiles(member)).as(member).isEmpty();
    }
    assertThat(store.varve("get", "package-00007").orFail()).startsWith(value(4, 7));
  }

  @Test
  @Order(7)
  void aSecondRunSaysWhyItDoesNothing() {
    Await.until(
        "the next tick is skipped with a reason",
        150,
        () -> {
          JsonNode target = store.policyStatus("minutely").at("/targets/0");
          assertThat(target.path("decision").asText()).isEqualTo("Skipped");
          assertThat(target.path("reason").asText()).isNotEmpty();
          assertThat(target.path("message").asText()).isNotEmpty();
        });
  }

  /** The JVM goes on without a cache that doesn't suit it, only slower. */
  @Test
  @Order(8)
  void membersWereStartedFromTheImagesCache() {
    for (String member : Store.members()) {
      store.kubectl("exec", member, "--", "grep", "-q", "member.aot", "/proc/1/maps").orFail();
    }
  }

  private static String records(int round) {
    return IntStream.range(0, RECORDS)
        .mapToObj(
            i -> "{\"key\": \"package-%05d\", \"value\": \"%s\"}\n".formatted(i, value(round, i)))
        .collect(Collectors.joining());
  }

  private static String value(int round, int index) {
    byte[] bytes = new byte[150];
    new Random(round * 1_000_003L + index).nextBytes(bytes);
    return HexFormat.of().formatHex(bytes);
  }

  private static JsonNode keyspace(JsonNode memberStatus, String name) {
    for (JsonNode keyspace : memberStatus.path("keyspaces")) {
      if (keyspace.path("name").asText().equals(name)) {
        return keyspace;
      }
    }
    throw new AssertionError("no keyspace " + name + " in " + memberStatus);
  }

  private static long bytes(JsonNode memberStatus) {
    return keyspace(memberStatus, "main").path("totalBytes").asLong();
  }
}
