package dev.varve.operator.observe;

import dev.varve.crds.StoreCluster;
import dev.varve.operator.member.Members;
import dev.varve.operator.member.Reply;
import dev.varve.operator.resource.Labels;
import dev.varve.operator.resource.ShardNames;
import dev.varve.protocol.v1.StatusResponse;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.Resource;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Observes one StoreCluster: its objects from the API server, its members by asking them. */
public final class ClusterObserver {

  private final KubernetesClient client;
  private final Members members;
  private final AppliedObjects applied;
  private final ExecutorService calls;
  private final Clock clock;
  private final String defaultImage;

  public ClusterObserver(
      KubernetesClient client,
      Members members,
      AppliedObjects applied,
      ExecutorService calls,
      Clock clock,
      String defaultImage) {
    this.client = client;
    this.members = members;
    this.applied = applied;
    this.calls = calls;
    this.clock = clock;
    this.defaultImage = defaultImage;
  }

  /** Observes {@code cluster}, whose own state is read anew; empty when it is gone. */
  public Optional<ClusterObservation> observe(String namespace, String name)
      throws InterruptedException {
    StoreCluster cluster =
        client.resources(StoreCluster.class).inNamespace(namespace).withName(name).get();
    if (cluster == null || cluster.getMetadata().getDeletionTimestamp() != null) {
      return Optional.empty();
    }
    var names = new ShardNames(namespace, name, 0);
    List<Pod> pods =
        client.pods().inNamespace(namespace).withLabels(Labels.ofShard(names)).list().getItems();
    return Optional.of(
        new ClusterObservation(
            cluster,
            ClusterRules.of(cluster, defaultImage),
            names,
            clock.instant(),
            found(client.apps().statefulSets().inNamespace(namespace).withName(names.shard())),
            found(client.leases().inNamespace(namespace).withName(names.shard())),
            others(names),
            pods,
            client
                .persistentVolumeClaims()
                .inNamespace(namespace)
                .withLabels(Labels.ofShard(names))
                .list()
                .getItems(),
            ask(names, pods),
            applied));
  }

  private List<HasMetadata> others(ShardNames names) {
    String namespace = names.namespace();
    String cluster = names.cluster();
    Stream<@Nullable HasMetadata> objects =
        Stream.of(
            client.services().inNamespace(namespace).withName(names.membersService()).get(),
            client.services().inNamespace(namespace).withName(cluster).get(),
            client.serviceAccounts().inNamespace(namespace).withName(cluster).get(),
            client.rbac().roles().inNamespace(namespace).withName(cluster).get(),
            client.rbac().roleBindings().inNamespace(namespace).withName(cluster).get(),
            client
                .policy()
                .v1()
                .podDisruptionBudget()
                .inNamespace(namespace)
                .withName(names.shard())
                .get());
    return objects.filter(Objects::nonNull).map(HasMetadata.class::cast).toList();
  }

  private Map<String, Reply<StatusResponse>> ask(ShardNames names, List<Pod> pods)
      throws InterruptedException {
    var asked = new TreeMap<String, Future<Reply<StatusResponse>>>();
    for (Pod pod : pods) {
      String name = pod.getMetadata().getName();
      if (pod.getStatus() != null && "Running".equals(pod.getStatus().getPhase())) {
        asked.put(name, calls.submit(() -> members.status(names.address(name))));
      }
    }
    var replies = new TreeMap<String, Reply<StatusResponse>>();
    for (var call : asked.entrySet()) {
      try {
        replies.put(call.getKey(), call.getValue().get());
      } catch (ExecutionException e) {
        throw new IllegalStateException("a call to a member must not throw", e.getCause());
      }
    }
    return replies;
  }

  private static <T> Optional<T> found(Resource<T> resource) {
    return Optional.ofNullable(resource.get());
  }
}
