package dev.varve.cli;

import dev.varve.protocol.v1.CompactionEvent;
import dev.varve.protocol.v1.Strategy;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Locale;

/**
 * Prints compaction events: outcomes as lines on stdout, what is on the way as progress on stderr;
 * or all as JSON.
 */
final class CompactionReport implements AutoCloseable {
  private final VarveCommand varve;
  private final Progress progress;

  CompactionReport(VarveCommand varve) {
    this.varve = varve;
    this.progress = new Progress(varve.invocation(), "compact");
  }

  void show(CompactionEvent event) {
    if (varve.json()) {
      varve.invocation().out().println(JsonMessages.of(event));
      varve.invocation().out().flush();
      return;
    }
    switch (event.getType()) {
      case STARTED, PROGRESS ->
          progress.show(
              event.getProgress(),
              () ->
                  name(event)
                      + String.format(
                          Locale.ROOT, ", %,d records scanned", event.getRecordsScanned()));
      case COMPLETED, FAILED, SKIPPED, TYPE_UNSPECIFIED, UNRECOGNIZED -> {
        progress.clear();
        varve.invocation().out().println(describe(event));
        varve.invocation().out().flush();
      }
    }
  }

  /** One line that says what became of a run. */
  static String describe(CompactionEvent event) {
    String what = name(event);
    String why =
        event.getReason() + (event.getMessage().isEmpty() ? "" : ": " + event.getMessage());
    return switch (event.getType()) {
      case COMPLETED ->
          what
              + " completed: "
              + bytes(event)
              + " in "
              + TimeSpan.format(event.getDurationMs())
              + ", "
              + String.format(
                  Locale.ROOT,
                  "%,d of %,d records dropped",
                  event.getRecordsDropped(),
                  event.getRecordsScanned())
              + (event.getReason().isEmpty() ? "" : " (" + event.getReason() + ")");
      case FAILED -> what + " failed: " + why;
      case SKIPPED -> what + " skipped: " + why;
      case STARTED -> what + " started: " + ByteSize.format(event.getBytesBefore());
      case PROGRESS -> what + String.format(Locale.ROOT, " %.0f %%", 100 * event.getProgress());
      case TYPE_UNSPECIFIED, UNRECOGNIZED -> what + " " + why;
    };
  }

  private static String bytes(CompactionEvent event) {
    long before = event.getBytesBefore();
    double part = before == 0 ? 0 : 100.0 * event.getSpaceSaved() / before;
    return String.format(
        Locale.ROOT,
        "%s (%d bytes) -> %s (%d bytes), %s (%.0f %%) reclaimed",
        ByteSize.format(before),
        before,
        ByteSize.format(event.getBytesAfter()),
        event.getBytesAfter(),
        ByteSize.format(event.getSpaceSaved()),
        part);
  }

  private static String name(CompactionEvent event) {
    String keyspace = event.getKeyspace().isEmpty() ? "all keyspaces" : event.getKeyspace();
    return event.getShard() == 0 ? keyspace : "shard " + event.getShard() + " " + keyspace;
  }

  /** With when and which run it was, for a list of events. */
  static String describeWithTime(CompactionEvent event) {
    String strategy =
        event.getStrategy() == Strategy.STRATEGY_UNSPECIFIED
            ? ""
            : " "
                + RunOutcomes.camelCase(event.getStrategy().name().substring("STRATEGY_".length()));
    return Instant.ofEpochMilli(event.getTimeMs()).truncatedTo(ChronoUnit.SECONDS)
        + "  "
        + event.getRunId()
        + strategy
        + "  "
        + describe(event);
  }

  @Override
  public void close() {
    progress.clear();
  }
}
