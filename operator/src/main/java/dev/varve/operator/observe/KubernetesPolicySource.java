package dev.varve.operator.observe;

import dev.varve.crds.CompactionPolicy;
import dev.varve.crds.LabelSelector;
import dev.varve.crds.StoreCluster;
import dev.varve.operator.resource.Labels;
import io.fabric8.kubernetes.api.model.LabelSelectorBuilder;
import io.fabric8.kubernetes.api.model.LabelSelectorRequirement;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/** {@link PolicySource} on a real API server. */
public final class KubernetesPolicySource implements PolicySource {

  private final KubernetesClient client;

  public KubernetesPolicySource(KubernetesClient client) {
    this.client = client;
  }

  @Override
  public Optional<CompactionPolicy> policy(String namespace, String name) {
    return Optional.ofNullable(
            client.resources(CompactionPolicy.class).inNamespace(namespace).withName(name).get())
        .filter(policy -> policy.getMetadata().getDeletionTimestamp() == null);
  }

  @Override
  public List<StoreCluster> clusters(String namespace, LabelSelector selector) {
    List<LabelSelectorRequirement> expressions =
        Objects.requireNonNullElse(
                selector.matchExpressions(), List.<LabelSelector.Requirement>of())
            .stream()
            .map(e -> new LabelSelectorRequirement(e.key(), e.operator().name(), e.values()))
            .toList();
    return client
        .resources(StoreCluster.class)
        .inNamespace(namespace)
        .withLabelSelector(
            new LabelSelectorBuilder()
                .withMatchLabels(selector.matchLabels())
                .withMatchExpressions(expressions)
                .build())
        .list()
        .getItems()
        .stream()
        .filter(cluster -> cluster.getMetadata().getDeletionTimestamp() == null)
        .sorted(Comparator.comparing(cluster -> cluster.getMetadata().getName()))
        .toList();
  }

  @Override
  public List<Job> jobs(String namespace) {
    return client
        .batch()
        .v1()
        .jobs()
        .inNamespace(namespace)
        .withLabelSelector(Labels.JOB_SELECTOR)
        .list()
        .getItems();
  }

  @Override
  public Optional<Pod> podOf(String namespace, String job) {
    return client
        .pods()
        .inNamespace(namespace)
        .withLabel("batch.kubernetes.io/job-name", job)
        .list()
        .getItems()
        .stream()
        .findFirst();
  }

  @Override
  public Optional<Lease> lease(String namespace, String name) {
    return Optional.ofNullable(client.leases().inNamespace(namespace).withName(name).get());
  }
}
