package dev.varve.replication;

import dev.varve.store.ShardLog;
import dev.varve.store.Store;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Mends what this member's open store has found damaged: a sealed segment is fetched from whichever
 * member has it whole, while reads go on. What nobody can give so, a replica gets by copying the
 * primary's files; a primary first hands over. On the scheduler.
 */
final class SelfRepair {
  private static final Duration INTERVAL = Duration.ofMillis(500);

  /** Between two hand-overs that fail: each may hold writes up for a moment. */
  private static final Duration HAND_OVER_PAUSE = Duration.ofSeconds(30);

  /** Of fetching one file, before all that differs is copied. */
  private static final int TRIES_MAX = 5;

  private final LocalMember me;
  private final Map<String, Integer> tries = new HashMap<>();
  private SortedMap<String, String> damaged = new TreeMap<>();
  private boolean busy;
  private long mayHandOverNanos;

  SelfRepair(LocalMember me) {
    this.me = me;
    this.mayHandOverNanos = me.thread.nowNanos();
  }

  void start() {
    look();
    Scheduler.Cancellable _ = me.thread.after(INTERVAL, this::start);
  }

  /** For people; empty while all is well. */
  String detail() {
    return damaged.isEmpty()
        ? ""
        : "; %d damaged, the first: %s".formatted(damaged.size(), damaged.get(damaged.firstKey()));
  }

  private void look() {
    Store store = me.store();
    if (busy || store == null || me.role() instanceof Stopped) {
      return;
    }
    ShardLog log = store.log();
    damaged = new TreeMap<>(log.damaged());
    tries.keySet().retainAll(damaged.keySet());
    if (log.poisonedByDamage()) {
      copyAll();
      return;
    }
    for (String path : damaged.keySet()) {
      if (tries.getOrDefault(path, 0) < TRIES_MAX) {
        busy = true;
        me.thread.blocking(
            () -> {
              log.repair(path);
              return path;
            },
            mended -> {
              busy = false;
              me.note(System.Logger.Level.INFO, path + " was damaged, and is whole again");
              me.changed();
            },
            failure -> {
              busy = false;
              tries.merge(path, 1, Integer::sum);
              me.note(System.Logger.Level.WARNING, "could not repair " + path + ": " + failure);
            });
        return;
      }
    }
    if (!damaged.isEmpty()) {
      copyAll();
    }
  }

  /** Only a replica can: whoever leads lets another one lead first, and until then goes on. */
  private void copyAll() {
    long now = me.thread.nowNanos();
    if (me.role() instanceof Primary leading
        && !leading.isHandingOver()
        && now - mayHandOverNanos >= 0) {
      mayHandOverNanos = now + HAND_OVER_PAUSE.toNanos();
      me.thread.when(
          leading.stepDown(null),
          handed -> me.note(System.Logger.Level.INFO, "handed over, to repair what is damaged"),
          failure -> {});
    }
    MemberId primary = me.primary();
    if (me.role() instanceof Follower follower && primary != null) {
      follower.copyForDamage(primary);
    }
  }
}
