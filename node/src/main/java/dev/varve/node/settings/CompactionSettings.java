package dev.varve.node.settings;

import dev.varve.store.compaction.Strategy;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * When and how the node compacts by itself, and the thresholds that a caller's absent ones take.
 *
 * @param enabled whether the node looks by itself; never on a replica or a managed node
 * @param interval between two looks
 * @param minDeadRatio least dead ratio of a keyspace, 0 to 1
 * @param minBytes least total bytes of a keyspace
 * @param type what a run does where its caller does not say
 * @param maxSegments most segments that may remain in a keyspace; null: no limit
 * @param objectsMaxSegments the same for the keyspace {@code objects}
 * @param forceDelete whether compacted segments go without waiting for a checkpoint
 */
public record CompactionSettings(
    boolean enabled,
    Duration interval,
    double minDeadRatio,
    long minBytes,
    Strategy type,
    @Nullable Integer maxSegments,
    @Nullable Integer objectsMaxSegments,
    boolean forceDelete) {

  /** The segments that may remain in {@code keyspace}; null: no limit. */
  public @Nullable Integer maxSegmentsOf(String keyspace) {
    return keyspace.equals("objects") ? objectsMaxSegments : maxSegments;
  }
}
