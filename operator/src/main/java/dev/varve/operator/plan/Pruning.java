package dev.varve.operator.plan;

import dev.varve.operator.observe.JobSeen;
import dev.varve.operator.observe.PolicyObservation;
import dev.varve.operator.schedule.Trigger;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Stream;

/** Which finished Jobs go: the oldest recorded ones beyond the history that is asked for. Pure. */
final class Pruning {

  private Pruning() {}

  static List<PolicyAction> of(PolicyObservation seen) {
    return Stream.concat(
            beyond(
                seen,
                job -> job.phase() instanceof JobSeen.Phase.Succeeded,
                seen.rules().successfulJobs()),
            beyond(
                seen,
                job -> job.phase() instanceof JobSeen.Phase.Failed,
                seen.rules().failedJobs()))
        .toList();
  }

  private static Stream<PolicyAction> beyond(
      PolicyObservation seen, Predicate<JobSeen> kind, int kept) {
    return seen.jobs().stream()
        .filter(JobSeen::recorded)
        .filter(kind)
        .sorted(Comparator.comparing(ResultBatch::endedAt).reversed())
        .skip(kept)
        .filter(job -> served(seen, job))
        .map(
            job ->
                new PolicyAction.DeleteJob(job.name(), "history keeps " + kept + " of its kind"));
  }

  /** A Job is the proof that its trigger was served until the status is. */
  private static boolean served(PolicyObservation seen, JobSeen job) {
    Instant handled = seen.due().handled();
    return switch (job.trigger().orElse(null)) {
      case null -> true;
      case Trigger.Tick(Instant time) -> !time.isAfter(handled);
      case Trigger.RunNow now -> !seen.due().runNow().equals(Optional.of(now));
    };
  }
}
