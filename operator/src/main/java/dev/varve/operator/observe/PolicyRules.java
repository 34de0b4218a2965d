package dev.varve.operator.observe;

import dev.varve.crds.CompactionPolicy;
import dev.varve.crds.CompactionPolicySpec;
import dev.varve.crds.CompactionPolicySpec.Concurrency;
import dev.varve.crds.CompactionPolicySpec.History;
import dev.varve.crds.CompactionPolicySpec.JobTemplate;
import dev.varve.crds.CompactionPolicySpec.Strategy;
import dev.varve.crds.LabelSelector;
import dev.varve.crds.Resources;
import dev.varve.operator.resource.Labels;
import dev.varve.operator.schedule.CronTicks;
import dev.varve.operator.schedule.Durations;
import dev.varve.operator.schedule.IntervalTicks;
import dev.varve.operator.schedule.Ticks;
import io.fabric8.kubernetes.api.model.Quantity;
import java.math.BigDecimal;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A CompactionPolicy's spec, read: parsed, and with every default filled in.
 *
 * @param schedule the ticks, or why they cannot be computed
 * @param keyspaces the strategy of each keyspace named; empty when the policy names none
 * @param runNow the value of the run-now annotation
 */
public record PolicyRules(
    Instant created,
    LabelSelector selector,
    boolean suspended,
    Schedule schedule,
    Trigger trigger,
    Optional<Map<String, Strategy>> keyspaces,
    Duration timeout,
    int perCluster,
    int events,
    int successfulJobs,
    int failedJobs,
    Resources jobResources,
    @Nullable String runNow) {

  private static final Resources DEFAULT_JOB_RESOURCES =
      new Resources(null, Map.of("memory", new Quantity("256Mi")));

  /** When to look. */
  public sealed interface Schedule {
    /** At these moments; {@code text} is what the spec says. */
    record At(Ticks ticks, String text) implements Schedule {}

    /** Never, because the spec cannot be read. The schema should have refused it. */
    record Unreadable(String message) implements Schedule {}

    /** The ticks, if there are any. */
    default Optional<Ticks> readable() {
      return switch (this) {
        case At(Ticks ticks, String _) -> Optional.of(ticks);
        case Unreadable _ -> Optional.empty();
      };
    }
  }

  /** What must hold on a primary. Ratios are from 0 to 1. */
  public record Trigger(
      Duration minInterval,
      long minTotalBytes,
      BigDecimal minDeadRatio,
      BigDecimal minSpaceSaving) {}

  /**
   * Reads the spec of {@code policy}.
   *
   * @throws IllegalArgumentException when a field holds what the schema refuses
   */
  public static PolicyRules of(CompactionPolicy policy) {
    CompactionPolicySpec spec = policy.getSpec();
    Instant created = Instant.parse(policy.getMetadata().getCreationTimestamp());
    History history = orElse(spec.history(), new History(null, null, null));
    Map<String, String> annotations = policy.getMetadata().getAnnotations();
    return new PolicyRules(
        created,
        spec.clusterSelector(),
        orElse(spec.suspend(), false),
        schedule(spec, created),
        trigger(orElse(spec.trigger(), new CompactionPolicySpec.Trigger(null, null, null, null))),
        Optional.ofNullable(spec.keyspaces()).map(PolicyRules::strategies),
        Durations.parse(orElse(spec.timeout(), "3h")),
        orElse(orElse(spec.concurrency(), new Concurrency(null)).perCluster(), 1),
        orElse(history.events(), 20),
        orElse(history.successfulJobs(), 3),
        orElse(history.failedJobs(), 3),
        orElse(
            orElse(spec.jobTemplate(), new JobTemplate(null)).resources(), DEFAULT_JOB_RESOURCES),
        annotations == null ? null : annotations.get(Labels.RUN_NOW));
  }

  /**
   * Those of a cluster's keyspaces that the policy would have rewritten, in the cluster's order.
   */
  public List<String> rewritten(List<String> all) {
    return all.stream()
        .filter(name -> keyspaces.map(named -> named.get(name) == Strategy.Rewrite).orElse(true))
        .toList();
  }

  private static Schedule schedule(CompactionPolicySpec spec, Instant created) {
    try {
      if (spec.schedule() == null) {
        String interval = orElse(spec.interval(), "1h");
        return new Schedule.At(
            new IntervalTicks(created, Durations.parse(interval)), "every " + interval);
      }
      String zone = orElse(spec.timeZone(), "Etc/UTC");
      return new Schedule.At(
          CronTicks.parse(spec.schedule(), ZoneId.of(zone)),
          "\"" + spec.schedule() + "\" in " + zone);
    } catch (IllegalArgumentException | DateTimeException e) {
      return new Schedule.Unreadable(Objects.requireNonNullElse(e.getMessage(), e.toString()));
    }
  }

  private static Trigger trigger(CompactionPolicySpec.Trigger trigger) {
    return new Trigger(
        Durations.parse(orElse(trigger.minInterval(), "0s")),
        Quantity.getAmountInBytes(orElse(trigger.minTotalBytes(), new Quantity("10Mi")))
            .longValue(),
        new BigDecimal(orElse(trigger.minDeadRatio(), "0.3")),
        new BigDecimal(orElse(trigger.minSpaceSaving(), "0.1")));
  }

  private static Map<String, Strategy> strategies(List<CompactionPolicySpec.Keyspace> keyspaces) {
    var byName = new LinkedHashMap<String, Strategy>();
    for (CompactionPolicySpec.Keyspace keyspace : keyspaces) {
      byName.put(keyspace.name(), orElse(keyspace.strategy(), Strategy.Rewrite));
    }
    return byName;
  }

  private static <T> T orElse(@Nullable T value, T otherwise) {
    return value == null ? otherwise : value;
  }
}
