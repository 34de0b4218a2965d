package dev.varve.node.compaction;

import dev.varve.store.CompactionEvent;
import java.util.HashMap;
import java.util.Map;

/**
 * Keeps a keyspace whose runs fail or free little from being compacted again and again (pitfalls 8
 * and 15): after each such run the next 1, 2, 4 and at most {@value #LOOKS_MAX} looks pass it over;
 * a run that frees enough ends that. For one thread.
 */
final class LowYieldBackoff {
  /** The most looks that are passed over in a row. */
  static final int LOOKS_MAX = 16;

  private final double minSpaceSaving;
  private final Map<String, Waiting> waiting = new HashMap<>();

  /** Looks still to pass over, and how many there were after the last run. */
  private record Waiting(int left, int all) {}

  /**
   * @param minSpaceSaving the share of its bytes that a run must free to count as worth it
   */
  LowYieldBackoff(double minSpaceSaving) {
    this.minSpaceSaving = minSpaceSaving;
  }

  /** Whether this look leaves the keyspace alone. */
  boolean passesOver(String keyspace) {
    Waiting now = waiting.get(keyspace);
    if (now == null || now.left() == 0) {
      return false;
    }
    waiting.put(keyspace, new Waiting(now.left() - 1, now.all()));
    return true;
  }

  /** Takes note of a run's end; returns how many looks are passed over from now on. */
  int ended(CompactionEvent end) {
    boolean worthIt =
        end.type() == CompactionEvent.Type.COMPLETED
            && end.spaceSaved() >= minSpaceSaving * end.bytesBefore();
    if (worthIt || end.type() == CompactionEvent.Type.SKIPPED) {
      waiting.remove(end.keyspace());
      return 0;
    }
    return failed(end.keyspace());
  }

  /** Takes note of a run that freed nothing, whatever its end; returns the same. */
  int failed(String keyspace) {
    Waiting before = waiting.get(keyspace);
    int looks = before == null ? 1 : Math.min(2 * before.all(), LOOKS_MAX);
    waiting.put(keyspace, new Waiting(looks, looks));
    return looks;
  }
}
