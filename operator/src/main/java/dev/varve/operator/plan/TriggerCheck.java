package dev.varve.operator.plan;

import dev.varve.crds.CompactionPolicyStatus;
import dev.varve.crds.CompactionPolicyStatus.Event;
import dev.varve.crds.CompactionPolicyStatus.Result;
import dev.varve.operator.observe.PolicyRules;
import dev.varve.operator.observe.TargetSeen;
import dev.varve.operator.schedule.Durations;
import dev.varve.operator.status.Sizes;
import dev.varve.protocol.v1.KeyspaceStatus;
import dev.varve.protocol.v1.PlanResponse;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Whether a policy's trigger holds on a primary, and which part of it does not. Pure. */
final class TriggerCheck {

  /** Of several keyspaces' reasons the first of these is the target's. */
  private static final List<String> PRECEDENCE =
      List.of("Busy", "DiskFull", "LowYield", "BelowThreshold", "NothingToReclaim", "FileTooSmall");

  private final PolicyRules rules;
  private final @Nullable CompactionPolicyStatus before;
  private final Instant now;

  TriggerCheck(PolicyRules rules, @Nullable CompactionPolicyStatus before, Instant now) {
    this.rules = rules;
    this.before = before;
    this.now = now;
  }

  /** What can be said without asking the primary: the policy fits the cluster or does not. */
  Optional<Verdict.Skip> misfit(TargetSeen target) {
    List<String> unknown =
        rules.keyspaces().stream()
            .flatMap(named -> named.keySet().stream())
            .filter(name -> !target.keyspaces().contains(name))
            .toList();
    if (!unknown.isEmpty()) {
      return Optional.of(
          skip(
              Optional.empty(),
              "UnknownKeyspace",
              "cluster "
                  + target.names().cluster()
                  + " has no keyspace "
                  + String.join(", ", unknown)
                  + "; it has "
                  + String.join(", ", target.keyspaces())));
    }
    return rules.rewritten(target.keyspaces()).isEmpty()
        ? Optional.of(skip(Optional.empty(), "Disabled", "every keyspace named has strategy None"))
        : Optional.empty();
  }

  /** Whether {@code target} shall be compacted, given how many runs its cluster has under way. */
  Verdict judge(TargetSeen target, int underWay) {
    if (underWay >= rules.perCluster()) {
      return skip(
          Optional.empty(),
          "Busy",
          underWay
              + (underWay == 1 ? " run is" : " runs are")
              + " under way on the cluster; concurrency.perCluster is "
              + rules.perCluster());
    }
    return switch (target.primary()) {
      case TargetSeen.Primary.NotAsked _ ->
          skip(Optional.empty(), "NotDue", "the primary was not asked");
      case TargetSeen.Primary.None(String message) -> skip(Optional.empty(), "NoPrimary", message);
      case TargetSeen.Primary.Silent(String pod, String message) ->
          skip(Optional.of(pod), "Unreachable", message);
      case TargetSeen.Primary.Answers answers -> judge(target, answers);
    };
  }

  private Verdict judge(TargetSeen target, TargetSeen.Primary.Answers answers) {
    Optional<String> pod = Optional.of(answers.pod());
    List<String> chosen = rules.rewritten(target.keyspaces());
    Optional<Verdict.Skip> tooSoon = tooSoon(target, answers, chosen);
    if (tooSoon.isPresent()) {
      return tooSoon.get();
    }
    if (answers.plans().isEmpty()) {
      return skip(pod, "Unreachable", String.join("; ", answers.refusals().values()));
    }
    var reasons = new ArrayList<String>();
    var messages = new ArrayList<String>();
    var holds = new ArrayList<String>();
    answers
        .plans()
        .forEach(
            (keyspace, plan) -> {
              if (plan.getWouldCompact()) {
                holds.add(keyspace + ": would free " + Sizes.format(plan.getExpectedSpaceSaved()));
              } else {
                reasons.add(plan.getReason().isEmpty() ? "NothingToReclaim" : plan.getReason());
                messages.add(keyspace + ": " + explain(keyspace, plan, answers));
              }
            });
    if (!holds.isEmpty()) {
      return new Verdict.Start(answers.pod(), answers.term(), chosen, String.join("; ", holds));
    }
    String reason =
        PRECEDENCE.stream().filter(reasons::contains).findFirst().orElse(reasons.getFirst());
    return skip(pod, reason, String.join("; ", messages));
  }

  private Optional<Verdict.Skip> tooSoon(
      TargetSeen target, TargetSeen.Primary.Answers answers, List<String> chosen) {
    Duration least = rules.trigger().minInterval();
    if (least.isZero()) {
      return Optional.empty();
    }
    Stream<Instant> remembered =
        before == null || before.events() == null
            ? Stream.empty()
            : before.events().stream()
                .filter(event -> succeededOn(event, target, answers.pod()))
                .map(event -> Instant.parse(event.time()));
    Stream<Instant> known =
        answers.status().getKeyspacesList().stream()
            .filter(keyspace -> chosen.contains(keyspace.getName()))
            .map(KeyspaceStatus::getLastCompactionMs)
            .filter(millis -> millis > 0)
            .map(Instant::ofEpochMilli);
    return Stream.concat(remembered, known)
        .max(Instant::compareTo)
        .filter(last -> last.plus(least).isAfter(now))
        .map(
            last ->
                new Verdict.Skip(
                    Optional.of(answers.pod()),
                    "MinInterval",
                    "last success "
                        + Durations.format(Duration.between(last, now))
                        + " ago; trigger.minInterval is "
                        + Durations.format(least),
                    Optional.of(last.plus(least))));
  }

  private static boolean succeededOn(Event event, TargetSeen target, String pod) {
    return event.type() == Result.Completed
        && event.cluster().equals(target.names().cluster())
        && event.shard() == target.names().id()
        && Objects.equals(event.primary(), pod);
  }

  private String explain(String keyspace, PlanResponse plan, TargetSeen.Primary.Answers answers) {
    Optional<KeyspaceStatus> figures =
        answers.status().getKeyspacesList().stream()
            .filter(status -> status.getName().equals(keyspace))
            .findFirst();
    return switch (plan.getReason()) {
      case "BelowThreshold" ->
          figures
              .map(
                  status ->
                      String.format(
                          Locale.ROOT,
                          "dead ratio %.2f < %.2f",
                          status.getDeadRatio(),
                          rules.trigger().minDeadRatio()))
              .orElse("its dead ratio is below trigger.minDeadRatio");
      case "LowYield" ->
          "a run would free too little: trigger.minSpaceSaving is "
              + rules.trigger().minSpaceSaving().toPlainString();
      case "FileTooSmall" ->
          figures.map(status -> Sizes.format(status.getTotalBytes())).orElse("its size")
              + " < "
              + Sizes.format(rules.trigger().minTotalBytes());
      case "NothingToReclaim", "" -> "nothing to reclaim";
      default -> plan.getReason();
    };
  }

  private static Verdict.Skip skip(Optional<String> primary, String reason, String message) {
    return new Verdict.Skip(primary, reason, message, Optional.empty());
  }
}
