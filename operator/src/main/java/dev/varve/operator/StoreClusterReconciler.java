package dev.varve.operator;

import dev.varve.crds.StoreCluster;
import dev.varve.operator.apply.ClusterApplier;
import dev.varve.operator.apply.Leadership;
import dev.varve.operator.observe.AppliedObjects;
import dev.varve.operator.observe.ClusterObservation;
import dev.varve.operator.observe.ClusterObserver;
import dev.varve.operator.plan.ClusterPlan;
import dev.varve.operator.plan.ClusterPlanner;
import dev.varve.operator.resource.Labels;
import dev.varve.operator.resource.ShardLease;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import io.javaoperatorsdk.operator.api.config.informer.InformerEventSourceConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.Context;
import io.javaoperatorsdk.operator.api.reconciler.EventSourceContext;
import io.javaoperatorsdk.operator.api.reconciler.Reconciler;
import io.javaoperatorsdk.operator.api.reconciler.UpdateControl;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.javaoperatorsdk.operator.processing.event.source.EventSource;
import io.javaoperatorsdk.operator.processing.event.source.filter.OnUpdateFilter;
import io.javaoperatorsdk.operator.processing.event.source.informer.InformerEventSource;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** Joins observing, planning and applying for StoreClusters. */
final class StoreClusterReconciler implements Reconciler<StoreCluster> {

  private final ClusterObserver observer;
  private final ClusterPlanner planner;
  private final ClusterApplier applier;
  private final Leadership leadership;
  private final AppliedObjects applied;

  StoreClusterReconciler(
      ClusterObserver observer,
      ClusterPlanner planner,
      ClusterApplier applier,
      Leadership leadership,
      AppliedObjects applied) {
    this.observer = observer;
    this.planner = planner;
    this.applier = applier;
    this.leadership = leadership;
    this.applied = applied;
  }

  @Override
  public UpdateControl<StoreCluster> reconcile(StoreCluster cached, Context<StoreCluster> context)
      throws InterruptedException {
    if (!leadership.held()) {
      return UpdateControl.noUpdate();
    }
    String namespace = cached.getMetadata().getNamespace();
    String name = cached.getMetadata().getName();
    Optional<ClusterObservation> seen = observer.observe(namespace, name);
    if (seen.isEmpty()) {
      applied.forget(namespace, name);
      return UpdateControl.noUpdate();
    }
    ClusterPlan plan = planner.plan(seen.get());
    applier.apply(seen.get().cluster(), plan);
    return UpdateControl.<StoreCluster>noUpdate().rescheduleAfter(plan.lookAgain());
  }

  /** What of a cluster's own changes is worth a look: not its status, which is ours. */
  static boolean worthALook(StoreCluster now, StoreCluster before) {
    return !Objects.equals(now.getMetadata().getGeneration(), before.getMetadata().getGeneration())
        || !Objects.equals(
            now.getMetadata().getAnnotations(), before.getMetadata().getAnnotations());
  }

  @Override
  public List<EventSource<?, StoreCluster>> prepareEventSources(
      EventSourceContext<StoreCluster> context) {
    return List.of(
        source(StatefulSet.class, context, (now, before) -> true),
        source(Pod.class, context, (now, before) -> !readiness(now).equals(readiness(before))),
        source(
            Lease.class,
            context,
            // Not for every renewal.
            (now, before) ->
                !ShardLease.holder(now).equals(ShardLease.holder(before))
                    || !ShardLease.term(now).equals(ShardLease.term(before))));
  }

  private static <T extends HasMetadata> EventSource<T, StoreCluster> source(
      Class<T> type, EventSourceContext<StoreCluster> context, OnUpdateFilter<T> worthALook) {
    return new InformerEventSource<>(
        InformerEventSourceConfiguration.from(type, StoreCluster.class)
            .withLabelSelector(Labels.MEMBER_SELECTOR)
            .withSecondaryToPrimaryMapper(StoreClusterReconciler::clusterOf)
            .withOnUpdateFilter(worthALook)
            .withNamespacesInheritedFromController()
            .build(),
        context);
  }

  private static Set<ResourceID> clusterOf(HasMetadata object) {
    Map<String, String> labels = object.getMetadata().getLabels();
    String cluster = labels == null ? null : labels.get(Labels.CLUSTER);
    return cluster == null
        ? Set.of()
        : Set.of(new ResourceID(cluster, object.getMetadata().getNamespace()));
  }

  private static String readiness(Pod pod) {
    if (pod.getStatus() == null || pod.getStatus().getConditions() == null) {
      return "";
    }
    return pod.getStatus().getPhase()
        + pod.getMetadata().getDeletionTimestamp()
        + pod.getStatus().getConditions().stream()
            .map(condition -> condition.getType() + "=" + condition.getStatus())
            .sorted()
            .collect(Collectors.joining(","));
  }
}
