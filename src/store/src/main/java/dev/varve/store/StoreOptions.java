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
 * @param layout how records lie in the storage; null: as the directory has it, segmented where it
 *     is new. {@link Layout#MEMORY} goes with a {@link dev.varve.store.storage.MemoryStorage} only
 */
public record StoreOptions(
    List<KeyspaceOptions> keyspaces,
    int groupBytesMax,
    long uncommittedBytesMax,
    long windowBytesMax,
    int snapshotEntriesMax,
    @Nullable Layout layout) {
  public StoreOptions {
    keyspaces = List.copyOf(keyspaces);
  }

  /** With the layout that the directory has. */
  public StoreOptions(
      List<KeyspaceOptions> keyspaces,
      int groupBytesMax,
      long uncommittedBytesMax,
      long windowBytesMax,
      int snapshotEntriesMax) {
    this(keyspaces, groupBytesMax, uncommittedBytesMax, windowBytesMax, snapshotEntriesMax, null);
  }

  /** Keyspaces {@code main} (64 MiB segments) and {@code objects} (256 MiB), and usual bounds. */
  public static StoreOptions defaults() {
    return new StoreOptions(
        List.of(
            new KeyspaceOptions("main", KeyspaceType.KEY_VALUE, 64L << 20),
            new KeyspaceOptions("objects", KeyspaceType.KEY_VALUE, 256L << 20)),
        4 << 20,
        64L << 20,
        32L << 20,
        1_000_000);
  }

  public StoreOptions withKeyspaces(List<KeyspaceOptions> others) {
    return new StoreOptions(
        others, groupBytesMax, uncommittedBytesMax, windowBytesMax, snapshotEntriesMax, layout);
  }

  public StoreOptions withWindowBytesMax(long bytes) {
    return new StoreOptions(
        keyspaces, groupBytesMax, uncommittedBytesMax, bytes, snapshotEntriesMax, layout);
  }

  public StoreOptions withSnapshotEntriesMax(int entries) {
    return new StoreOptions(
        keyspaces, groupBytesMax, uncommittedBytesMax, windowBytesMax, entries, layout);
  }

  public StoreOptions withLayout(@Nullable Layout other) {
    return new StoreOptions(
        keyspaces, groupBytesMax, uncommittedBytesMax, windowBytesMax, snapshotEntriesMax, other);
  }
}
