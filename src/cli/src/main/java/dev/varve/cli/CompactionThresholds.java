package dev.varve.cli;

import dev.varve.protocol.v1.CompactRequest;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/**
 * The options that {@code compact} and {@code plan} share: what makes a compaction worth it.
 * Absent: the node's settings.
 */
final class CompactionThresholds {
  @Option(names = "--min-dead-ratio", paramLabel = "R", description = "Least dead ratio, 0 to 1")
  private @Nullable Double minDeadRatio;

  @Option(
      names = "--min-bytes",
      paramLabel = "SIZE",
      description = "Least total bytes of the keyspace, as in 10Mi or 10MB")
  private @Nullable ByteSize minBytes;

  @Option(
      names = "--min-space-saving",
      paramLabel = "R",
      description = "Skip a run that would save less than this part, 0 to 1")
  private @Nullable Double minSpaceSaving;

  @Option(
      names = "--max-segments",
      paramLabel = "N",
      description = "At most this many segments remain; more also trigger a run")
  private @Nullable Integer maxSegments;

  @Option(names = "--force", description = "Thresholds aside (not safety)")
  private boolean force;

  CompactRequest.Builder request() {
    CompactRequest.Builder request = CompactRequest.newBuilder().setForce(force);
    if (minDeadRatio != null) {
      request.setMinDeadRatio(ratio("--min-dead-ratio", minDeadRatio));
    }
    if (minBytes != null) {
      request.setMinBytes(minBytes.bytes());
    }
    if (minSpaceSaving != null) {
      request.setMinSpaceSaving(ratio("--min-space-saving", minSpaceSaving));
    }
    if (maxSegments != null) {
      if (maxSegments < 1) {
        throw new UsageException("--max-segments " + maxSegments + " is not positive");
      }
      request.setMaxSegments(maxSegments);
    }
    return request;
  }

  private static double ratio(String option, double value) {
    if (!(value >= 0 && value <= 1)) {
      throw new UsageException(option + " " + value + " is not between 0 and 1");
    }
    return value;
  }
}
