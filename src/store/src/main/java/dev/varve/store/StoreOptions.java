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
 * @param readCacheBytes of the heap, for records that are read often; {@link
 *     #READ_CACHE_AUTOMATIC}: a thirty-second part of the heap, at most 64 MiB; 0: none. A store in
 *     memory has none
 * @param runListBytesMax bytes of one compaction's run list, which every member keeps on its disk
 *     and other members copy before its edit: a run whose list would be longer is made in several
 *     edits, and refused with {@code RunListTooLong} if one segment's alone is; {@link
 *     #RUN_LIST_BYTES_MAX_DEFAULT}
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
    long readCacheBytes,
    long runListBytesMax,
    @Nullable Layout layout) {

  /** A ballast that suits the capacity or the disk. */
  public static final long BALLAST_AUTOMATIC = -1;

  /** A read cache that suits the heap. */
  public static final long READ_CACHE_AUTOMATIC = -1;

  /**
   * Some 25 million runs, copied in seconds. Members of earlier versions take no longer list: an
   * edit that names one would stop them for good.
   */
  public static final long RUN_LIST_BYTES_MAX_DEFAULT = 256L << 20;

  private static final long READ_CACHE_BYTES_MAX = 64 << 20;
  private static final int READ_CACHE_PART = 32;

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
    if (readCacheBytes < READ_CACHE_AUTOMATIC) {
      throw new IllegalArgumentException("readCacheBytes must not be negative: " + readCacheBytes);
    }
    if (runListBytesMax < 1 || runListBytesMax > RUN_LIST_BYTES_MAX_DEFAULT) {
      throw new IllegalArgumentException(
          "runListBytesMax must be from 1 to "
              + RUN_LIST_BYTES_MAX_DEFAULT
              + ": "
              + runListBytesMax);
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
        READ_CACHE_AUTOMATIC,
        RUN_LIST_BYTES_MAX_DEFAULT,
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
        READ_CACHE_AUTOMATIC,
        RUN_LIST_BYTES_MAX_DEFAULT,
        null);
  }

  /** The read cache's bytes, with {@link #READ_CACHE_AUTOMATIC} as a number. */
  long readCacheBytesMax() {
    if (layout == Layout.MEMORY) {
      return 0;
    }
    return readCacheBytes == READ_CACHE_AUTOMATIC
        ? Math.min(Runtime.getRuntime().maxMemory() / READ_CACHE_PART, READ_CACHE_BYTES_MAX)
        : readCacheBytes;
  }

  /** The same, with other keyspaces. Those that a directory has stay, named or not. */
  public StoreOptions withKeyspaces(List<KeyspaceOptions> others) {
    Draft draft = new Draft(this);
    draft.keyspaces = others;
    return draft.options();
  }

  /** The same, with so many bytes of the newest entries in memory, for members that are behind. */
  public StoreOptions withWindowBytesMax(long bytes) {
    Draft draft = new Draft(this);
    draft.windowBytesMax = bytes;
    return draft.options();
  }

  /** The same, with so many replaced entries kept at most for scans that are open. */
  public StoreOptions withSnapshotEntriesMax(int entries) {
    Draft draft = new Draft(this);
    draft.snapshotEntriesMax = entries;
    return draft.options();
  }

  /** The same, with a layout that a new directory gets and an old one must have; null: any. */
  public StoreOptions withLayout(@Nullable Layout other) {
    Draft draft = new Draft(this);
    draft.layout = other;
    return draft.options();
  }

  /** The same, with a capacity in bytes beyond which puts are refused; 0: none. */
  public StoreOptions withCapacityBytes(long bytes) {
    Draft draft = new Draft(this);
    draft.capacityBytes = bytes;
    return draft.options();
  }

  /**
   * The same, with so many bytes kept for a compaction of a full disk; 0: none; {@link
   * #BALLAST_AUTOMATIC}: by the capacity or the disk.
   */
  public StoreOptions withBallastBytes(long bytes) {
    Draft draft = new Draft(this);
    draft.ballastBytes = bytes;
    return draft.options();
  }

  /** The same, with so many files open at a time, at least 1. */
  public StoreOptions withOpenFilesMax(int files) {
    Draft draft = new Draft(this);
    draft.openFilesMax = files;
    return draft.options();
  }

  /** The same, with so many segments a keyspace, from 1 to {@link #SEGMENTS_MAX}. */
  public StoreOptions withSegmentsMax(int segments) {
    Draft draft = new Draft(this);
    draft.segmentsMax = segments;
    return draft.options();
  }

  /** The same, with another bound beyond which the manifest is rolled. */
  public StoreOptions withManifestBound(ManifestBound bound) {
    Draft draft = new Draft(this);
    draft.manifestBound = bound;
    return draft.options();
  }

  /**
   * The same, with so many bytes of memory for records that are read often; 0: none; {@link
   * #READ_CACHE_AUTOMATIC}: by the heap.
   */
  public StoreOptions withReadCacheBytes(long bytes) {
    Draft draft = new Draft(this);
    draft.readCacheBytes = bytes;
    return draft.options();
  }

  /** The same, with run lists of so many bytes at most. */
  public StoreOptions withRunListBytesMax(long bytes) {
    Draft draft = new Draft(this);
    draft.runListBytesMax = bytes;
    return draft.options();
  }

  /** All of another's options, to change one. */
  private static final class Draft {
    private List<KeyspaceOptions> keyspaces;
    private int groupBytesMax;
    private long uncommittedBytesMax;
    private long windowBytesMax;
    private int snapshotEntriesMax;
    private long capacityBytes;
    private long ballastBytes;
    private int openFilesMax;
    private int segmentsMax;
    private ManifestBound manifestBound;
    private long readCacheBytes;
    private long runListBytesMax;
    private @Nullable Layout layout;

    Draft(StoreOptions from) {
      keyspaces = from.keyspaces;
      groupBytesMax = from.groupBytesMax;
      uncommittedBytesMax = from.uncommittedBytesMax;
      windowBytesMax = from.windowBytesMax;
      snapshotEntriesMax = from.snapshotEntriesMax;
      capacityBytes = from.capacityBytes;
      ballastBytes = from.ballastBytes;
      openFilesMax = from.openFilesMax;
      segmentsMax = from.segmentsMax;
      manifestBound = from.manifestBound;
      readCacheBytes = from.readCacheBytes;
      runListBytesMax = from.runListBytesMax;
      layout = from.layout;
    }

    StoreOptions options() {
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
          readCacheBytes,
          runListBytesMax,
          layout);
    }
  }
}
