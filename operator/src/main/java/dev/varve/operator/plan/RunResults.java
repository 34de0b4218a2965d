package dev.varve.operator.plan;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.varve.crds.CompactionPolicyStatus.Event;
import dev.varve.crds.CompactionPolicyStatus.Result;
import dev.varve.operator.observe.JobSeen;
import dev.varve.operator.schedule.Durations;
import dev.varve.operator.status.Conditions;
import dev.varve.operator.status.Sizes;
import dev.varve.protocol.v1.CompactionEvent;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What became of a run that ended. The primary knows best; where it is gone, the Job's termination
 * message; and where that is missing too, how the Job ended. Pure.
 */
final class RunResults {

  private static final int MOST_FILES = 8;
  private static final int MOST_MESSAGE = 300;
  private static final ObjectMapper JSON = new ObjectMapper();

  private RunResults() {}

  /** The results of {@code job}, at least one; none while it is under way. */
  static List<Event> of(JobSeen job) {
    return switch (job.phase()) {
      case JobSeen.Phase.Active _ -> List.of();
      case JobSeen.Phase.Succeeded(Instant at, Optional<String> message) -> {
        List<Event> told = told(job, message, at);
        yield told.isEmpty()
            ? List.of(
                bare(
                    job,
                    Result.Completed,
                    at,
                    "Unknown",
                    "the run ended well; its figures are gone with the primary's memory of it"))
            : told;
      }
      case JobSeen.Phase.Failed failed -> {
        List<Event> told = new ArrayList<>(told(job, failed.terminationMessage(), failed.at()));
        if (told.stream().noneMatch(event -> event.type() == Result.Failed)) {
          told.add(failure(job, failed));
        }
        yield List.copyOf(told);
      }
    };
  }

  /** The result of a run whose Job somebody deleted before it was recorded. */
  static Event vanished(String runId, String cluster, int shard, Instant now) {
    return new Event(
        Result.Failed,
        Conditions.time(now),
        runId,
        cluster,
        shard,
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        "Unknown",
        "the run's Job was deleted before its result was known");
  }

  private static List<Event> told(JobSeen job, Optional<String> message, Instant at) {
    var byKeyspace = new LinkedHashMap<String, Event>();
    for (CompactionEvent event : job.told()) {
      Result type =
          switch (event.getType()) {
            case COMPLETED -> Result.Completed;
            case FAILED -> Result.Failed;
            case SKIPPED -> Result.Skipped;
            case TYPE_UNSPECIFIED, STARTED, PROGRESS, UNRECOGNIZED -> null;
          };
      if (type != null) {
        byKeyspace.put(event.getKeyspace(), fromPrimary(job, type, event));
      }
    }
    if (!byKeyspace.isEmpty()) {
      return List.copyOf(byKeyspace.values());
    }
    return message.flatMap(text -> fromMessage(job, text, at)).stream().toList();
  }

  private static Event fromPrimary(JobSeen job, Result type, CompactionEvent event) {
    return figures(
        job,
        type,
        Instant.ofEpochMilli(event.getTimeMs()),
        event.getKeyspace(),
        event.getFilesList(),
        event.getBytesBefore(),
        event.getBytesAfter(),
        event.getSpaceSaved(),
        event.getDurationMs(),
        event.getReason(),
        event.getMessage());
  }

  private static Optional<Event> fromMessage(JobSeen job, String text, Instant at) {
    JsonNode event;
    try {
      event = JSON.readTree(text);
    } catch (JsonProcessingException e) {
      // Not ours: the process may have died of something else, which the Job's own end tells.
      return Optional.empty();
    }
    Result type =
        switch (event.path("type").asText()) {
          case "COMPLETED" -> Result.Completed;
          case "FAILED" -> Result.Failed;
          case "SKIPPED" -> Result.Skipped;
          default -> null;
        };
    if (type == null) {
      return Optional.empty();
    }
    long time = event.path("timeMs").asLong();
    return Optional.of(
        figures(
            job,
            type,
            time == 0 ? at : Instant.ofEpochMilli(time),
            event.path("keyspace").asText(),
            List.of(),
            event.path("bytesBefore").asLong(),
            event.path("bytesAfter").asLong(),
            event.path("spaceSaved").asLong(),
            event.path("durationMs").asLong(),
            event.path("reason").asText(),
            event.path("message").asText()));
  }

  private static Event figures(
      JobSeen job,
      Result type,
      Instant time,
      String keyspace,
      List<String> files,
      long before,
      long after,
      long saved,
      long durationMillis,
      String reason,
      String message) {
    String why = !reason.isEmpty() ? reason : type == Result.Completed ? "Compacted" : "Unknown";
    String text = message;
    if (text.isEmpty()) {
      text =
          type == Result.Completed
              ? "reclaimed "
                  + Sizes.format(saved)
                  + (before > 0 ? " (" + Math.round(100.0 * saved / before) + " %)" : "")
              : why;
    }
    boolean measured = type == Result.Completed || before > 0;
    return new Event(
        type,
        Conditions.time(time),
        job.name(),
        job.cluster(),
        job.shard(),
        job.primary().orElse(null),
        keyspace.isEmpty() ? null : keyspace,
        files.isEmpty() ? null : shortened(files),
        measured ? before : null,
        measured ? after : null,
        measured ? saved : null,
        durationMillis > 0 ? Durations.format(Duration.ofMillis(durationMillis)) : null,
        why,
        shortened(text));
  }

  private static Event failure(JobSeen job, JobSeen.Phase.Failed failed) {
    if (failed.reason().equals("DeadlineExceeded")) {
      return bare(
          job,
          Result.Failed,
          failed.at(),
          "Timeout",
          "the run took longer than spec.timeout; the store is as before it");
    }
    int code = failed.exitCode().orElse(-1);
    String reason =
        switch (code) {
          case 2 -> "BadUsage";
          case 5 -> "NotPrimary";
          case 130, 143 -> "Cancelled";
          case 137 -> "Killed";
          default -> "Unknown";
        };
    String cause =
        switch (code) {
          case -1 -> "its pod is gone";
          case 5 -> "the member was no longer primary, or at another term";
          default -> "exit code " + code;
        };
    String detail =
        failed
            .terminationMessage()
            .or(() -> Optional.of(failed.message()).filter(text -> !text.isEmpty()))
            .map(text -> "; " + text.strip())
            .orElse("");
    return bare(job, Result.Failed, failed.at(), reason, "the run failed: " + cause + detail);
  }

  private static Event bare(JobSeen job, Result type, Instant at, String reason, String message) {
    return new Event(
        type,
        Conditions.time(at),
        job.name(),
        job.cluster(),
        job.shard(),
        job.primary().orElse(null),
        null,
        null,
        null,
        null,
        null,
        null,
        reason,
        shortened(message));
  }

  private static List<String> shortened(List<String> files) {
    if (files.size() <= MOST_FILES) {
      return List.copyOf(files);
    }
    var some = new ArrayList<>(files.subList(0, MOST_FILES));
    some.add("and " + (files.size() - MOST_FILES) + " more");
    return List.copyOf(some);
  }

  private static String shortened(@Nullable String text) {
    String all = text == null ? "" : text;
    return all.length() <= MOST_MESSAGE ? all : all.substring(0, MOST_MESSAGE) + "…";
  }
}
