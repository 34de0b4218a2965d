package dev.varve.store;

import dev.varve.store.manifest.KeyspaceType;
import dev.varve.store.manifest.Layout;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How a store is opened.
 *
 * @param keyspaces that a leader adds where they are missing; those that exist stay as they are
 * @param groupBytesMax bytes after which a group is written without gathering more
 * @param uncommittedBytesMax bytes of written but uncommitted batches beyond which the writer waits
 *     for commits
 * @param windowBytesMax bytes of recent entries kept in memory for {@link ShardLog#read}
 * @param snapshotEntriesMax replaced locations kept for a scan before it is lost
 * @param capacityBytes bytes of segments, replaced ones included, beyond which a leader refuses
 *     what adds values with {@link StoreFullException}; deletes and compaction go on. 0: as many as
 *     the disk has
 * @param ballastBytes bytes of a file that is given up when a compaction or a checkpoint meets a
 *     full disk; {@link #BALLAST_AUTOMATIC}: 1 % of the capacity, or of the room on the disk, at
 *     most 64 MiB; 0: none
 * @param layout how records lie in the storage; null: as the directory has it, segmented where it
 *     is new. {@link Layout#MEMORY} goes with a {@link dev.varve.store.storage.MemoryStorage} only
 */
public record StoreOptions(
    List<KeyspaceOptions> keyspaces,
    int groupBytesMax,
    long uncommittedBytesMax,
    long windowBytesMax,
    int snapshotEntriesMax,
    long capacityBytes,
    long ballastBytes,
    @Nullable Layout layout) {

  /** A ballast that suits the capacity or the disk. */
  public static final long BALLAST_AUTOMATIC = -1;

  /** Checks the sizes; the message names the field. */
  public StoreOptions {
    keyspaces = List.copyOf(keyspaces);
    if (capacityBytes < 0) {
      throw new IllegalArgumentException("capacityBytes must not be negative: " + capacityBytes);
    }
    if (ballastBytes < BALLAST_AUTOMATIC) {
      throw new IllegalArgumentException("ballastBytes must not be negative: " + ballastBytes);
    }
  }

  /** With the layout that the directory has, no capacity and no ballast. */
  public StoreOptions(
      List<KeyspaceOptions> keyspaces,
      int groupBytesMax,
      long uncommittedBytesMax,
      long windowBytesMax,
      int snapshotEntriesMax) {
    this(
        keyspaces,
        groupBytesMax,
        uncommittedBytesMax,
        windowBytesMax,
        snapshotEntriesMax,
        0,
        0,
        null);
  }

  /**
   * Keyspaces {@code main} (64 MiB segments) and {@code objects} (256 MiB), usual bounds, no
   * capacity and no ballast.
   */
  public static StoreOptions defaults() {
    return new StoreOptions(
        List.of(
            new KeyspaceOptions("main", KeyspaceType.KEY_VALUE, 64L << 20),
            new KeyspaceOptions("objects", KeyspaceType.KEY_VALUE, 256L << 20)),
        4 << 20,
        64L << 20,
        32L << 20,
        1_000_000,
        0,
        0,
        null);
  }

  public StoreOptions withKeyspaces(List<KeyspaceOptions> others) {
    return new StoreOptions(
        others,
        groupBytesMax,
        uncommittedBytesMax,
        windowBytesMax,
        snapshotEntriesMax,
        capacityBytes,
        ballastBytes,
        layout);
  }

  public StoreOptions withWindowBytesMax(long bytes) {
    return new StoreOptions(
        keyspaces,
        groupBytesMax,
        uncommittedBytesMax,
        bytes,
        snapshotEntriesMax,
        capacityBytes,
        ballastBytes,
        layout);
  }

  public StoreOptions withSnapshotEntriesMax(int entries) {
    return new StoreOptions(
        keyspaces,
        groupBytesMax,
        uncommittedBytesMax,
        windowBytesMax,
        entries,
        capacityBytes,
        ballastBytes,
        layout);
  }

  public StoreOptions withLayout(@Nullable Layout other) {
    return new StoreOptions(
        keyspaces,
        groupBytesMax,
        uncommittedBytesMax,
        windowBytesMax,
        snapshotEntriesMax,
        capacityBytes,
        ballastBytes,
        other);
  }

  public StoreOptions withCapacityBytes(long bytes) {
    return new StoreOptions(
        keyspaces,
        groupBytesMax,
        uncommittedBytesMax,
        windowBytesMax,
        snapshotEntriesMax,
        bytes,
        ballastBytes,
        layout);
  }

  public StoreOptions withBallastBytes(long bytes) {
    return new StoreOptions(
        keyspaces,
        groupBytesMax,
        uncommittedBytesMax,
        windowBytesMax,
        snapshotEntriesMax,
        capacityBytes,
        bytes,
        layout);
  }
}
