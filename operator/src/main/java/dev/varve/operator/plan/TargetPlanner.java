package dev.varve.operator.plan;

import dev.varve.crds.CompactionPolicyStatus;
import dev.varve.crds.CompactionPolicyStatus.Decision;
import dev.varve.crds.CompactionPolicyStatus.Event;
import dev.varve.crds.CompactionPolicyStatus.Result;
import dev.varve.crds.CompactionPolicyStatus.Target;
import dev.varve.operator.observe.JobSeen;
import dev.varve.operator.observe.PolicyObservation;
import dev.varve.operator.observe.TargetSeen;
import dev.varve.operator.resource.CompactionJob;
import dev.varve.operator.schedule.RunName;
import dev.varve.operator.schedule.Ticks;
import dev.varve.operator.schedule.Trigger;
import dev.varve.operator.status.Conditions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Decides for each target of a policy, one after the other, whether a run starts, and says why or
 * why not. Runs that it starts count at once towards concurrency.perCluster.
 */
final class TargetPlanner {

  /** Reasons of every day, of which no Event is told and which come last in the status. */
  private static final Set<String> USUAL =
      Set.of(
          "BelowThreshold",
          "FileTooSmall",
          "NothingToReclaim",
          "MinInterval",
          "NotDue",
          "Suspended");

  private static final Set<String> UNTOLD = Set.of("NotDue", "Suspended");
  private static final int RETRIES_NONE = 0;

  private final PolicyObservation seen;
  private final Optional<Trigger> trigger;
  private final Map<String, List<Event>> newResults;
  private final TriggerCheck check;
  private final @Nullable CompactionPolicyStatus before;
  private final Map<String, Integer> underWay = new HashMap<>();

  private final List<PolicyAction> starts = new ArrayList<>();
  private final List<PolicyAction> notices = new ArrayList<>();
  private final List<Started> started = new ArrayList<>();
  private final List<Target> targets = new ArrayList<>();

  /** A run that this plan starts. */
  record Started(String job, String cluster, int shard) {}

  /**
   * Decides everything.
   *
   * @param newResults results that come into the status with this plan, by run
   */
  TargetPlanner(
      PolicyObservation seen, Optional<Trigger> trigger, Map<String, List<Event>> newResults) {
    this.seen = seen;
    this.trigger = trigger;
    this.newResults = newResults;
    this.before = seen.policy().getStatus();
    this.check = new TriggerCheck(seen.rules(), before, seen.now());
    Stream.concat(seen.jobs().stream(), seen.activeElsewhere().stream())
        .filter(JobSeen::active)
        .forEach(job -> underWay.merge(job.cluster(), 1, Integer::sum));
    seen.targets().forEach(this::decide);
  }

  List<PolicyAction> starts() {
    return starts;
  }

  List<PolicyAction> notices() {
    return notices;
  }

  List<Started> started() {
    return started;
  }

  /** All targets, those that were not skipped for a usual reason first. */
  List<Target> targets() {
    return targets.stream()
        .sorted(java.util.Comparator.comparing(target -> USUAL.contains(target.reason())))
        .toList();
  }

  private void decide(TargetSeen target) {
    Optional<Target> last = last(target);
    Target decided = decision(target, last);
    targets.add(decided);
    boolean news =
        decided.decision() == Decision.Skipped
            && !UNTOLD.contains(decided.reason())
            && last.filter(
                    l -> l.decision() == Decision.Skipped && l.reason().equals(decided.reason()))
                .isEmpty();
    if (news) {
      tell(
          target,
          Notice.Reason.CompactionSkipped,
          "Skip",
          decided.cluster()
              + " shard "
              + decided.shard()
              + ": "
              + decided.reason()
              + ": "
              + decided.message(),
          decided.reason() + trigger.map(Trigger::key).orElse(""));
    }
  }

  private Target decision(TargetSeen target, Optional<Target> last) {
    List<JobSeen> jobs =
        seen.jobs().stream()
            .filter(
                job ->
                    job.cluster().equals(target.names().cluster())
                        && job.shard() == target.names().id())
            .toList();
    Optional<JobSeen> active = jobs.stream().filter(JobSeen::active).findFirst();
    if (active.isPresent()) {
      String run = active.get().name();
      Optional<Target> same =
          last.filter(l -> l.decision() == Decision.Running && l.message().contains(run));
      if (same.isPresent()) {
        return same.get();
      }
      return target(
          target,
          active.get().primary(),
          Decision.Running,
          "Running",
          "run " + run + " is under way",
          Optional.empty());
    }
    Optional<Target> ended = ended(target, jobs);
    if (trigger.isPresent()) {
      String name = runName(target, trigger.get());
      boolean served = jobs.stream().anyMatch(job -> job.name().equals(name));
      if (served) {
        return ended.or(() -> last).orElseGet(() -> waiting(target));
      }
      return judged(target, name);
    }
    Optional<Verdict.Skip> misfit = check.misfit(target);
    if (ended.isPresent()) {
      return ended.get();
    }
    if (misfit.isPresent()) {
      return skipped(target, misfit.get());
    }
    if (seen.rules().suspended()) {
      return target(
          target,
          Optional.empty(),
          Decision.Skipped,
          "Suspended",
          "spec.suspend is true",
          Optional.empty());
    }
    // What no longer holds although nothing was due since: the suspension and the misfit are over.
    return last.filter(
            l ->
                !Set.of("Suspended", "UnknownKeyspace", "NotDue", "Disabled", "Running")
                    .contains(l.reason()))
        .orElseGet(() -> waiting(target));
  }

