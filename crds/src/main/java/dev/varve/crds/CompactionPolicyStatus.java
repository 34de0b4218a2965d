package dev.varve.crds;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Required;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What the operator saw and did last. Times are RFC 3339 in UTC, bytes are whole numbers. */
@JsonInclude(JsonInclude.Include.NON_NULL)
@JsonIgnoreProperties(ignoreUnknown = true)
public record CompactionPolicyStatus(
    @JsonPropertyDescription("The metadata.generation that this status judges.")
        @Nullable Long observedGeneration,
    @JsonPropertyDescription(
            "Ready: the policy is in effect. Scheduled: a next tick is known; False with NeverFires"
                + " or Suspended. Degraded: a run failed or the policy asks for what is not there.")
        @Nullable List<Condition> conditions,
    @JsonPropertyDescription("The latest tick that was acted on, whether or not it started a run.")
        @Nullable String lastScheduleTime,
    @JsonPropertyDescription("When a run last ended well.") @Nullable String lastSuccessTime,
    @JsonPropertyDescription("The next tick; absent while suspended or when it never fires.")
        @Nullable String nextScheduleTime,
    @JsonPropertyDescription("The varve.dev/run-now value served last.")
        @Nullable String lastRunNow,
    @JsonPropertyDescription("How many targets there are of each kind.") @Nullable Counts counts,
    @JsonPropertyDescription("Runs under way.") @Nullable List<ActiveRun> active,
    @JsonPropertyDescription(
            "For each primary why it was compacted, or why not; at most 100, those that were not"
                + " skipped for a usual reason first.")
        @Nullable List<Target> targets,
    @JsonPropertyDescription(
            "Results, newest first, at most history.events; kept when the Jobs are gone.")
        @Nullable List<Event> events,
    @JsonPropertyDescription("Sums since the policy was created.") @Nullable Totals totals) {

  /** How many targets there are of each kind. */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  @JsonIgnoreProperties(ignoreUnknown = true)
  public record Counts(
      @JsonPropertyDescription("Primaries of the selected clusters.") @Required Integer selected,
      @JsonPropertyDescription("Runs under way.") @Required Integer active,
      @JsonPropertyDescription("Primaries whose run is due and waits for another to end.") @Required
          Integer due,
      @JsonPropertyDescription("Primaries skipped at the last tick.") @Required Integer skipped) {}

  /** A run under way. */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  @JsonIgnoreProperties(ignoreUnknown = true)
  public record ActiveRun(
      @JsonPropertyDescription("The Job; its name is the run's id.") @Required String job,
      @JsonPropertyDescription("The StoreCluster.") @Required String cluster,
      @JsonPropertyDescription("The shard.") @Required Integer shard,
      @JsonPropertyDescription("Percent done, when the primary has told.")
          @Nullable Integer progress) {}

  /** Why one primary was compacted, or why not. */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  @JsonIgnoreProperties(ignoreUnknown = true)
  public record Target(
      @JsonPropertyDescription("The StoreCluster.") @Required String cluster,
      @JsonPropertyDescription("The shard.") @Required Integer shard,
      @JsonPropertyDescription("The primary at that time; absent when there was none.")
          @Nullable String primary,
      @JsonPropertyDescription(
              "Running, Completed, Failed or Skipped; Due when the run waits for another to end;"
                  + " Waiting before the first tick.")
          @Required
          Decision decision,
      @JsonPropertyDescription(
              "One CamelCase word: Compacted, BelowThreshold, FileTooSmall, NothingToReclaim,"
                  + " MinInterval, NoPrimary, Unreachable, UnknownKeyspace, Busy, Suspended, NotDue,"
                  + " Timeout and others.")
          @Required
          String reason,
      @JsonPropertyDescription("A sentence with the figures that decided.") @Required
          String message,
      @JsonPropertyDescription("The earliest tick that can compact this primary.")
          @Nullable String nextEligibleTime) {}

  /** What became of a target at the last tick. */
  public enum Decision {
    Running,
    Due,
    Completed,
    Failed,
    Skipped,
    Waiting
  }

  /** The result of a run on one keyspace. */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  @JsonIgnoreProperties(ignoreUnknown = true)
  public record Event(
      @JsonPropertyDescription("Completed, Failed or Skipped.") @Required Result type,
      @JsonPropertyDescription("When the run ended.") @Required String time,
      @JsonPropertyDescription("The run's id, which is its Job's name.") @Required String runId,
      @JsonPropertyDescription("The StoreCluster.") @Required String cluster,
      @JsonPropertyDescription("The shard.") @Required Integer shard,
      @JsonPropertyDescription("The primary that the run was for.") @Nullable String primary,
      @JsonPropertyDescription("The keyspace; absent when nothing is known but the run's end.")
          @Nullable String keyspace,
      @JsonPropertyDescription("Segments rewritten; at most 8, then \"and N more\".")
          @Nullable List<String> files,
      @JsonPropertyDescription("Bytes of the keyspace before.") @Nullable Long bytesBefore,
      @JsonPropertyDescription("Bytes of the keyspace after.") @Nullable Long bytesAfter,
      @JsonPropertyDescription("Bytes freed.") @Nullable Long spaceSaved,
      @JsonPropertyDescription("How long it took, such as 8.2s.") @Nullable String duration,
      @JsonPropertyDescription(
              "One CamelCase word: Compacted, Timeout, NotPrimary, StaleTerm, DiskFull, Cancelled and"
                  + " others; Unknown when neither the primary nor the Job left a word.")
          @Required
          String reason,
      @JsonPropertyDescription("A sentence for people.") @Required String message) {}

  /** How a run on a keyspace ended. */
  public enum Result {
    Completed,
    Failed,
    Skipped
  }

  /** Sums since the policy was created. */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  @JsonIgnoreProperties(ignoreUnknown = true)
  public record Totals(
      @JsonPropertyDescription("Runs that ended.") @Required Long runs,
      @JsonPropertyDescription("Runs that failed.") @Required Long failures,
      @JsonPropertyDescription("Bytes freed.") @Required Long spaceSaved) {}
}
