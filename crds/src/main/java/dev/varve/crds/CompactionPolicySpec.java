package dev.varve.crds;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import io.fabric8.kubernetes.api.model.Quantity;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a {@link CompactionPolicy} asks for. Only {@code clusterSelector} has no default. */
@JsonInclude(JsonInclude.Include.NON_NULL)
@JsonIgnoreProperties(ignoreUnknown = true)
public record CompactionPolicySpec(
    @JsonPropertyDescription(
            "Selects StoreClusters of this namespace by their labels; {} selects all. A policy that"
                + " selects none says so in its Ready condition.")
        @Required
        LabelSelector clusterSelector,
    @JsonPropertyDescription(
            "true stops the schedule: no tick starts a run, and ticks that pass meanwhile are not"
                + " made up for, except at most the last one. A run under way goes on. A new"
                + " varve.dev/run-now value still runs.")
        @Default("false")
        @Nullable Boolean suspend,
    @JsonPropertyDescription(
            "When to look, as five cron fields: minute (0-59), hour (0-23), day of month (1-31),"
                + " month (1-12 or JAN-DEC), day of week (0-7 or SUN-SAT; 0 and 7 are Sunday)."
                + " Example: \"*/15 1-4 * * *\". At each such time every selected primary whose"
                + " trigger holds is compacted. Takes precedence over interval.")
        @Size(max = 128)
        @ValidationRule(
            value = Rules.CRON,
            message =
                "spec.schedule must be exactly five cron fields with values in range: minute 0-59,"
                    + " hour 0-23, day 1-31, month 1-12, weekday 0-7; seconds and years are not"
                    + " accepted")
        @Nullable String schedule,
    @JsonPropertyDescription(
            "Time between ticks, counted from the policy's creation, where there is no schedule; at"
                + " least 1s. Example: 90s, 10m, 1h.")
        @Default("1h")
        @Size(min = 2, max = 32)
        @ValidationRule(
            value = Rules.DURATION + " && duration(self) >= duration('1s')",
            message = "spec.interval must be a duration of at least 1s, such as 90s, 10m or 1h")
        @Nullable String interval,
    @JsonPropertyDescription(
            "IANA time zone in which schedule is read, such as Europe/Berlin. When clocks change, a"
                + " time that is skipped runs once and a time that comes twice runs once.")
        @Default("Etc/UTC")
        @Size(max = 64)
        @ValidationRule(
            value = Rules.TIME_ZONE,
            message =
                "spec.timeZone must be the name of an IANA time zone, such as Europe/Berlin or"
                    + " Etc/UTC")
        @Nullable String timeZone,
    @JsonPropertyDescription(
            "What must hold, all of it, on a primary before it is compacted. What did not hold is in"
                + " status.targets.")
        @Default("{}")
        @Nullable Trigger trigger,
    @JsonPropertyDescription(
            "Which keyspaces to compact, and how. Absent: all of the cluster's, with Rewrite. Those"
                + " not named here are left alone.")
        @Size(min = 1, max = 16)
        @Nullable List<Keyspace> keyspaces,
    @JsonPropertyDescription(
            "How long a run may take, at least 1m; then its Job is ended and the store is as before"
                + " the run. The call inside ends 30 s earlier, so that the result is reported.")
        @Default("3h")
        @Size(min = 2, max = 32)
        @ValidationRule(
            value = Rules.DURATION + " && duration(self) >= duration('1m')",
            message = "spec.timeout must be a duration of at least 1m, such as 10m or 3h")
        @Nullable String timeout,
    @JsonPropertyDescription("How many runs may be under way at once.") @Default("{}")
        @Nullable Concurrency concurrency,
    @JsonPropertyDescription("How much of the past is kept.") @Default("{}")
        @Nullable History history,
    @JsonPropertyDescription("The Jobs that run `varve compact` against the primaries.")
        @Default("{}")
        @Nullable JobTemplate jobTemplate) {

  /** What must hold before a primary is compacted. */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  @JsonIgnoreProperties(ignoreUnknown = true)
  public record Trigger(
      @JsonPropertyDescription(
              "Not sooner than this after the last success on that primary. 0s: at every tick.")
          @Default("0s")
          @Size(min = 2, max = 32)
          @ValidationRule(
              value = Rules.DURATION + " && duration(self) >= duration('0s')",
              message = "spec.trigger.minInterval must be a duration, such as 0s, 10m or 6h")
          @Nullable String minInterval,
      @JsonPropertyDescription(
              "A keyspace with fewer bytes than this is not worth a run. Example: 10Mi.")
          @Default("10Mi")
          @ValidationRule(
              value =
                  "type(self) == int ? self >= 0 : isQuantity(self) && quantity(self).compareTo(quantity('0')) >= 0",
              message = "spec.trigger.minTotalBytes must be a quantity of at least 0, such as 10Mi")
          @Nullable Quantity minTotalBytes,
      @JsonPropertyDescription(
              "The least share of a keyspace's bytes that are dead (replaced, deleted or expired),"
                  + " as a string from \"0\" to \"1\": \"0.3\" is 30 %.")
          @Default("0.3")
          @Size(min = 1, max = 16)
          @ValidationRule(
              value = Rules.RATIO,
              message =
                  "spec.trigger.minDeadRatio must be a decimal number from 0 to 1 in quotes, such as"
                      + " \"0.3\"")
          @Nullable String minDeadRatio,
      @JsonPropertyDescription(
              "Skip a run that would free less than this share of the keyspace's bytes, as a string"
                  + " from \"0\" to \"1\".")
          @Default("0.1")
          @Size(min = 1, max = 16)
          @ValidationRule(
              value = Rules.RATIO,
              message =
                  "spec.trigger.minSpaceSaving must be a decimal number from 0 to 1 in quotes, such"
                      + " as \"0.1\"")
          @Nullable String minSpaceSaving) {}

  /** How one keyspace is compacted. */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  @JsonIgnoreProperties(ignoreUnknown = true)
  public record Keyspace(
      @JsonPropertyDescription(
              "The keyspace, as named in the StoreCluster. A cluster without it is skipped with"
                  + " reason UnknownKeyspace.")
          @Required
          @Size(min = 1, max = 40)
          @ValidationRule(value = Rules.KEYSPACE_NAME, message = Rules.KEYSPACE_NAME_MESSAGE)
          String name,
      @JsonPropertyDescription(
              "Rewrite copies the live records of the segments where that frees most, and drops the"
                  + " rest; no live record is lost. None leaves the keyspace alone.")
          @Default("Rewrite")
          @Nullable Strategy strategy) {}

  /** The ways to compact that are in effect. */
  public enum Strategy {
    Rewrite,
    None
  }

  /** How many runs may be under way at once. */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  @JsonIgnoreProperties(ignoreUnknown = true)
  public record Concurrency(
      @JsonPropertyDescription(
              "Runs at once on one StoreCluster, at least 1; runs that other policies started count.")
          @Default("1")
          @Min(1)
          @Max(256)
          @Nullable Integer perCluster) {}

  /** How much of the past is kept. */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  @JsonIgnoreProperties(ignoreUnknown = true)
  public record History(
      @JsonPropertyDescription("Results kept in status.events, from 1 to 100.")
          @Default("20")
          @Min(1)
          @Max(100)
          @Nullable Integer events,
      @JsonPropertyDescription(
              "Finished Jobs kept that succeeded, with their logs; their results stay in"
                  + " status.events.")
          @Default("3")
          @Min(0)
          @Max(100)
          @Nullable Integer successfulJobs,
      @JsonPropertyDescription("Finished Jobs kept that failed, with their logs.")
          @Default("3")
          @Min(0)
          @Max(100)
          @Nullable Integer failedJobs) {}

  /** What of the Jobs can be chosen. */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  @JsonIgnoreProperties(ignoreUnknown = true)
  public record JobTemplate(
      @JsonPropertyDescription(
              "CPU and memory of a Job's container. The compaction itself runs in the primary, so"
                  + " little is needed here.")
          @Default("{\"limits\": {\"memory\": \"256Mi\"}}")
          @Nullable Resources resources) {}
}
