package dev.varve.node.rpc;

import dev.varve.protocol.v1.CompactionEvent;
import dev.varve.protocol.v1.Strategy;

/** Compaction events in the form that clients see. */
final class CompactionMessages {
  private CompactionMessages() {}

  /** The wire form of an event. */
  public static CompactionEvent message(dev.varve.store.CompactionEvent event, int shard) {
    return CompactionEvent.newBuilder()
        .setType(
            switch (event.type()) {
              case STARTED -> CompactionEvent.Type.STARTED;
              case PROGRESS -> CompactionEvent.Type.PROGRESS;
              case COMPLETED -> CompactionEvent.Type.COMPLETED;
              case FAILED -> CompactionEvent.Type.FAILED;
              case SKIPPED -> CompactionEvent.Type.SKIPPED;
            })
        .setRunId(event.runId())
        .setKeyspace(event.keyspace())
        .setTimeMs(event.timeMs())
        .addAllFiles(event.files())
        .setBytesBefore(event.bytesBefore())
        .setBytesAfter(event.bytesAfter())
        .setSpaceSaved(event.spaceSaved())
        .setDurationMs(event.durationMs())
        .setProgress(event.progress())
        .setRecordsScanned(event.recordsScanned())
        .setRecordsDropped(event.recordsDropped())
        .setFilesRewritten(event.filesRewritten())
        .setErrors(event.errors())
        .setReason(event.reason())
        .setMessage(event.message())
        .setTerm(event.term())
        .setId(event.id())
        .setShard(shard)
        .setStrategy(strategy(event.strategy()))
        .build();
  }

  static Strategy strategy(dev.varve.store.compaction.Strategy strategy) {
    return switch (strategy) {
      case REWRITE -> Strategy.STRATEGY_REWRITE;
      case LOOKUP -> Strategy.STRATEGY_LOOKUP;
      case SCAN -> Strategy.STRATEGY_SCAN;
      case SHIFT -> Strategy.STRATEGY_SHIFT;
      case NONE -> Strategy.STRATEGY_NONE;
    };
  }
}
