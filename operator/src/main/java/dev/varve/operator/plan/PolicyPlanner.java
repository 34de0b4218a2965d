package dev.varve.operator.plan;

import dev.varve.crds.CompactionPolicyStatus;
import dev.varve.crds.CompactionPolicyStatus.ActiveRun;
import dev.varve.crds.CompactionPolicyStatus.Counts;
import dev.varve.crds.CompactionPolicyStatus.Decision;
import dev.varve.crds.CompactionPolicyStatus.Event;
import dev.varve.crds.CompactionPolicyStatus.Result;
import dev.varve.crds.CompactionPolicyStatus.Target;
import dev.varve.crds.CompactionPolicyStatus.Totals;
import dev.varve.operator.observe.JobSeen;
import dev.varve.operator.observe.PolicyObservation;
import dev.varve.operator.schedule.Due;
import dev.varve.operator.schedule.Ticks;
import dev.varve.operator.schedule.Trigger;
import dev.varve.operator.status.Conditions;
import dev.varve.protocol.v1.CompactionEvent;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Decides what a CompactionPolicy does now. A pure function of the observation.
 *
 * <p>The order of actions makes a stop after any of them harmless: runs are started under names
 * that the trigger alone determines, so starting them again changes nothing; only then the status
 * says that the trigger was served; and only when the status holds a result is its Job marked, and
 * only a marked Job is ever deleted.
 */
public final class PolicyPlanner {

  private static final int MOST_TARGETS = 100;
  private static final Duration WHILE_ACTIVE = Duration.ofSeconds(10);
  private static final Duration SOON = Duration.ofSeconds(1);

  /** The actions that {@code seen} calls for. */
  public PolicyPlan plan(PolicyObservation seen) {
    CompactionPolicyStatus before = seen.policy().getStatus();
    Due due = seen.due();
    // One trigger at a time: a run-now value first, because somebody waits for it.
    Optional<Trigger> trigger =
        due.runNow().map(Trigger.class::cast).or(() -> due.tick().map(Trigger.class::cast));
    ResultBatch batch = ResultBatch.of(seen);
    var targets = new TargetPlanner(seen, trigger, batch.byRun());
    boolean waits =
        targets.targets().stream().anyMatch(target -> target.decision() == Decision.Due);

    var actions = new ArrayList<PolicyAction>();
    for (String job : batch.alreadyInStatus()) {
      actions.add(new PolicyAction.MarkRecorded(job, "its result is in the status"));
    }
    actions.addAll(targets.starts());
    actions.addAll(targets.notices());
    missed(due, trigger).ifPresent(actions::add);
    actions.addAll(batch.notices(seen));

    CompactionPolicyStatus status = status(seen, before, trigger, waits, batch, targets);
    if (!status.equals(before)) {
      actions.add(
          new PolicyAction.WriteStatus(
              status, batch.events(), trigger.map(Trigger::key).orElse("the state changed")));
    }
    for (String job : batch.jobs()) {
      actions.add(new PolicyAction.MarkRecorded(job, "its result is in the status"));
    }
    actions.addAll(Pruning.of(seen));
    return new PolicyPlan(List.copyOf(actions), wakeAt(seen, trigger, waits, batch, status));
  }

  private static Optional<PolicyAction> missed(Due due, Optional<Trigger> trigger) {
    if (due.missed() == 0 || !(trigger.orElse(null) instanceof Trigger.Tick(Instant tick))) {
      return Optional.empty();
    }
    String number = due.missed() < Due.MOST_COUNTED ? "" + due.missed() : due.missed() + " or more";
    String text =
        number
            + (due.missed() == 1 ? " tick" : " ticks")
            + " after "
            + Conditions.time(due.handled())
            + " went by while the policy was suspended or the operator away; only the latest, "
            + Conditions.time(tick)
            + ", is acted on";
    return Optional.of(
        new PolicyAction.Tell(
            new Notice(
                Notice.Reason.MissedSchedule, Optional.empty(), "Schedule", text, tick.toString()),
            text));
  }

