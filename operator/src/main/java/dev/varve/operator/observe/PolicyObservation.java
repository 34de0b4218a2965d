package dev.varve.operator.observe;

import dev.varve.crds.CompactionPolicy;
import dev.varve.operator.schedule.Due;
import java.time.Instant;
import java.util.List;

/**
 * Everything that a decision about a CompactionPolicy needs, at one moment.
 *
 * @param due what there is to act on
 * @param targets every shard of every selected cluster
 * @param jobs the policy's Jobs, as the API server has them
 * @param activeElsewhere Jobs under way that other policies of the namespace started
 */
public record PolicyObservation(
    CompactionPolicy policy,
    PolicyRules rules,
    Instant now,
    Due due,
    List<TargetSeen> targets,
    List<JobSeen> jobs,
    List<JobSeen> activeElsewhere) {

  /** The same with a newer look at what other policies have under way. */
  public PolicyObservation withActiveElsewhere(List<JobSeen> jobsNow) {
    return new PolicyObservation(policy, rules, now, due, targets, jobs, jobsNow);
  }
}
