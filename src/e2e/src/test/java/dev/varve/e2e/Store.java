package dev.varve.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;

/**
 * A StoreCluster named {@code orders} in a namespace of its own, with what a test asks of it. A pod
 * beside it, the workbench, runs {@code varve} as people and Jobs do.
 */
final class Store {
  static final String NAME = "orders";
  private static final String WORKBENCH = "workbench";
  private static final int MEMBERS = 3;
  private static final String DATA = "/var/lib/varve";

  private final Cluster cluster;
  private final String namespace;

  private Store(Cluster cluster, String namespace) {
    this.cluster = cluster;
    this.namespace = namespace;
  }

  /**
   * Makes the namespace, the store and the workbench, and returns when all of it is ready.
   *
   * @param spec the StoreCluster's {@code spec} beside {@code replicas: 3}, in flow style without
   *     the braces; may be empty
   */
  static Store create(Cluster cluster, String namespace, String spec) {
    cluster.installOperator();
    cluster.createNamespace(namespace);
    Store store = new Store(cluster, namespace);
    store.apply(
        """
        apiVersion: varve.dev/v1beta1
        kind: StoreCluster
        metadata: {name: orders, labels: {team: checkout}}
        spec: {replicas: %d%s}
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: workbench}
        spec:
          automountServiceAccountToken: false
          terminationGracePeriodSeconds: 0
          securityContext: {runAsNonRoot: true, runAsUser: 10001, seccompProfile: {type: RuntimeDefault}}
          containers:
          - name: workbench
            image: %s
            command: [sleep, infinity]
            resources: {limits: {memory: 512Mi}}
            securityContext:
              {allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: {drop: [ALL]}}
            volumeMounts: [{name: tmp, mountPath: /tmp}]
          volumes: [{name: tmp, emptyDir: {}}]
        """
            .formatted(MEMBERS, spec.isEmpty() ? "" : ", " + spec, Environment.nodeImage()));
    store.awaitReady();
    cluster
        .kubectl("wait", "-n", namespace, "--for=condition=Ready", "pod/workbench", "--timeout=60s")
        .orFail();
    return store;
  }

  String namespace() {
    return namespace;
  }

  void apply(String manifest) {
    cluster.apply(namespace, manifest).orFail();
  }

  Output kubectl(String... arguments) {
    List<String> all = new ArrayList<>(List.of("-n", namespace));
    all.addAll(List.of(arguments));
    return cluster.kubectl(all);
  }

  /** Deletes the namespace and all in it. */
  void delete() {
    cluster.deleteNamespace(namespace);
  }

  // --- members ---------------------------------------------------------------------------------

  static List<String> members() {
    return IntStream.range(0, MEMBERS).mapToObj(i -> NAME + "-0-" + i).toList();
  }

  /** Returns when the StoreCluster says that it is ready, with every member. */
  void awaitReady() {
    Await.until(
        namespace + "/" + NAME + " is ready",
        120,
        () -> {
          JsonNode status = cluster.get(namespace, "storecluster", NAME).path("status");
          assertThat(condition(status, "Ready")).as("%s", status).isEqualTo("True");
          assertThat(status.path("readyReplicas").asInt()).isEqualTo(MEMBERS);
        });
  }

  /** The pod that the shard's Lease names as its primary. */
  String primary() {
    return cluster.get(namespace, "lease", NAME + "-0").at("/spec/holderIdentity").asText();
  }

  /** Reachable addresses of all members' gRPC ports, from this machine. */
  List<Cluster.HostAndPort> expose() {
    return members().stream().map(pod -> cluster.expose(namespace, pod)).toList();
  }

  /** The id by which the node's container runtime knows a member's running container. */
  String containerId(String pod) {
    return cluster
        .get(namespace, "pod", pod)
        .at("/status/containerStatuses/0/containerID")
        .asText()
        .replaceFirst("^containerd://", "");
  }

  /** Sends the process of a container a signal, as the kernel would. */
  void signal(String containerId, String signal) {
    cluster
        .onNode(List.of("ctr", "-n", "k8s.io", "tasks", "kill", "--signal", signal, containerId))
        .orFail();
  }

  /** Checksums of a member's segment files, by path below its data directory. */
  Map<String, String> segments(String pod) {
    String listing =
        kubectl(
                "exec",
                pod,
                "--",
                "sh",
                "-c",
                "cd " + DATA + " && find . -name '*.log' -type f -exec sha256sum {} +")
            .orFail();
    Map<String, String> digests = new TreeMap<>();
    listing
        .lines()
        .map(line -> line.split(" +", 2))
        .forEach(parts -> digests.put(parts[1], parts[0]));
    return digests;
  }

