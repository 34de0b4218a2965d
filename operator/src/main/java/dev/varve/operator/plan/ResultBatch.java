package dev.varve.operator.plan;

import dev.varve.crds.CompactionPolicyStatus;
import dev.varve.crds.CompactionPolicyStatus.ActiveRun;
import dev.varve.crds.CompactionPolicyStatus.Event;
import dev.varve.crds.CompactionPolicyStatus.Result;
import dev.varve.operator.observe.JobSeen;
import dev.varve.operator.observe.PolicyObservation;
import dev.varve.operator.observe.TargetSeen;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The results that come into the status with one plan: of as many ended runs as the status's
 * bounded history holds at once, and at least of one. So each of them is still there when, after a
 * stop, the Jobs are looked at again, and no run is counted twice.
 *
 * @param byRun every result of each run, which the totals count
 * @param events what of them the status keeps, newest first
 * @param jobs the Jobs to mark once the status is written
 * @param alreadyInStatus Jobs that were not marked although the status holds their results
 * @param more whether ended runs are left for the next plan
 */
record ResultBatch(
    Map<String, List<Event>> byRun,
    List<Event> events,
    List<String> jobs,
    List<String> alreadyInStatus,
    boolean more) {

  static ResultBatch of(PolicyObservation seen) {
    CompactionPolicyStatus before = seen.policy().getStatus();
    Set<String> inStatus =
        before == null || before.events() == null
            ? Set.of()
            : before.events().stream().map(Event::runId).collect(Collectors.toSet());
    List<JobSeen> ended =
        seen.jobs().stream()
            .filter(job -> !job.active() && !job.recorded())
            .sorted(Comparator.comparing(ResultBatch::endedAt).thenComparing(JobSeen::name))
            .toList();
    List<String> already = ended.stream().map(JobSeen::name).filter(inStatus::contains).toList();

    var byRun = new LinkedHashMap<String, List<Event>>();
    for (JobSeen job : ended) {
      if (!inStatus.contains(job.name())) {
        byRun.put(job.name(), RunResults.of(job));
      }
    }
    List<String> withJobs = List.copyOf(byRun.keySet());
    vanished(seen, before, inStatus).forEach(event -> byRun.put(event.runId(), List.of(event)));

    var taken = new LinkedHashMap<String, List<Event>>();
    var events = new ArrayList<Event>();
    for (var run : byRun.entrySet()) {
      List<Event> kept = worthKeeping(run.getValue());
      if (!taken.isEmpty() && events.size() + kept.size() > seen.rules().events()) {
        break;
      }
      taken.put(run.getKey(), run.getValue());
      events.addAll(0, kept);
    }
    return new ResultBatch(
        taken,
        List.copyOf(events),
        withJobs.stream().filter(taken::containsKey).toList(),
        already,
        taken.size() < byRun.size());
  }

  /** The Kubernetes Events about these results. */
  List<PolicyAction> notices(PolicyObservation seen) {
    Map<String, String> uids =
        seen.targets().stream()
            .collect(
                Collectors.toMap(
                    target -> target.names().cluster(), TargetSeen::clusterUid, (a, _) -> a));
    var notices = new ArrayList<PolicyAction>();
    for (List<Event> results : byRun.values()) {
      for (Event event : results) {
        if (event.type() != Result.Skipped) {
          notices.add(notice(event, Optional.ofNullable(uids.get(event.cluster()))));
        }
      }
    }
    return notices;
  }

  /** When a Job ended. */
  static Instant endedAt(JobSeen job) {
    return switch (job.phase()) {
      case JobSeen.Phase.Active _ -> Instant.MAX;
      case JobSeen.Phase.Succeeded succeeded -> succeeded.at();
      case JobSeen.Phase.Failed failed -> failed.at();
    };
  }

  /** What was skipped within a run is kept only if nothing else is there to tell of it. */
  private static List<Event> worthKeeping(List<Event> results) {
    List<Event> acted = results.stream().filter(e -> e.type() != Result.Skipped).toList();
    return acted.isEmpty() ? results : acted;
  }

  private static List<Event> vanished(
      PolicyObservation seen,
      @org.jspecify.annotations.Nullable CompactionPolicyStatus before,
      Set<String> inStatus) {
    if (before == null || before.active() == null) {
      return List.of();
    }
    Set<String> present = seen.jobs().stream().map(JobSeen::name).collect(Collectors.toSet());
    return before.active().stream()
        .filter(run -> !present.contains(run.job()) && !inStatus.contains(run.job()))
        .map(
            (ActiveRun run) ->
                RunResults.vanished(run.job(), run.cluster(), run.shard(), seen.now()))
        .toList();
  }

  private static PolicyAction notice(Event event, Optional<String> clusterUid) {
    String keyspace = event.keyspace() == null ? "" : " keyspace " + event.keyspace();
    String text =
        event.cluster()
            + " shard "
            + event.shard()
            + keyspace
            + ": "
            + event.reason()
            + ": "
            + event.message()
            + (event.type() == Result.Completed && event.bytesBefore() != null
                ? " (" + event.bytesBefore() + " bytes before, " + event.bytesAfter() + " after)"
                : "");
    return new PolicyAction.Tell(
        new Notice(
            event.type() == Result.Completed
                ? Notice.Reason.CompactionCompleted
                : Notice.Reason.CompactionFailed,
            clusterUid.map(uid -> new Notice.Cluster(event.cluster(), uid)),
            "Compact",
            text,
            event.runId() + keyspace),
        text);
  }
}
