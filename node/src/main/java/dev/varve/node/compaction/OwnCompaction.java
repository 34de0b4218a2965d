package dev.varve.node.compaction;

import dev.varve.node.settings.CompactionSettings;
import dev.varve.replication.Member;
import dev.varve.replication.MemberRole;
import dev.varve.replication.MemberStatus;
import dev.varve.replication.NotPrimaryException;
import dev.varve.replication.StaleTermException;
import dev.varve.store.CompactionBusyException;
import dev.varve.store.CompactionEvent;
import dev.varve.store.CompactionRequest;
import dev.varve.store.KeyspaceStatus;
import dev.varve.store.Store;
import dev.varve.store.StoreClosedException;
import dev.varve.store.WallClock;
import dev.varve.store.compaction.CancelToken;
import dev.varve.store.compaction.CompactionOptions;
import dev.varve.store.compaction.CompactionPlan;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Compaction that the node starts by itself where no operator schedules it: once in each interval
 * it plans every keyspace, while it is the primary, and runs what the thresholds ask for. Each
 * decision is one line in the log, with its figures; one that repeats the last is not logged again.
 */
public final class OwnCompaction implements AutoCloseable {
  private static final Logger LOG = Logger.getLogger(OwnCompaction.class);

  private final Member member;
  private final CompactionSettings settings;
  private final CompactionRuns runs;
  private final WallClock clock;
  private final ScheduledExecutorService executor =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("own-compaction").factory());
  private final Map<String, String> lastSkip = new HashMap<>();
  private final LowYieldBackoff backoff = new LowYieldBackoff(CompactionOptions.MIN_SPACE_SAVING);

  public OwnCompaction(
      Member member, CompactionSettings settings, CompactionRuns runs, WallClock clock) {
    this.member = member;
    this.settings = settings;
    this.runs = runs;
    this.clock = clock;
  }

  /** Looks for the first time after one interval. */
  public void start() {
    long seconds = settings.interval().toSeconds();
    var _ = executor.scheduleWithFixedDelay(this::look, seconds, seconds, TimeUnit.SECONDS);
  }

  private void look() {
    try {
      MemberStatus status = member.status();
      @Nullable Store store = member.store();
      if (status.role() != MemberRole.PRIMARY || !status.serving() || store == null) {
        return;
      }
      for (KeyspaceStatus keyspace : store.status().keyspaces()) {
        look(store, keyspace.name(), status.term());
      }
    } catch (RuntimeException e) {
      // Thrown on, it would end all later looks.
      LOG.error("looking for something to compact failed", e);
    }
  }

  private void look(Store store, String keyspace, long term) {
    try {
      CompactionOptions options = options(keyspace);
      CompactionPlan plan = store.plan(options);
      if (!plan.wouldCompact()) {
        skipped(keyspace, plan);
        return;
      }
      if (backoff.passesOver(keyspace)) {
        runs.looked(keyspace, false, "BackingOff");
        return;
      }
      runs.looked(keyspace, true, plan.reason());
      lastSkip.remove(keyspace);
      LOG.infof(
          "compacting %s: %s, expecting to free %d bytes by copying %d: %s",
          keyspace, plan.reason(), plan.expectedSpaceSaved(), plan.bytesToCopy(), plan.message());
      CompactionEvent end =
          runs.run(
              term,
              new CompactionRequest(
                  "own-" + term + "-" + clock.nowMs(), options, settings.forceDelete(), 0),
              event -> {},
              CancelToken.unbounded());
      LOG.infof(
          "compaction of %s %s %s: freed %d bytes in %d ms: %s",
          keyspace, end.type(), end.reason(), end.spaceSaved(), end.durationMs(), end.message());
      passOver(keyspace, backoff.ended(end));
    } catch (CompactionBusyException | NotPrimaryException | StaleTermException e) {
      LOG.infof("compaction of %s left to another: %s", keyspace, e.getMessage());
    } catch (StoreClosedException e) {
      LOG.infof("not compacting %s: the node stops", keyspace);
    } catch (IOException e) {
      LOG.errorf(e, "compaction of %s failed", keyspace);
      passOver(keyspace, backoff.failed(keyspace));
    }
  }

  private static void passOver(String keyspace, int looks) {
    if (looks > 0) {
      LOG.infof(
          "compaction of %s frees little or fails: the next %d looks pass it over",
          keyspace, looks);
    }
  }

  private void skipped(String keyspace, CompactionPlan plan) {
    runs.looked(keyspace, false, plan.reason());
    if (!plan.reason().equals(lastSkip.put(keyspace, plan.reason()))) {
      LOG.infof("not compacting %s: %s: %s", keyspace, plan.reason(), plan.message());
    }
  }

  private CompactionOptions options(String keyspace) {
    @Nullable Integer segmentsMax = settings.maxSegmentsOf(keyspace);
    return new CompactionOptions(
        keyspace,
        settings.type(),
        settings.minDeadRatio(),
        settings.minBytes(),
        CompactionOptions.MIN_SPACE_SAVING,
        segmentsMax == null ? 0 : segmentsMax,
        false);
  }

  /** No further look; a run under way is stopped by {@link CompactionRuns#close}. */
  @Override
  public void close() {
    executor.shutdown();
  }
}
