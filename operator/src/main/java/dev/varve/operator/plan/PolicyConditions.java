package dev.varve.operator.plan;

import dev.varve.crds.CompactionPolicyStatus;
import dev.varve.crds.CompactionPolicyStatus.Decision;
import dev.varve.crds.CompactionPolicyStatus.Target;
import dev.varve.crds.Condition;
import dev.varve.operator.observe.PolicyObservation;
import dev.varve.operator.observe.PolicyRules.Schedule;
import dev.varve.operator.status.Conditions;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * A policy's conditions. Ready is False when the policy cannot have any effect: it selects no
 * cluster or never fires. A suspended policy is Ready: it does what it was told.
 */
final class PolicyConditions {

  private PolicyConditions() {}

  static List<Condition> of(PolicyObservation seen, List<Target> targets, Optional<Instant> next) {
    CompactionPolicyStatus before = seen.policy().getStatus();
    var conditions =
        new Conditions(
            before == null ? null : before.conditions(),
            Objects.requireNonNullElse(seen.policy().getMetadata().getGeneration(), 0L),
            seen.now());
    boolean suspended = seen.rules().suspended();
    switch (seen.rules().schedule()) {
      case Schedule.Unreadable(String message) -> {
        conditions.put("Ready", false, "InvalidSchedule", message);
        conditions.put("Scheduled", false, "InvalidSchedule", message);
      }
      case Schedule.At(var _, String text) -> {
        boolean fires = next.isPresent() || suspended;
        if (seen.targets().isEmpty()) {
          conditions.put(
              "Ready",
              false,
              "NoClustersSelected",
              "spec.clusterSelector selects no StoreCluster of namespace "
                  + seen.policy().getMetadata().getNamespace());
        } else if (!fires) {
          conditions.put(
              "Ready", false, "NeverFires", "the schedule " + text + " has no next time");
        } else if (suspended) {
          conditions.put("Ready", true, "Suspended", "spec.suspend is true");
        } else {
          conditions.put(
              "Ready", true, "InEffect", "watches " + count(seen.targets().size(), "primary"));
        }
        if (suspended) {
          conditions.put("Scheduled", false, "Suspended", "spec.suspend is true");
        } else if (fires) {
          conditions.put("Scheduled", true, "Scheduled", "looks " + text);
        } else {
          conditions.put(
              "Scheduled", false, "NeverFires", "the schedule " + text + " has no next time");
        }
      }
    }
    degraded(targets, conditions);
    return conditions.list();
  }

  private static void degraded(List<Target> targets, Conditions conditions) {
    List<Target> unknown =
        targets.stream().filter(target -> target.reason().equals("UnknownKeyspace")).toList();
    List<Target> failed =
        targets.stream().filter(target -> target.decision() == Decision.Failed).toList();
    List<Target> silent =
        targets.stream()
            .filter(t -> t.reason().equals("Unreachable") || t.reason().equals("NoPrimary"))
            .toList();
    if (!unknown.isEmpty()) {
      conditions.put("Degraded", true, "UnknownKeyspace", first(unknown));
    } else if (!failed.isEmpty()) {
      conditions.put("Degraded", true, "RunFailed", first(failed));
    } else if (!silent.isEmpty()) {
      conditions.put("Degraded", true, silent.getFirst().reason(), first(silent));
    } else {
      conditions.put("Degraded", false, "AsExpected", "nothing needs attention");
    }
  }

  private static String first(List<Target> targets) {
    Target first = targets.getFirst();
    String more = targets.size() == 1 ? "" : " (and " + (targets.size() - 1) + " more)";
    return first.cluster() + " shard " + first.shard() + ": " + first.message() + more;
  }

  private static String count(int number, String what) {
    return number + " " + (number == 1 ? what : "primaries");
  }
}
