package dev.varve.operator.plan;

import dev.varve.crds.StoreClusterStatus;
import dev.varve.crds.StoreClusterStatus.Member;
import dev.varve.crds.StoreClusterStatus.Role;
import dev.varve.crds.StoreClusterStatus.Shard;
import dev.varve.operator.member.Reply;
import dev.varve.operator.observe.ClusterObservation;
import dev.varve.operator.resource.Labels;
import dev.varve.operator.resource.ShardLease;
import dev.varve.operator.resource.ShardNames;
import dev.varve.operator.status.Conditions;
import dev.varve.protocol.v1.StatusResponse;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.apps.StatefulSetStatus;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Says in a StoreCluster's status what an observation means. Pure. */
public final class ClusterStatusBuilder {

  /** The status that {@code seen} gives; equal observations give equal statuses. */
  public StoreClusterStatus build(ClusterObservation seen) {
    int wanted = seen.rules().replicas();
    Map<String, Pod> pods =
        seen.pods().stream()
            .collect(Collectors.toMap(pod -> pod.getMetadata().getName(), pod -> pod));
    Optional<StatusResponse> primary = primary(seen, pods);
    var members = new ArrayList<Member>();
    for (String name : seen.names().members(wanted)) {
      members.add(new Member(name, role(seen.members().get(name)), ready(pods.get(name))));
    }
    int ready = (int) members.stream().filter(Member::ready).count();
    StoreClusterStatus before = seen.cluster().getStatus();
    Optional<Long> term =
        primary.map(StatusResponse::getTerm).or(() -> seen.lease().flatMap(ShardLease::term));
    var shard =
        new Shard(
            seen.names().id(),
            primary.map(StatusResponse::getMember).orElse(null),
            term.orElse(null),
            List.copyOf(members));
    return new StoreClusterStatus(
        seen.cluster().getMetadata().getGeneration(),
        conditions(seen, before, primary, ready),
        pods.size(),
        ready,
        Labels.CLUSTER + "=" + seen.names().cluster(),
        List.of(shard));
  }

  /** Whether nothing is under way that needs a look soon. */
  public boolean settled(StoreClusterStatus status) {
    return Conditions.holds(status.conditions(), "Ready")
        && !Conditions.holds(status.conditions(), "Progressing");
  }

  private static List<dev.varve.crds.Condition> conditions(
      ClusterObservation seen,
      @Nullable StoreClusterStatus before,
      Optional<StatusResponse> primary,
      int ready) {
    int wanted = seen.rules().replicas();
    boolean rolling = rolling(seen);
    boolean serves = primary.isPresent() && ready > wanted / 2;
    boolean complete = primary.isPresent() && ready == wanted;
    boolean servedBefore =
        before != null
            && before.shards() != null
            && before.shards().stream().anyMatch(s -> s.term() != null);
    String counts = ready + " of " + wanted + " members are ready";
    var conditions =
        new Conditions(
            before == null ? null : before.conditions(),
            Objects.requireNonNullElse(seen.cluster().getMetadata().getGeneration(), 0L),
            seen.now());
    if (complete && !rolling) {
      conditions.put(
          "Ready",
          true,
          "Serving",
          counts + "; " + name(primary) + " is primary; traffic is plain text");
    } else {
      conditions.put(
          "Ready",
          false,
          primary.isEmpty() ? "NoPrimary" : rolling ? "RollingOut" : "MembersNotReady",
          counts + (primary.isEmpty() ? "; no member is primary" : ""));
    }
    if (rolling) {
      conditions.put("Progressing", true, "RollingOut", "members are being brought up to date");
    } else if (!complete) {
      conditions.put("Progressing", true, servedBefore ? "Recovering" : "Starting", counts);
    } else {
      conditions.put("Progressing", false, "Settled", "nothing is under way");
    }
    degraded(seen, conditions, serves, servedBefore, counts);
    return conditions.list();
  }

  private static void degraded(
      ClusterObservation seen,
      Conditions conditions,
      boolean serves,
      boolean servedBefore,
      String counts) {
    Optional<String> refusal =
        seen.claims().stream()
            .map(claim -> claim.getMetadata().getName())
            .flatMap(claim -> seen.applied().refusal(seen.names().namespace(), claim).stream())
            .findFirst();
    if (servedBefore && !serves) {
      conditions.put(
          "Degraded", true, "NotServing", counts + ": writes need a primary and a majority");
    } else if (refusal.isPresent()) {
      conditions.put("Degraded", true, "VolumeGrowthRefused", refusal.get());
    } else if (!servedBefore && !serves && olderVolumes(seen)) {
      conditions.put(
          "Degraded",
          true,
          "VolumesOfEarlierCluster",
          "volume claims "
              + ShardNames.claim(seen.names().shard() + "-*")
              + " are older than this StoreCluster, so its members continue from what is on them"
              + " and do not start empty; delete the claims if that data is not wanted");
    } else {
      conditions.put("Degraded", false, "AsExpected", "nothing needs attention");
    }
  }

  private static boolean olderVolumes(ClusterObservation seen) {
    String created = seen.cluster().getMetadata().getCreationTimestamp();
    return created != null
        && seen.claims().stream()
            .map(claim -> claim.getMetadata().getCreationTimestamp())
            .anyMatch(claimed -> claimed != null && claimed.compareTo(created) < 0);
  }

  private static boolean rolling(ClusterObservation seen) {
    if (seen.memberSet().isEmpty()) {
      return true;
    }
    StatefulSetStatus status = seen.memberSet().get().getStatus();
    Long generation = seen.memberSet().get().getMetadata().getGeneration();
    if (status == null || !Objects.equals(status.getObservedGeneration(), generation)) {
      return true;
    }
    return !Objects.equals(status.getCurrentRevision(), status.getUpdateRevision());
  }

  /** The member that says it is primary, at the highest term if two say so, with a ready pod. */
  private static Optional<StatusResponse> primary(ClusterObservation seen, Map<String, Pod> pods) {
    return seen.members().entrySet().stream()
        .filter(member -> ready(pods.get(member.getKey())))
        .map(Map.Entry::getValue)
        .mapMulti(
            (Reply<StatusResponse> reply,
                java.util.function.Consumer<StatusResponse> primaries) -> {
              if (reply instanceof Reply.Answer<StatusResponse>(StatusResponse status)
                  && status.getRole() == dev.varve.protocol.v1.Role.ROLE_PRIMARY) {
                primaries.accept(status);
              }
            })
        .max(Comparator.comparingLong(StatusResponse::getTerm));
  }

  private static String name(Optional<StatusResponse> primary) {
    return primary.map(StatusResponse::getMember).orElse("nobody");
  }

  private static Role role(@Nullable Reply<StatusResponse> reply) {
    if (reply instanceof Reply.Answer<StatusResponse>(StatusResponse status)) {
      return switch (status.getRole()) {
        case ROLE_PRIMARY -> Role.Primary;
        case ROLE_REPLICA -> Role.Replica;
        case ROLE_CANDIDATE -> Role.Candidate;
        case ROLE_UNSPECIFIED, UNRECOGNIZED -> Role.Unknown;
      };
    }
    return Role.Unknown;
  }

  private static boolean ready(@Nullable Pod pod) {
    return pod != null
        && pod.getMetadata().getDeletionTimestamp() == null
        && pod.getStatus() != null
        && pod.getStatus().getConditions() != null
        && pod.getStatus().getConditions().stream()
            .anyMatch(c -> "Ready".equals(c.getType()) && "True".equals(c.getStatus()));
  }
}
