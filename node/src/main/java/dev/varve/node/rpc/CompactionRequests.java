package dev.varve.node.rpc;

import dev.varve.node.settings.CompactionSettings;
import dev.varve.protocol.v1.CompactRequest;
import dev.varve.store.CompactionRequest;
import dev.varve.store.KeyspaceStatus;
import dev.varve.store.Store;
import dev.varve.store.compaction.CompactionOptions;
import dev.varve.store.compaction.Strategy;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Turns a request to compact into one for each keyspace it means. Thresholds that it leaves out are
 * the node's settings.
 */
final class CompactionRequests {
  private static final int RUN_ID_MAX = 253;

  private final CompactionSettings settings;

  CompactionRequests(CompactionSettings settings) {
    this.settings = settings;
  }

  /** Refuses what no keyspace could make sensible. */
  void check(CompactRequest request) throws RefusedException {
    ratio("min_dead_ratio", request.getMinDeadRatio());
    ratio("min_space_saving", request.getMinSpaceSaving());
    atLeastZero("min_bytes", request.getMinBytes());
    atLeastZero("rate_limit_bytes_per_second", request.getRateLimitBytesPerSecond());
    atLeastZero("timeout_ms", request.getTimeoutMs());
    if (request.getMaxSegments() < 0) {
      throw RefusedException.invalid("max_segments", "too large");
    }
    if (request.getRunId().length() > RUN_ID_MAX) {
      throw RefusedException.invalid("run_id", "longer than " + RUN_ID_MAX + " characters");
    }
    strategy(request);
  }

  /** The options for each keyspace that {@code request} means, in the order of the status. */
  List<CompactionOptions> options(CompactRequest request, Store store) throws RefusedException {
    List<CompactionOptions> options = new ArrayList<>();
    for (KeyspaceStatus keyspace : store.status().keyspaces()) {
      if (request.getKeyspace().isEmpty() || request.getKeyspace().equals(keyspace.name())) {
        options.add(options(request, keyspace.name()));
      }
    }
    if (options.isEmpty() && !request.getKeyspace().isEmpty()) {
      throw new RefusedException(
          Reason.UNKNOWN_KEYSPACE,
          "keyspace: there is none called " + request.getKeyspace(),
          Map.of("field", "keyspace"));
    }
    return options;
  }

  /** The same as runs of {@code runId}. */
  List<CompactionRequest> runs(CompactRequest request, String runId, Store store)
      throws RefusedException {
    return options(request, store).stream()
        .map(
            options ->
                new CompactionRequest(
                    runId,
                    options,
                    request.getForceDelete() || settings.forceDelete(),
                    request.getRateLimitBytesPerSecond()))
        .toList();
  }

  private CompactionOptions options(CompactRequest request, String keyspace)
      throws RefusedException {
    @Nullable Integer settingMax = settings.maxSegmentsOf(keyspace);
    int segmentsMax =
        request.hasMaxSegments() ? request.getMaxSegments() : settingMax == null ? 0 : settingMax;
    return new CompactionOptions(
        keyspace,
        strategy(request),
        request.hasMinDeadRatio() ? request.getMinDeadRatio() : settings.minDeadRatio(),
        request.hasMinBytes() ? request.getMinBytes() : settings.minBytes(),
        request.hasMinSpaceSaving()
            ? request.getMinSpaceSaving()
            : CompactionOptions.MIN_SPACE_SAVING,
        segmentsMax,
        request.getForce());
  }

  private Strategy strategy(CompactRequest request) throws RefusedException {
    return switch (request.getStrategy()) {
      case STRATEGY_UNSPECIFIED -> settings.type();
      case STRATEGY_REWRITE -> Strategy.REWRITE;
      case STRATEGY_LOOKUP -> Strategy.LOOKUP;
      case STRATEGY_SCAN -> Strategy.SCAN;
      case STRATEGY_SHIFT -> Strategy.SHIFT;
      case STRATEGY_NONE -> Strategy.NONE;
      case UNRECOGNIZED ->
          throw RefusedException.invalid(
              "strategy", "there is no strategy " + request.getStrategyValue());
    };
  }

  private static void ratio(String field, double value) throws RefusedException {
    if (!(value >= 0 && value <= 1)) {
      throw RefusedException.invalid(field, "must be from 0 to 1, not " + value);
    }
  }

  private static void atLeastZero(String field, long value) throws RefusedException {
    if (value < 0) {
      throw RefusedException.invalid(field, "must not be negative, not " + value);
    }
  }
}
