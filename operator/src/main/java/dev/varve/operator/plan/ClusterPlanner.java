package dev.varve.operator.plan;

import dev.varve.crds.StoreCluster;
import dev.varve.crds.StoreClusterStatus;
import dev.varve.operator.observe.AppliedObjects;
import dev.varve.operator.observe.ClusterObservation;
import dev.varve.operator.observe.ClusterRules;
import dev.varve.operator.resource.DisruptionBudget;
import dev.varve.operator.resource.Labels;
import dev.varve.operator.resource.MemberAccount;
import dev.varve.operator.resource.MemberServices;
import dev.varve.operator.resource.MemberSet;
import dev.varve.operator.resource.ShardLease;
import dev.varve.operator.resource.ShardNames;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Quantity;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** Decides what a StoreCluster needs. A pure function of the observation. */
public final class ClusterPlanner {

  private static final Duration WHEN_SETTLED = Duration.ofSeconds(30);
  private static final Duration WHEN_NOT = Duration.ofSeconds(3);

  private final ClusterStatusBuilder statuses;

  public ClusterPlanner(ClusterStatusBuilder statuses) {
    this.statuses = statuses;
  }

  /** The actions that bring {@code seen} to what its spec asks for. */
  public ClusterPlan plan(ClusterObservation seen) {
    var actions = new ArrayList<ClusterAction>();
    StoreCluster cluster = seen.cluster();
    ShardNames names = seen.names();
    Stream.of(
            MemberAccount.account(cluster, names),
            MemberAccount.role(cluster, names),
            MemberAccount.binding(cluster, names),
            MemberServices.headless(cluster, names),
            MemberServices.client(cluster, names),
            DisruptionBudget.of(cluster, names))
        .forEach(wanted -> apply(seen, wanted, existing(seen, wanted)).ifPresent(actions::add));
    permission(seen, actions);
    apply(seen, memberSet(seen), seen.memberSet().map(HasMetadata.class::cast))
        .ifPresent(actions::add);
    actions.addAll(growth(seen));

    StoreClusterStatus status = statuses.build(seen);
    if (!status.equals(cluster.getStatus())) {
      actions.add(new ClusterAction.WriteStatus(status, "the state changed"));
    }
    return new ClusterPlan(
        List.copyOf(actions), statuses.settled(status) ? WHEN_SETTLED : WHEN_NOT);
  }

  /**
   * The Lease, and with it the one permission to start empty. The order makes it safe and live at
   * once: the Lease comes first, then the record on the cluster, and only then the first pod. A
   * stop in between finds no member that could have used the permission, so it is given again.
   */
  private static void permission(ClusterObservation seen, List<ClusterAction> actions) {
    String uid = seen.cluster().getMetadata().getUid();
    boolean recorded = uid.equals(annotation(seen.cluster(), Labels.BOOTSTRAPPED));
    if (seen.lease().isEmpty()) {
      boolean first = !recorded && seen.memberSet().isEmpty() && seen.claims().isEmpty();
      actions.add(
          new ClusterAction.CreateLease(
              ShardLease.of(seen.cluster(), seen.names(), seen.rules().replicas(), first),
              first
                  ? "a new cluster, whose members may start the shard empty"
                  : "the Lease is missing; the shard has started before, so nobody may start it"
                      + " empty"));
    }
    if (!recorded) {
      actions.add(
          new ClusterAction.RecordBootstrap(uid, "the permission to start empty is given once"));
    }
  }

  private static HasMetadata memberSet(ClusterObservation seen) {
    ClusterRules rules = seen.rules();
    // A claim template cannot be changed: existing volumes grow by their claims instead.
    Quantity volumeSize =
        seen.memberSet()
            .map(set -> set.getSpec().getVolumeClaimTemplates())
            .filter(templates -> !templates.isEmpty())
            .map(templates -> requested(templates.getFirst()))
            .orElse(rules.size());
    return new MemberSet(
            seen.cluster(),
            seen.names(),
            new MemberSet.Shape(
                rules.replicas(),
                ClusterRules.SHARDS,
                rules.image(),
                volumeSize,
                rules.storageClass(),
                rules.retention(),
                rules.keyspaces(),
                rules.resources()))
        .build();
  }

  private static List<ClusterAction> growth(ClusterObservation seen) {
    Quantity wanted = seen.rules().size();
    var actions = new ArrayList<ClusterAction>();
    for (PersistentVolumeClaim claim : seen.claims()) {
      Quantity has = requested(claim);
      if (bytes(has).compareTo(bytes(wanted)) < 0) {
        actions.add(
            new ClusterAction.GrowVolume(
                claim.getMetadata().getName(), wanted, "spec.storage.size grew from " + has));
      }
    }
    return actions;
  }

  private static Optional<ClusterAction> apply(
      ClusterObservation seen, HasMetadata wanted, Optional<HasMetadata> existing) {
    String what = wanted.getKind() + " " + wanted.getMetadata().getName();
    if (existing.isEmpty()) {
      return Optional.of(new ClusterAction.Apply(wanted, what + " is missing"));
    }
    Optional<AppliedObjects.Mark> mark = seen.applied().mark(wanted);
    if (mark.isEmpty()) {
      return Optional.of(
          new ClusterAction.Apply(wanted, what + " was not looked at since the operator started"));
    }
    if (!mark.get().wanted().equals(wanted)) {
      return Optional.of(new ClusterAction.Apply(wanted, what + " is wanted otherwise"));
    }
    if (!mark.get().version().equals(AppliedObjects.version(existing.get()))) {
      return Optional.of(new ClusterAction.Apply(wanted, what + " was changed by somebody else"));
    }
    return Optional.empty();
  }

  private static Optional<HasMetadata> existing(ClusterObservation seen, HasMetadata wanted) {
    return seen.others().stream()
        .filter(
            object ->
                object.getKind().equals(wanted.getKind())
                    && object.getMetadata().getName().equals(wanted.getMetadata().getName()))
        .findFirst();
  }

  private static Quantity requested(PersistentVolumeClaim claim) {
    Map<String, Quantity> requests = claim.getSpec().getResources().getRequests();
    Quantity size = requests == null ? null : requests.get("storage");
    return size == null ? new Quantity("0") : size;
  }

  private static java.math.BigDecimal bytes(Quantity quantity) {
    return Quantity.getAmountInBytes(quantity);
  }

  private static String annotation(HasMetadata object, String name) {
    Map<String, String> annotations = object.getMetadata().getAnnotations();
    return annotations == null ? "" : annotations.getOrDefault(name, "");
  }
}
