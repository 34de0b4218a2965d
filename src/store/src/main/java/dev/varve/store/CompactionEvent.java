package dev.varve.store;

import dev.varve.store.compaction.Strategy;
import java.util.List;

/**
 * What a compaction of one keyspace began, is at, or ended as.
 *
 * @param id counts the events of this store, from 1; 0 while it has none (progress is not kept)
 * @param runId the caller's name of the run; the same for all keyspaces of a call
 * @param timeMs wall-clock milliseconds since 1970
 * @param files the inputs' paths
 * @param bytesBefore record bytes of the keyspace before the run
 * @param bytesAfter record bytes of the keyspace after it; as before unless completed
 * @param spaceSaved bytes that the keyspace became smaller by
 * @param durationMs milliseconds since the run began
 * @param progress 0 to 1
 * @param recordsScanned records read
 * @param recordsDropped those of them that were not copied
 * @param filesRewritten inputs that were taken out of the store
 * @param errors 1 if it failed
 * @param reason a stable CamelCase word, such as {@code Compacted}, {@code BelowThreshold} or
 *     {@code DiskFull}
 * @param message the same for a person, with the figures
 * @param term the term in which it ran
 */
public record CompactionEvent(
    long id,
    Type type,
    String runId,
    String keyspace,
    Strategy strategy,
    long timeMs,
    List<String> files,
    long bytesBefore,
    long bytesAfter,
    long spaceSaved,
    long durationMs,
    double progress,
    long recordsScanned,
    long recordsDropped,
    int filesRewritten,
    int errors,
    String reason,
    String message,
    long term) {

  /** What an event tells of; the last three end a run. */
  public enum Type {
    /** The run was let in. */
    STARTED,
    /** The run goes on. */
    PROGRESS,
    /** The inputs were replaced. */
    COMPLETED,
    /** The run was rolled back. */
    FAILED,
    /** There was nothing to do, or something forbade it. */
    SKIPPED;

    /** Whether no further event of the run and keyspace follows. */
    public boolean ends() {
      return switch (this) {
        case STARTED, PROGRESS -> false;
        case COMPLETED, FAILED, SKIPPED -> true;
      };
    }
  }

  /** Copies the list. */
  public CompactionEvent {
    files = List.copyOf(files);
  }

  /** The same event under a number. */
  CompactionEvent withId(long number) {
    return new CompactionEvent(
        number,
        type,
        runId,
        keyspace,
        strategy,
        timeMs,
        files,
        bytesBefore,
        bytesAfter,
        spaceSaved,
        durationMs,
        progress,
        recordsScanned,
        recordsDropped,
        filesRewritten,
        errors,
        reason,
        message,
        term);
  }
}