  private Target judged(TargetSeen target, String name) {
    Optional<Verdict.Skip> misfit = check.misfit(target);
    String cluster = target.names().cluster();
    Verdict verdict =
        misfit.isPresent() ? misfit.get() : check.judge(target, underWay.getOrDefault(cluster, 0));
    return switch (verdict) {
      case Verdict.Skip skip
          when skip.reason().equals("Busy") && trigger.orElseThrow() instanceof Trigger.RunNow ->
          target(target, skip.primary(), Decision.Due, "Busy", skip.message(), Optional.empty());
      case Verdict.Skip skip -> skipped(target, skip);
      case Verdict.Start start -> start(target, name, start);
    };
  }

  private Target start(TargetSeen target, String name, Verdict.Start start) {
    String cluster = target.names().cluster();
    underWay.merge(cluster, 1, Integer::sum);
    var rules = seen.rules();
    starts.add(
        new PolicyAction.StartRun(
            new CompactionJob.Run(
                name,
                target.names(),
                target.image(),
                start.primary(),
                start.term(),
                trigger.orElseThrow(),
                start.keyspaces(),
                rules.trigger().minDeadRatio(),
                rules.trigger().minTotalBytes(),
                rules.trigger().minSpaceSaving(),
                rules.timeout(),
                rules.jobResources()),
            start.why()));
    started.add(new Started(name, cluster, target.names().id()));
    tell(
        target,
        Notice.Reason.CompactionStarted,
        "Compact",
        "run " + name + " on " + start.primary() + " at term " + start.term() + ": " + start.why(),
        name);
    return target(
        target,
        Optional.of(start.primary()),
        Decision.Running,
        "Running",
        "run " + name + " was started: " + start.why(),
        Optional.empty());
  }

  /** What the newest result says, if one comes into the status with this plan. */
  private Optional<Target> ended(TargetSeen target, List<JobSeen> jobs) {
    return jobs.stream()
        .filter(job -> newResults.containsKey(job.name()))
        .reduce((_, later) -> later)
        .map(
            job -> {
              List<Event> results = newResults.getOrDefault(job.name(), List.of());
              Event worst =
                  find(results, Result.Failed)
                      .or(() -> find(results, Result.Completed))
                      .orElseGet(results::getFirst);
              Decision decision =
                  switch (worst.type()) {
                    case Failed -> Decision.Failed;
                    case Completed -> Decision.Completed;
                    case Skipped -> Decision.Skipped;
                  };
              String message =
                  results.stream()
                      .map(
                          event ->
                              event.keyspace() == null
                                  ? event.message()
                                  : event.keyspace() + ": " + event.message())
                      .collect(Collectors.joining("; "));
              return target(target, job.primary(), decision, worst.reason(), message, next());
            });
  }

  private static Optional<Event> find(List<Event> events, Result type) {
    return events.stream().filter(event -> event.type() == type).findFirst();
  }

  private Optional<Target> last(TargetSeen target) {
    return before == null || before.targets() == null
        ? Optional.empty()
        : before.targets().stream()
            .filter(
                t ->
                    t.cluster().equals(target.names().cluster())
                        && t.shard() == target.names().id())
            .findFirst();
  }

  private Target waiting(TargetSeen target) {
    return target(
        target, Optional.empty(), Decision.Waiting, "NotDue", "waits for the next tick", next());
  }

  private Target skipped(TargetSeen target, Verdict.Skip skip) {
    Optional<Instant> eligible =
        skip.notBefore().isPresent()
            ? ticks().flatMap(t -> t.firstAfter(skip.notBefore().get().minusNanos(1)))
            : next();
    return target(
        target, skip.primary(), Decision.Skipped, skip.reason(), skip.message(), eligible);
  }

  private Optional<Instant> next() {
    return ticks().flatMap(ticks -> ticks.firstAfter(seen.now()));
  }

  private Optional<Ticks> ticks() {
    return seen.rules().suspended() ? Optional.empty() : seen.rules().schedule().readable();
  }

  private String runName(TargetSeen target, Trigger at) {
    return RunName.of(
        seen.policy().getMetadata().getName(),
        seen.policy().getMetadata().getUid(),
        target.names().cluster(),
        target.clusterUid(),
        target.names().id(),
        at,
        RETRIES_NONE);
  }

  private void tell(
      TargetSeen target, Notice.Reason reason, String action, String text, String key) {
    notices.add(
        new PolicyAction.Tell(
            new Notice(
                reason,
                Optional.of(new Notice.Cluster(target.names().cluster(), target.clusterUid())),
                action,
                text,
                key),
            text));
  }

  private static Target target(
      TargetSeen target,
      Optional<String> primary,
      Decision decision,
      String reason,
      String message,
      Optional<Instant> eligible) {
    return new Target(
        target.names().cluster(),
        target.names().id(),
        primary.orElse(null),
        decision,
        reason,
        message,
        eligible.map(Conditions::time).orElse(null));
  }
}
