package dev.varve.operator.plan;

import dev.varve.crds.CompactionPolicyStatus;
import dev.varve.operator.resource.CompactionJob;
import java.util.List;

/** One thing to do for a CompactionPolicy, and why. Carried out in the plan's order. */
public sealed interface PolicyAction {

  /** Why, for the log. */
  String reason();

  /** Creates a run's Job unless it exists by now. */
  record StartRun(CompactionJob.Run run, String reason) implements PolicyAction {}

  /** Tells people. */
  record Tell(Notice notice, String reason) implements PolicyAction {}

  /**
   * Writes the status, if nobody else wrote to the policy since it was observed.
   *
   * @param newResults those that the status holds for the first time, for the metrics
   */
  record WriteStatus(
      CompactionPolicyStatus status, List<CompactionPolicyStatus.Event> newResults, String reason)
      implements PolicyAction {}

  /** Notes on a Job that its result is in the status. */
  record MarkRecorded(String job, String reason) implements PolicyAction {}

  /** Deletes a finished Job whose result is recorded. */
  record DeleteJob(String job, String reason) implements PolicyAction {}
}
