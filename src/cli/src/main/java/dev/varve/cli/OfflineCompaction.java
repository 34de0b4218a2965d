package dev.varve.cli;

import dev.varve.protocol.v1.CompactRequest;
import dev.varve.protocol.v1.CompactionEvent;
import dev.varve.store.CompactionRequest;
import dev.varve.store.KeyspaceStatus;
import dev.varve.store.LogListener;
import dev.varve.store.ShardLog;
import dev.varve.store.Store;
import dev.varve.store.StoreOptions;
import dev.varve.store.StoreRuntime;
import dev.varve.store.compaction.CancelToken;
import dev.varve.store.compaction.CompactionOptions;
import dev.varve.store.compaction.Strategy;
import dev.varve.store.storage.PosixStorage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;

/**
 * Compacts a store that no process has open, with the store's own compaction: opens it, leads it
 * alone, compacts, makes a checkpoint so that what was replaced goes, and closes it.
 */
final class OfflineCompaction {
  /** Replication's file that says whose directory it is, as lines {@code name=value}. */
  private static final String IDENTITY = "_r-member";

  private static final String FOUNDERS = "founders=";

  private final VarveCommand varve;
  private final Path directory;
  private final CompactRequest request;
  private final CancelToken cancel;

  OfflineCompaction(VarveCommand varve, Path directory, CompactRequest request) {
    this.varve = varve;
    this.directory = directory;
    this.request = request;
    this.cancel =
        request.getTimeoutMs() > 0
            ? CancelToken.withTimeout(
                System::nanoTime, TimeUnit.MILLISECONDS.toNanos(request.getTimeoutMs()))
            : CancelToken.unbounded();
  }

  /** Compacts these keyspaces, or all, one after the other. */
  void run(List<KeyspaceStrategy> wanted, CompactionReport report, RunOutcomes outcomes)
      throws IOException {
    PosixStorage storage = OfflineWork.writable(directory);
    var _ =
        OfflineWork.run(
            varve.invocation(),
            () -> {
              compact(storage, wanted, report, outcomes);
              return "";
            },
            () -> cancel.cancel(CancelToken.CANCELLED));
  }

  private void compact(
      PosixStorage storage,
      List<KeyspaceStrategy> wanted,
      CompactionReport report,
      RunOutcomes outcomes)
      throws IOException {
    requireNoMember(Files.exists(directory.resolve(IDENTITY)));
    // No keyspaces of its own: it must not add any to the store.
    StoreOptions options = StoreOptions.defaults().withKeyspaces(List.of());
    try (StoreRuntime runtime = StoreRuntime.threads("offline");
        Store store = Store.open(options, storage, runtime)) {
      ShardLog log = store.log();
      if (!log.state().membership().isEmpty()) {
        throw belongsToMember();
      }
      try {
        log.lead(log.state().last().term() + 1, LogListener.commitWhenDurable(log)).join();
        for (KeyspaceStrategy keyspace : wanted) {
          for (String name : names(store, keyspace)) {
            CompactionEvent end =
                message(
                    store.compact(
                        compaction(name, keyspace),
                        event -> {
                          if (!event.type().ends()) {
                            report.show(message(event));
                          }
                        },
                        cancel));
            report.show(end);
            outcomes.add(end);
          }
        }
        var _ = store.checkpoint().join(); // the replaced segments go with it
      } catch (CompletionException e) {
        if (e.getCause() instanceof IOException cause) {
          throw cause;
        }
        throw e;
      }
    }
  }

  /** Founders are named only where several members share a shard. */
  private void requireNoMember(boolean hasIdentity) throws IOException {
    if (hasIdentity
        && Files.readAllLines(directory.resolve(IDENTITY)).stream()
            .anyMatch(line -> line.startsWith(FOUNDERS) && line.length() > FOUNDERS.length())) {
      throw belongsToMember();
    }
  }

  private CommandFailure belongsToMember() {
    return new CommandFailure(
        directory
            + " belongs to a member of a replicated shard, whose primary alone compacts: use"
            + " varve compact with --endpoint",
        null);
  }

  private static List<String> names(Store store, KeyspaceStrategy wanted) {
    List<String> all = store.status().keyspaces().stream().map(KeyspaceStatus::name).toList();
    if (wanted.keyspace().isEmpty()) {
      return all;
    }
    if (!all.contains(wanted.keyspace())) {
      throw new UsageException("the store has no keyspace " + wanted.keyspace() + ", only " + all);
    }
    return List.of(wanted.keyspace());
  }

  private CompactionRequest compaction(String keyspace, KeyspaceStrategy wanted) {
    CompactionOptions defaults = CompactionOptions.defaults(keyspace);
    CompactionOptions options =
        new CompactionOptions(
            keyspace,
            strategy(wanted),
            request.hasMinDeadRatio() ? request.getMinDeadRatio() : defaults.minDeadRatio(),
            request.hasMinBytes() ? request.getMinBytes() : defaults.minBytes(),
            request.hasMinSpaceSaving() ? request.getMinSpaceSaving() : defaults.minSpaceSaving(),
            request.getMaxSegments(),
            request.getForce());
    return new CompactionRequest(
        request.getRunId(),
        options,
        request.getForceDelete(),
        request.getRateLimitBytesPerSecond());
  }

  private static Strategy strategy(KeyspaceStrategy wanted) {
    String name = wanted.strategy().name().substring("STRATEGY_".length());
    try {
      return name.equals("UNSPECIFIED") ? Strategy.REWRITE : Strategy.valueOf(name);
    } catch (IllegalArgumentException e) {
      throw new UsageException("this version has no strategy " + name.toLowerCase(Locale.ROOT), e);
    }
  }

  private static CompactionEvent message(dev.varve.store.CompactionEvent event) {
    return CompactionEvent.newBuilder()
        .setType(CompactionEvent.Type.valueOf(event.type().name()))
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
        .setStrategy(dev.varve.protocol.v1.Strategy.valueOf("STRATEGY_" + event.strategy().name()))
        .build();
  }
}