  private static CompactionPolicyStatus status(
      PolicyObservation seen,
      @Nullable CompactionPolicyStatus before,
      Optional<Trigger> trigger,
      boolean waits,
      ResultBatch batch,
      TargetPlanner planned) {
    List<Target> targets = planned.targets();
    Optional<Instant> next = ticks(seen).flatMap(schedule -> schedule.firstAfter(seen.now()));
    List<ActiveRun> active =
        Stream.concat(
                seen.jobs().stream()
                    .filter(JobSeen::active)
                    .map(
                        job ->
                            new ActiveRun(job.name(), job.cluster(), job.shard(), progress(job))),
                planned.started().stream()
                    .map(run -> new ActiveRun(run.job(), run.cluster(), run.shard(), null)))
            .sorted(Comparator.comparing(ActiveRun::job))
            .toList();
    return new CompactionPolicyStatus(
        seen.policy().getMetadata().getGeneration(),
        PolicyConditions.of(seen, targets, next),
        lastScheduleTime(seen, before, trigger),
        lastSuccess(before, batch),
        next.map(Instant::toString).orElse(null),
        trigger.orElse(null) instanceof Trigger.RunNow(String value) && !waits
            ? value
            : before == null ? null : before.lastRunNow(),
        new Counts(
            targets.size(),
            active.size(),
            count(targets, Decision.Due),
            count(targets, Decision.Skipped)),
        active,
        targets.stream().limit(MOST_TARGETS).toList(),
        Stream.concat(batch.events().stream(), events(before).stream())
            .limit(seen.rules().events())
            .toList(),
        totals(before, batch));
  }

  private static @Nullable String lastScheduleTime(
      PolicyObservation seen, @Nullable CompactionPolicyStatus before, Optional<Trigger> trigger) {
    if (trigger.orElse(null) instanceof Trigger.Tick(Instant time)) {
      return time.toString();
    }
    // Jobs of a later tick than the status knows: written down, or it could run once more.
    Instant handled = seen.due().handled();
    boolean nothingYet = before == null || before.lastScheduleTime() == null;
    return nothingYet && handled.equals(seen.rules().created()) ? null : handled.toString();
  }

  private static @Nullable String lastSuccess(
      @Nullable CompactionPolicyStatus before, ResultBatch batch) {
    return batch.events().stream()
        .filter(event -> event.type() == Result.Completed)
        .map(Event::time)
        .max(Comparator.comparing(Instant::parse))
        .orElse(before == null ? null : before.lastSuccessTime());
  }

  private static Totals totals(@Nullable CompactionPolicyStatus before, ResultBatch batch) {
    Totals so =
        before == null || before.totals() == null ? new Totals(0L, 0L, 0L) : before.totals();
    long failures =
        batch.byRun().values().stream()
            .filter(results -> results.stream().anyMatch(e -> e.type() == Result.Failed))
            .count();
    long saved =
        batch.byRun().values().stream()
            .flatMap(List::stream)
            .filter(event -> event.type() == Result.Completed)
            .mapToLong(event -> Objects.requireNonNullElse(event.spaceSaved(), 0L))
            .sum();
    return new Totals(
        so.runs() + batch.byRun().size(), so.failures() + failures, so.spaceSaved() + saved);
  }

  private static List<Event> events(@Nullable CompactionPolicyStatus before) {
    return before == null || before.events() == null ? List.of() : before.events();
  }

  private static int count(List<Target> targets, Decision decision) {
    return (int) targets.stream().filter(target -> target.decision() == decision).count();
  }

  /** In steps of ten, so that the status does not change with every look. */
  private static @Nullable Integer progress(JobSeen job) {
    return job.told().stream()
        .filter(event -> event.getType() == CompactionEvent.Type.PROGRESS)
        .reduce((_, later) -> later)
        .map(event -> ((int) (event.getProgress() * 10)) * 10)
        .orElse(null);
  }

  private static Optional<Ticks> ticks(PolicyObservation seen) {
    return seen.rules().suspended() ? Optional.empty() : seen.rules().schedule().readable();
  }

  private static Optional<Instant> wakeAt(
      PolicyObservation seen,
      Optional<Trigger> trigger,
      boolean waits,
      ResultBatch batch,
      CompactionPolicyStatus status) {
    boolean moreTriggers =
        trigger.orElse(null) instanceof Trigger.RunNow && seen.due().tick().isPresent();
    if (moreTriggers || batch.more()) {
      return Optional.of(seen.now().plus(SOON));
    }
    boolean runs = status.active() != null && !status.active().isEmpty();
    Optional<Instant> look =
        runs || waits ? Optional.of(seen.now().plus(WHILE_ACTIVE)) : Optional.empty();
    return Stream.concat(look.stream(), ticks(seen).flatMap(t -> t.firstAfter(seen.now())).stream())
        .min(Instant::compareTo);
  }
}
