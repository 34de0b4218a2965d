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
 * @param openFilesMax files that the store has open at a time, at least 1; {@link
 *     #OPEN_FILES_MAX_DEFAULT}. Those it needs beyond that are closed while idle and opened again
 *     when they are used, which makes that call slower. More are open only while more than that are
 *     in use, or written and not yet synced. Does not apply to a {@link
 *     dev.varve.store.storage.MemoryStorage}, which needs no descriptors
 * @param segmentsMax segments of one keyspace, replaced ones included until a checkpoint lets them
 *     go, from 1 to {@link #SEGMENTS_MAX}; with as many, a leader refuses what would begin another
 *     one with {@link StoreFullException}. Deletes go on for a sixteenth more of them, and
 *     compaction has the room to double them
 * @param manifestBound when the manifest is rolled, which no group is written beside: {@link
 *     ManifestBound#DEFAULT}
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
    int openFilesMax,
    int segmentsMax,
    ManifestBound manifestBound,
    @Nullable Layout layout) {

  /** A ballast that suits the capacity or the disk. */
  public static final long BALLAST_AUTOMATIC = -1;

  /**
   * The files that a store has open at most unless one says otherwise. The JVM raises its limit to
   * the hard one of the system, which is 4,096 where it is small: three stores in a process then
   * leave a quarter of it to sockets, jars and logs. Segments of 64 MiB are 62 GiB before one of
   * them has to be opened again, and that costs a read an opening and a closing, not a failure.
   */
  public static final int OPEN_FILES_MAX_DEFAULT = 1000;

  /**
   * The most segments that a keyspace may be given. The index can tell {@link
   * dev.varve.store.keydir.Location#SEGMENT_MAX} and one more apart: a compaction of all of them
   * has its outputs beside its inputs, and deletes go on for a sixteenth more.
   */
  public static final int SEGMENTS_MAX = 480_000;

  /** Checks the sizes; the message names the field. */
  public StoreOptions {
    keyspaces = List.copyOf(keyspaces);
    if (capacityBytes < 0) {
      throw new IllegalArgumentException("capacityBytes must not be negative: " + capacityBytes);
    }
    if (ballastBytes < BALLAST_AUTOMATIC) {
      throw new IllegalArgumentException("ballastBytes must not be negative: " + ballastBytes);
    }
    if (openFilesMax < 1) {
      throw new IllegalArgumentException("openFilesMax must be at least 1: " + openFilesMax);
    }
    if (segmentsMax < 1 || segmentsMax > SEGMENTS_MAX) {
      throw new IllegalArgumentException(
          "segmentsMax must be from 1 to " + SEGMENTS_MAX + ": " + segmentsMax);
    }
  }

  /** With the layout that the directory has, no capacity, no ballast and the usual bounds. */
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
        OPEN_FILES_MAX_DEFAULT,
        SEGMENTS_MAX,
        ManifestBound.DEFAULT,
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
        OPEN_FILES_MAX_DEFAULT,
        SEGMENTS_MAX,
        ManifestBound.DEFAULT,
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
        openFilesMax,
        segmentsMax,
        manifestBound,
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
        openFilesMax,
        segmentsMax,
        manifestBound,
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
        openFilesMax,
        segmentsMax,
        manifestBound,
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
        openFilesMax,
        segmentsMax,
        manifestBound,
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
        openFilesMax,
        segmentsMax,
        manifestBound,
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
        openFilesMax,
        segmentsMax,
        manifestBound,
        layout);
  }

  public StoreOptions withOpenFilesMax(int files) {
    return new StoreOptions(
        keyspaces,
        groupBytesMax,
        uncommittedBytesMax,
        windowBytesMax,
        snapshotEntriesMax,
        capacityBytes,
        ballastBytes,
        files,
        segmentsMax,
        manifestBound,
        layout);
  }

  public StoreOptions withSegmentsMax(int segments) {
    return new StoreOptions(
        keyspaces,
        groupBytesMax,
        uncommittedBytesMax,
        windowBytesMax,
        snapshotEntriesMax,
        capacityBytes,
        ballastBytes,
        openFilesMax,
        segments,
        manifestBound,
        layout);
  }

  public StoreOptions withManifestBound(ManifestBound bound) {
    return new StoreOptions(
        keyspaces,
        groupBytesMax,
        uncommittedBytesMax,
        windowBytesMax,
        snapshotEntriesMax,
        capacityBytes,
        ballastBytes,
        openFilesMax,
        segmentsMax,
        bound,
        layout);
  }
}
