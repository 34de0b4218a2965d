package dev.varve.cli;

import dev.varve.client.InvalidRequestException;
import dev.varve.client.VarveException;
import dev.varve.protocol.v1.CompactionEvent;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** How each keyspace of a compaction run ended, and what the run as a whole comes to. */
final class RunOutcomes {
  private final List<CompactionEvent> ends = new ArrayList<>();
  private boolean badRequest;

  /** Takes note of an event if it is one that ends a keyspace's run. */
  void add(CompactionEvent event) {
    switch (event.getType()) {
      case COMPLETED, FAILED, SKIPPED -> ends.add(event);
      case STARTED, PROGRESS, TYPE_UNSPECIFIED, UNRECOGNIZED -> {
        // On the way.
      }
    }
  }

  /**
   * The event of a run that the server did not end with one: refused, or broken off.
   *
   * @param last the last event of that run; its default instance when there was none
   */
  static CompactionEvent broken(CompactionEvent last, String reason, String message, long nowMs) {
    return last.toBuilder()
        .setType(CompactionEvent.Type.FAILED)
        .setTimeMs(nowMs)
        .setErrors(Math.max(1, last.getErrors()))
        .setReason(reason)
        .setMessage(message)
        .build();
  }

  /** Takes note that the request itself was refused as wrong. */
  void refused(VarveException failure) {
    badRequest |= failure instanceof InvalidRequestException;
  }

  /** NOT_PRIMARY as the events' reasons are written: NotPrimary. */
  static String camelCase(String constant) {
    StringBuilder name = new StringBuilder();
    for (String word : constant.toLowerCase(Locale.ROOT).split("_", -1)) {
      name.append(Character.toUpperCase(word.charAt(0))).append(word, 1, word.length());
    }
    return name.toString();
  }

  /** FAILED before COMPLETED before SKIPPED, and of these the last. */
  Optional<CompactionEvent> worst() {
    for (CompactionEvent.Type type :
        List.of(
            CompactionEvent.Type.FAILED,
            CompactionEvent.Type.COMPLETED,
            CompactionEvent.Type.SKIPPED)) {
      for (CompactionEvent event : ends.reversed()) {
        if (event.getType() == type) {
          return Optional.of(event);
        }
      }
    }
    return Optional.empty();
  }

  /**
   * The exit code; a signal's is the caller's to know.
   *
   * @param skippedExit what nothing to do in every keyspace is worth
   */
  int exitCode(int skippedExit) {
    CompactionEvent worst = worst().orElse(null);
    if (badRequest) {
      return ExitCode.USAGE;
    }
    if (worst == null) {
      return ExitCode.FAILED;
    }
    return switch (worst.getType()) {
      case COMPLETED -> ExitCode.DONE;
      case SKIPPED -> skippedExit;
      default ->
          ends.stream()
                  .filter(event -> event.getType() == CompactionEvent.Type.FAILED)
                  .allMatch(RunOutcomes::isFenced)
              ? ExitCode.NOT_PRIMARY
              : ExitCode.FAILED;
    };
  }

  private static boolean isFenced(CompactionEvent event) {
    return switch (event.getReason()) {
      case "NotPrimary", "NoPrimary", "StaleTerm" -> true;
      default -> false;
    };
  }
}
