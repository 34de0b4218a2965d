package dev.varve.operator;

import dev.varve.crds.CompactionPolicy;
import dev.varve.crds.StoreCluster;
import dev.varve.operator.apply.Leadership;
import dev.varve.operator.apply.PolicyApplier;
import dev.varve.operator.apply.PolicyTarget.ChangedMeanwhileException;
import dev.varve.operator.observe.PolicyObservation;
import dev.varve.operator.observe.PolicyObserver;
import dev.varve.operator.plan.PolicyPlan;
import dev.varve.operator.plan.PolicyPlanner;
import dev.varve.operator.resource.Labels;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.javaoperatorsdk.operator.api.config.informer.InformerEventSourceConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.Context;
import io.javaoperatorsdk.operator.api.reconciler.EventSourceContext;
import io.javaoperatorsdk.operator.api.reconciler.Reconciler;
import io.javaoperatorsdk.operator.api.reconciler.UpdateControl;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.javaoperatorsdk.operator.processing.event.source.EventSource;
import io.javaoperatorsdk.operator.processing.event.source.informer.InformerEventSource;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Joins observing, planning and applying for CompactionPolicies. */
final class CompactionPolicyReconciler implements Reconciler<CompactionPolicy> {

  /** Least time between a tick and the look at it, so that the look never comes before the tick. */
  private static final Duration AFTER_TICK = Duration.ofMillis(50);

  private static final Duration SOON = Duration.ofSeconds(1);

  /** A tick far away is looked at anew every now and then: clocks are set. */
  private static final Duration LONGEST_SLEEP = Duration.ofMinutes(10);

  private final PolicyObserver observer;
  private final PolicyPlanner planner;
  private final PolicyApplier applier;
  private final Leadership leadership;
  private final CompactionMetrics metrics;
  private final Clock clock;

  /** Admission is one place: only its holder counts what is under way and starts runs. */
  private final ReentrantLock admission = new ReentrantLock();

  CompactionPolicyReconciler(
      PolicyObserver observer,
      PolicyPlanner planner,
      PolicyApplier applier,
      Leadership leadership,
      CompactionMetrics metrics,
      Clock clock) {
    this.observer = observer;
    this.planner = planner;
    this.applier = applier;
    this.leadership = leadership;
    this.metrics = metrics;
    this.clock = clock;
  }

  @Override
  public UpdateControl<CompactionPolicy> reconcile(
      CompactionPolicy cached, Context<CompactionPolicy> context) throws InterruptedException {
    String namespace = cached.getMetadata().getNamespace();
    String name = cached.getMetadata().getName();
    metrics.keepOnly(context.getPrimaryCache().list().toList());
    if (!leadership.held()) {
      return UpdateControl.noUpdate();
    }
    Optional<PolicyObservation> observed = observer.observe(namespace, name);
    if (observed.isEmpty()) {
      return UpdateControl.noUpdate();
    }
    PolicyObservation seen = observed.get();
    PolicyPlan plan;
    try {
      plan = seen.due().any() ? admit(seen) : planAndApply(seen);
    } catch (ChangedMeanwhileException e) {
      return UpdateControl.<CompactionPolicy>noUpdate().rescheduleAfter(SOON);
    }
    return plan.wakeAt()
        .map(at -> Duration.between(clock.instant(), at).plus(AFTER_TICK))
        .map(wait -> wait.compareTo(LONGEST_SLEEP) > 0 ? LONGEST_SLEEP : wait)
        .map(wait -> wait.compareTo(AFTER_TICK) < 0 ? AFTER_TICK : wait)
        .map(wait -> UpdateControl.<CompactionPolicy>noUpdate().rescheduleAfter(wait))
        .orElseGet(UpdateControl::noUpdate);
  }

  private PolicyPlan admit(PolicyObservation seen) {
    admission.lock();
    try {
      return planAndApply(seen.withActiveElsewhere(observer.activeElsewhere(seen.policy())));
    } finally {
      admission.unlock();
    }
  }

  private PolicyPlan planAndApply(PolicyObservation seen) {
    PolicyPlan plan = planner.plan(seen);
    applier.apply(seen.policy(), plan);
    return plan;
  }

  /** What of a policy's own changes is worth a look: not its status, which is ours. */
  static boolean worthALook(CompactionPolicy now, CompactionPolicy before) {
    return !Objects.equals(now.getMetadata().getGeneration(), before.getMetadata().getGeneration())
        || !Objects.equals(annotation(now, Labels.RUN_NOW), annotation(before, Labels.RUN_NOW));
  }

  @Override
  public List<EventSource<?, CompactionPolicy>> prepareEventSources(
      EventSourceContext<CompactionPolicy> context) {
    var jobs =
        InformerEventSourceConfiguration.from(Job.class, CompactionPolicy.class)
            .withLabelSelector(Labels.JOB_SELECTOR)
            .withSecondaryToPrimaryMapper(
                job ->
                    Optional.ofNullable(job.getMetadata().getLabels())
                        .map(labels -> labels.get(Labels.POLICY))
                        .map(policy -> Set.of(id(policy, job.getMetadata().getNamespace())))
                        .orElseGet(Set::of))
            .withOnUpdateFilter((now, before) -> !Objects.equals(state(now), state(before)))
            .withNamespacesInheritedFromController()
            .build();
    var clusters =
        InformerEventSourceConfiguration.from(StoreCluster.class, CompactionPolicy.class)
            .withSecondaryToPrimaryMapper(
                cluster ->
                    context
                        .getPrimaryCache()
                        .list(cluster.getMetadata().getNamespace())
                        .map(ResourceID::fromResource)
                        .collect(Collectors.toSet()))
            .withOnUpdateFilter(
                (now, before) ->
                    !Objects.equals(now.getMetadata().getLabels(), before.getMetadata().getLabels())
                        || !Objects.equals(now.getSpec(), before.getSpec()))
            .withNamespacesInheritedFromController()
            .build();
    return List.of(
        new InformerEventSource<>(jobs, context), new InformerEventSource<>(clusters, context));
  }

  private static ResourceID id(String name, String namespace) {
    return new ResourceID(name, namespace);
  }

  /** What of a Job's changes a policy acts on: its end, and that it was recorded. */
  private static List<@Nullable Object> state(Job job) {
    var state = new java.util.ArrayList<@Nullable Object>();
    state.add(job.getStatus() == null ? null : job.getStatus().getConditions());
    state.add(annotation(job, Labels.RECORDED));
    return state;
  }

  private static @Nullable String annotation(
      io.fabric8.kubernetes.api.model.HasMetadata object, String name) {
    Map<String, String> annotations = object.getMetadata().getAnnotations();
    return annotations == null ? null : annotations.get(name);
  }
}
