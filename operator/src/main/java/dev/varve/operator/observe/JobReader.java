package dev.varve.operator.observe;

import dev.varve.operator.resource.Labels;
import dev.varve.operator.schedule.Trigger;
import io.fabric8.kubernetes.api.model.ContainerStateTerminated;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobCondition;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Reads what a Job object says, and its pod where that is needed. */
final class JobReader {

  private JobReader() {}

  /** Reads {@code job}; its pod is fetched only when the Job ended and was not recorded. */
  static JobSeen read(Job job, Supplier<Optional<Pod>> pod) {
    Map<String, String> labels =
        Objects.requireNonNullElse(job.getMetadata().getLabels(), Map.<String, String>of());
    Map<String, String> annotations =
        Objects.requireNonNullElse(job.getMetadata().getAnnotations(), Map.<String, String>of());
    boolean recorded = annotations.containsKey(Labels.RECORDED);
    return new JobSeen(
        job.getMetadata().getName(),
        annotations.getOrDefault(Labels.POLICY_UID, ""),
        labels.getOrDefault(Labels.CLUSTER, ""),
        number(labels.get(Labels.SHARD)),
        Optional.ofNullable(annotations.get(Labels.PRIMARY)),
        trigger(annotations),
        phase(job, recorded, pod),
        recorded,
        List.of());
  }

  private static int number(@Nullable String text) {
    return text != null && text.matches("[0-9]{1,6}") ? Integer.parseInt(text) : 0;
  }

  private static Optional<Trigger> trigger(Map<String, String> annotations) {
    String tick = annotations.get(Labels.TICK);
    String runNow = annotations.get(Labels.RUN_NOW);
    if (tick != null) {
      try {
        return Optional.of(new Trigger.Tick(Instant.parse(tick)));
      } catch (DateTimeException e) {
        // Somebody wrote into our annotation; the Job counts, its tick does not.
        return Optional.empty();
      }
    }
    return runNow == null ? Optional.empty() : Optional.of(new Trigger.RunNow(runNow));
  }

  private static JobSeen.Phase phase(Job job, boolean recorded, Supplier<Optional<Pod>> podSource) {
    Optional<JobCondition> complete = condition(job, "Complete");
    Optional<JobCondition> failed = condition(job, "Failed");
    if (complete.isEmpty() && failed.isEmpty()) {
      return new JobSeen.Phase.Active();
    }
    Optional<ContainerStateTerminated> end =
        recorded ? Optional.empty() : podSource.get().flatMap(JobReader::end);
    Optional<String> message =
        end.map(ContainerStateTerminated::getMessage).filter(text -> !text.isBlank());
    if (complete.isPresent()) {
      return new JobSeen.Phase.Succeeded(time(job, complete.get()), message);
    }
    JobCondition condition = failed.orElseThrow();
    return new JobSeen.Phase.Failed(
        time(job, condition),
        Objects.requireNonNullElse(condition.getReason(), "Unknown"),
        Objects.requireNonNullElse(condition.getMessage(), ""),
        end.map(ContainerStateTerminated::getExitCode),
        message);
  }

  private static Optional<JobCondition> condition(Job job, String type) {
    if (job.getStatus() == null || job.getStatus().getConditions() == null) {
      return Optional.empty();
    }
    return job.getStatus().getConditions().stream()
        .filter(c -> type.equals(c.getType()) && "True".equals(c.getStatus()))
        .findFirst();
  }

  private static Instant time(Job job, JobCondition condition) {
    String text =
        Objects.requireNonNullElse(
            condition.getLastTransitionTime(), job.getMetadata().getCreationTimestamp());
    return Instant.parse(text);
  }

  private static Optional<ContainerStateTerminated> end(Pod pod) {
    if (pod.getStatus() == null || pod.getStatus().getContainerStatuses() == null) {
      return Optional.empty();
    }
    return pod.getStatus().getContainerStatuses().stream()
        .filter(container -> container.getState() != null)
        .map(container -> container.getState().getTerminated())
        .filter(Objects::nonNull)
        .findFirst();
  }
}
