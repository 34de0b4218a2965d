package dev.varve.store;

import java.util.List;

/**
 * The store's figures at one moment.
 *
 * @param adoptionBacklog compactions committed but not yet adopted here
 * @param clockAheadMs by how much the wall clock is off, as the last decision that needed it saw
 *     it, while its word on ages is not taken; 0 while it is
 * @param openFiles files that the store has open now, see {@link StoreOptions#openFilesMax}; 0 of a
 *     store in memory
 * @param manifestBytes of the manifest's file, what is not committed left out
 * @param manifestRolls how often the manifest was rolled since the store was opened, see {@link
 *     ManifestBound}
 * @param readCache records that are read often
 * @param written since it was opened, of all keyspaces and beside them
 */
public record StoreStatus(
    LogState log,
    List<KeyspaceStatus> keyspaces,
    int adoptionBacklog,
    long clockAheadMs,
    int openFiles,
    long manifestBytes,
    long manifestRolls,
    ReadCacheStatus readCache,
    WrittenBytes written) {
  public StoreStatus {
    keyspaces = List.copyOf(keyspaces);
  }
}