  /** Files that a compaction has not finished, in a member's keyspaces. */
  String temporaryFiles(String pod) {
    return kubectl(
            "exec", pod, "--", "find", DATA, "-mindepth", "2", "-name", "*.tmp", "-type", "f")
        .orFail();
  }

  /**
   * Returns when all members hold the same segments, byte for byte. Retired ones go at a
   * checkpoint, so this makes one first.
   */
  void awaitIdenticalMembers() {
    varve("checkpoint").orFail();
    Await.until(
        "the members of " + namespace + " are byte-identical",
        90,
        () -> {
          Map<String, String> first = segments(members().getFirst());
          assertThat(first).isNotEmpty();
          for (String member : members().subList(1, MEMBERS)) {
            assertThat(segments(member)).as(member).isEqualTo(first);
          }
        });
  }

  // --- the command line ------------------------------------------------------------------------

  /** Runs {@code varve} in the workbench, against all members. */
  Output varve(String... arguments) {
    List<String> command =
        new ArrayList<>(List.of("exec", "-n", namespace, WORKBENCH, "--", "varve"));
    command.addAll(endpoints());
    command.addAll(List.of(arguments));
    return cluster.kubectl(command);
  }

  /** {@code varve import} of lines of NDJSON. */
  Output importLines(String lines) {
    String file = cluster.file("import.ndjson", lines);
    return cluster.onNode(
        List.of(
            "sh",
            "-c",
            "kubectl --kubeconfig %s exec -i -n %s %s -- varve %s import - < %s && rm %s"
                .formatted(
                    Cluster.KUBECONFIG,
                    namespace,
                    WORKBENCH,
                    String.join(" ", endpoints()),
                    file,
                    file)));
  }

  /** The status that each member gives of itself, by name. */
  Map<String, JsonNode> status() {
    Map<String, JsonNode> byMember = new TreeMap<>();
    JsonNode all = cluster.parse(varve("--output", "json", "status").orFail());
    all.get("members")
        .forEach(entry -> byMember.put(entry.get("member").asText(), entry.path("status")));
    return byMember;
  }

  /** The status that the primary gives of itself. */
  JsonNode primaryStatus() {
    String primary = primary();
    JsonNode status = status().get(primary);
    if (status == null) {
      throw new AssertionError(primary + " gave no status");
    }
    return status;
  }

  private List<String> endpoints() {
    List<String> options = new ArrayList<>();
    for (String member : members()) {
      options.add("--endpoint");
      options.add("%s.%s-members.%s.svc:9090".formatted(member, NAME, namespace));
    }
    return options;
  }

  // --- policies --------------------------------------------------------------------------------

  /** Makes a policy that selects this store. {@code spec} is in flow style, without the braces. */
  void policy(String name, String spec) {
    apply(
        """
        apiVersion: varve.dev/v1beta1
        kind: CompactionPolicy
        metadata: {name: %s}
        spec: {clusterSelector: {matchLabels: {team: checkout}}, %s}
        """
            .formatted(name, spec));
  }

  JsonNode policyStatus(String name) {
    return cluster.get(namespace, "compactionpolicy", name).path("status");
  }

  /** Asks for a run now, and returns the value that the annotation got. */
  String runNow(String policy) {
    String value = Instant.now().toString();
    kubectl("annotate", "vcp", policy, "varve.dev/run-now=" + value, "--overwrite").orFail();
    return value;
  }

  /** The newest of a policy's events that fits, waiting for it if need be. */
  JsonNode awaitPolicyEvent(String policy, long deadlineSeconds, Predicate<JsonNode> wanted) {
    JsonNode[] found = new JsonNode[1];
    Await.until(
        "policy " + policy + " has the event",
        deadlineSeconds,
        () -> {
          JsonNode status = policyStatus(policy);
          found[0] =
              StreamSupport.stream(status.path("events").spliterator(), false)
                  .filter(wanted)
                  .findFirst()
                  .orElseThrow(() -> new AssertionError("not among the events of " + status));
        });
    return found[0];
  }

  List<JsonNode> jobs() {
    return cluster.list(namespace, "jobs", "");
  }

  /** The status of a condition: True, False, Unknown, or absent. */
  static String condition(JsonNode status, String type) {
    for (JsonNode condition : status.path("conditions")) {
      if (condition.path("type").asText().equals(type)) {
        return condition.path("status").asText();
      }
    }
    return "absent";
  }
}
