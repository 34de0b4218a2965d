package dev.varve.operator.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.crds.Condition;
import dev.varve.crds.StoreCluster;
import dev.varve.crds.StoreClusterSpec;
import dev.varve.crds.StoreClusterStatus;
import dev.varve.operator.member.Reply;
import dev.varve.operator.observe.AppliedObjects;
import dev.varve.operator.observe.ClusterObservation;
import dev.varve.operator.observe.ClusterRules;
import dev.varve.operator.resource.Labels;
import dev.varve.operator.resource.ShardNames;
import dev.varve.operator.status.Conditions;
import dev.varve.protocol.v1.Role;
import dev.varve.protocol.v1.StatusResponse;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaimBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.fabric8.kubernetes.api.model.apps.StatefulSetBuilder;
import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class ClusterPlannerTest {

  private static final Instant NOW = Instant.parse("2026-11-20T01:00:00Z");
  private static final ShardNames NAMES = new ShardNames("shop", "orders", 0);

  private final ClusterPlanner planner = new ClusterPlanner(new ClusterStatusBuilder());
  private final StoreCluster cluster = new StoreCluster();
  private final AppliedObjects applied = new AppliedObjects();
  private final Map<String, HasMetadata> objects = new TreeMap<>();
  private final List<PersistentVolumeClaim> claims = new ArrayList<>();
  private final List<Pod> pods = new ArrayList<>();
  private final Map<String, Reply<StatusResponse>> members = new HashMap<>();
  private Optional<Lease> lease = Optional.empty();
  private Optional<StatefulSet> memberSet = Optional.empty();

  ClusterPlannerTest() {
    cluster.getMetadata().setNamespace("shop");
    cluster.getMetadata().setName("orders");
    cluster.getMetadata().setUid("uid");
    cluster.getMetadata().setGeneration(1L);
    cluster.getMetadata().setCreationTimestamp(NOW.toString());
    cluster.getMetadata().setAnnotations(new HashMap<>());
    cluster.setSpec(new StoreClusterSpec(3, null, null, null, null));
  }

  @Test
  void aNewClusterMayStartEmptyOnceAndNoPodComesBeforeThatIsWrittenDown() {
    List<ClusterAction> actions = plan();
    int permission = index(actions, ClusterAction.CreateLease.class);
    int record = index(actions, ClusterAction.RecordBootstrap.class);
    int set = -1;
    for (int i = 0; i < actions.size(); i++) {
      if (actions.get(i) instanceof ClusterAction.Apply(StatefulSet _, String _)) {
        set = i;
      }
    }
    assertTrue(permission >= 0 && permission < record && record < set, actions.toString());
    assertEquals("orders-0-0,orders-0-1,orders-0-2", bootstrap(actions));
  }

  @Test
  void aStopAfterAnyActionOfTheStartGivesThePermissionExactlyOnce() {
    int steps = plan().size();
    for (int stop = 0; stop <= steps; stop++) {
      var world = new ClusterPlannerTest();
      world.plan().subList(0, stop).forEach(world::carryOut);
      world.plan().forEach(world::carryOut);
      assertTrue(world.lease.isPresent(), "stopped after " + stop);
      assertEquals(
          "orders-0-0,orders-0-1,orders-0-2",
          world.lease.get().getMetadata().getAnnotations().get(Labels.BOOTSTRAP),
          "stopped after " + stop);
      assertTrue(world.memberSet.isPresent());
    }
  }

  @Test
  void aDeletedLeaseComesBackWithoutThePermission() {
    plan().forEach(this::carryOut);
    lease = Optional.empty();
    assertEquals("", bootstrap(plan()));
  }

  @Test
  void volumesOfAnEarlierClusterForbidStartingEmpty() {
    claims.add(claim("data-orders-0-0", "10Gi", NOW.minusSeconds(60)));
    assertEquals("", bootstrap(plan()));
    assertEquals("VolumesOfEarlierCluster", condition("Degraded").reason());
  }

  @Test
  void whatIsAsWantedIsLeftAlone() {
    plan().forEach(this::carryOut);
    assertEquals(List.of(), plan());
  }

  @Test
  void whatSomebodyChangedIsAppliedAgain() {
    plan().forEach(this::carryOut);
    memberSet.orElseThrow().getMetadata().setGeneration(2L);
    List<ClusterAction> actions = plan();
    assertTrue(
        actions.stream().anyMatch(action -> action.reason().contains("changed by somebody else")),
        actions.toString());
  }

  @Test
  void aLargerSizeGrowsTheClaimsAndLeavesTheTemplate() {
    plan().forEach(this::carryOut);
    claims.add(claim("data-orders-0-0", "10Gi", NOW));
    cluster.setSpec(
        new StoreClusterSpec(
            3, null, new StoreClusterSpec.Storage(new Quantity("20Gi"), null, null), null, null));
    List<ClusterAction> actions = plan();
    assertTrue(
        actions.contains(
            new ClusterAction.GrowVolume(
                "data-orders-0-0", new Quantity("20Gi"), "spec.storage.size grew from 10Gi")),
        actions.toString());
    assertFalse(actions.stream().anyMatch(action -> action instanceof ClusterAction.Apply));
  }

  @Test
  void aRefusedGrowthIsSaid() {
    claims.add(claim("data-orders-0-0", "10Gi", NOW));
    applied.refused("shop", "data-orders-0-0", "the class cannot expand volumes");
    assertEquals("VolumeGrowthRefused", condition("Degraded").reason());
  }

  @Test
  void readyMeansAPrimaryAndEveryMember() {
    plan().forEach(this::carryOut);
    memberSet =
        memberSet.map(
            set ->
                new StatefulSetBuilder(set)
                    .withNewStatus()
                    .withObservedGeneration(1L)
                    .withCurrentRevision("a")
                    .withUpdateRevision("a")
                    .endStatus()
                    .build());
    member(0, Role.ROLE_REPLICA, 7, true);
    member(1, Role.ROLE_PRIMARY, 7, true);
    member(2, Role.ROLE_REPLICA, 7, false);
    assertEquals("MembersNotReady", condition("Ready").reason());
    member(2, Role.ROLE_REPLICA, 7, true);
    assertEquals("Serving", condition("Ready").reason());
    StoreClusterStatus.Shard shard = shard();
    assertEquals("orders-0-1", shard.primary());
    assertEquals(7, shard.term());
    assertEquals(3, status().readyReplicas());
  }

  @Test
  void ofTwoThatCallThemselvesPrimaryTheHigherTermIs() {
    member(0, Role.ROLE_PRIMARY, 6, true);
    member(1, Role.ROLE_PRIMARY, 7, true);
    assertEquals("orders-0-1", shard().primary());
  }

  @Test
  void losingAMajorityIsDegradedOnlyAfterTheClusterServed() {
    assertEquals("AsExpected", condition("Degraded").reason());
    member(0, Role.ROLE_PRIMARY, 1, true);
    member(1, Role.ROLE_REPLICA, 1, true);
    cluster.setStatus(status());
    members.clear();
    pods.clear();
    assertEquals("NotServing", condition("Degraded").reason());
  }

  private void member(int ordinal, Role role, long term, boolean ready) {
    String name = NAMES.member(ordinal);
    pods.removeIf(pod -> pod.getMetadata().getName().equals(name));
    pods.add(
        new PodBuilder()
            .withNewMetadata()
            .withName(name)
            .endMetadata()
            .withNewStatus()
            .withPhase("Running")
            .addNewCondition()
            .withType("Ready")
            .withStatus(ready ? "True" : "False")
            .endCondition()
            .endStatus()
            .build());
    members.put(
        name,
        new Reply.Answer<>(
            StatusResponse.newBuilder().setMember(name).setRole(role).setTerm(term).build()));
  }

  private void carryOut(ClusterAction action) {
    switch (action) {
      case ClusterAction.Apply(HasMetadata object, String _) -> {
        if (object instanceof StatefulSet set) {
          memberSet =
              Optional.of(
                  new StatefulSetBuilder(set)
                      .editMetadata()
                      .withGeneration(1L)
                      .endMetadata()
                      .build());
          applied.applied(object, memberSet.get());
        } else {
          objects.put(object.getKind() + object.getMetadata().getName(), object);
          applied.applied(object, object);
        }
      }
      case ClusterAction.CreateLease(Lease made, String _) -> lease = Optional.of(made);
      case ClusterAction.RecordBootstrap(String uid, String _) ->
          cluster.getMetadata().getAnnotations().put(Labels.BOOTSTRAPPED, uid);
      case ClusterAction.GrowVolume _ -> {}
      case ClusterAction.WriteStatus(StoreClusterStatus status, String _) ->
          cluster.setStatus(status);
    }
  }

  private List<ClusterAction> plan() {
    return planner.plan(seen()).actions();
  }

  private ClusterObservation seen() {
    return new ClusterObservation(
        cluster,
        ClusterRules.of(cluster, "example/varve-node:1"),
        NAMES,
        NOW,
        memberSet,
        lease,
        List.copyOf(objects.values()),
        List.copyOf(pods),
        List.copyOf(claims),
        Map.copyOf(members),
        applied);
  }

  private StoreClusterStatus status() {
    return new ClusterStatusBuilder().build(seen());
  }

  private StoreClusterStatus.Shard shard() {
    return Objects.requireNonNull(status().shards()).getFirst();
  }

  private Condition condition(String type) {
    return Conditions.find(status().conditions(), type).orElseThrow();
  }

  private static String bootstrap(List<ClusterAction> actions) {
    return actions.stream()
        .filter(ClusterAction.CreateLease.class::isInstance)
        .map(ClusterAction.CreateLease.class::cast)
        .map(create -> create.lease().getMetadata().getAnnotations())
        .map(annotations -> annotations.getOrDefault(Labels.BOOTSTRAP, ""))
        .findFirst()
        .orElseThrow();
  }

  private static int index(List<ClusterAction> actions, Class<? extends ClusterAction> type) {
    for (int i = 0; i < actions.size(); i++) {
      if (type.isInstance(actions.get(i))) {
        return i;
      }
    }
    return -1;
  }

  private static PersistentVolumeClaim claim(String name, String size, Instant created) {
    return new PersistentVolumeClaimBuilder()
        .withNewMetadata()
        .withName(name)
        .withCreationTimestamp(created.toString())
        .endMetadata()
        .withNewSpec()
        .withNewResources()
        .addToRequests("storage", new Quantity(size))
        .endResources()
        .endSpec()
        .build();
  }
}
