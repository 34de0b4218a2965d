package dev.varve.crds;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Required;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the operator saw last. What changes all the time (lag, sequences, bytes) is in metrics and
 * {@code varve status}, not here.
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
@JsonIgnoreProperties(ignoreUnknown = true)
public record StoreClusterStatus(
    @JsonPropertyDescription("The metadata.generation that this status judges.")
        @Nullable Long observedGeneration,
    @JsonPropertyDescription(
            "Ready: a primary serves and every member is ready. Progressing: the operator or"
                + " Kubernetes is at work on a change. Degraded: something needs a person.")
        @Nullable List<Condition> conditions,
    @JsonPropertyDescription("Members whose pods exist.") @Nullable Integer replicas,
    @JsonPropertyDescription("Members that serve: the primary, and replicas that have caught up.")
        @Nullable Integer readyReplicas,
    @JsonPropertyDescription("Selects the members' pods.") @Nullable String selector,
    @JsonPropertyDescription("Each shard with its primary and members.")
        @Nullable List<Shard> shards) {

  /** One shard: an independently replicated set of logs. */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  @JsonIgnoreProperties(ignoreUnknown = true)
  public record Shard(
      @JsonPropertyDescription("The shard's number, from 0.") @Required Integer id,
      @JsonPropertyDescription("The member that serves writes; absent while there is none.")
          @Nullable String primary,
      @JsonPropertyDescription(
              "The fencing number: grows with each change of primary; members refuse lower ones.")
          @Nullable Long term,
      @JsonPropertyDescription("The shard's members.") @Nullable List<Member> members) {}

  /** One member of a shard. */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  @JsonIgnoreProperties(ignoreUnknown = true)
  public record Member(
      @JsonPropertyDescription("The member's pod.") @Required String name,
      @JsonPropertyDescription(
              "Primary, Replica or Candidate by the member's own word; Unknown while it does not"
                  + " answer.")
          @Required
          Role role,
      @JsonPropertyDescription("Whether the member serves: its pod is ready.") @Required
          Boolean ready) {}

  /** What a member is at the moment. */
  public enum Role {
    Primary,
    Replica,
    Candidate,
    Unknown
  }
}
