package dev.varve.operator.observe;

import dev.varve.operator.schedule.Trigger;
import dev.varve.protocol.v1.CompactionEvent;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * A compaction Job as it is.
 *
 * @param recorded whether its result is in the policy's status
 * @param told what the primary remembers of the run, oldest first; empty when it was not asked, did
 *     not answer or knows nothing
 */
public record JobSeen(
    String name,
    String policyUid,
    String cluster,
    int shard,
    Optional<String> primary,
    Optional<Trigger> trigger,
    Phase phase,
    boolean recorded,
    List<CompactionEvent> told) {

  /** How far a Job is. */
  public sealed interface Phase {
    /** Not ended yet. */
    record Active() implements Phase {}

    /** Ended with exit code 0. */
    record Succeeded(Instant at, Optional<String> terminationMessage) implements Phase {}

    /**
     * Ended otherwise.
     *
     * @param reason the Job's own, such as DeadlineExceeded or BackoffLimitExceeded
     * @param exitCode of the container, where the pod is still there to tell
     */
    record Failed(
        Instant at,
        String reason,
        String message,
        Optional<Integer> exitCode,
        Optional<String> terminationMessage)
        implements Phase {}
  }

  /** Whether the Job has not ended. */
  public boolean active() {
    return phase instanceof Phase.Active;
  }

  /** The same Job, with what its primary remembers. */
  public JobSeen withTold(List<CompactionEvent> events) {
    return new JobSeen(
        name, policyUid, cluster, shard, primary, trigger, phase, recorded, List.copyOf(events));
  }

  /** The tick it answers to, if it answers to one. */
  public Optional<Instant> tick() {
    return trigger.flatMap(
        t -> t instanceof Trigger.Tick(Instant time) ? Optional.of(time) : Optional.empty());
  }
}
