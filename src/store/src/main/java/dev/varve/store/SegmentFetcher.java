package dev.varve.store;

import dev.varve.store.storage.StorageFile;
import java.io.IOException;

/** Brings a whole file from another member; adoption uses it when it can't rebuild one locally. */
@FunctionalInterface
public interface SegmentFetcher {
  /**
   * Writes the file into {@code into}, which is empty, from offset 0. The caller verifies length
   * and CRC, and syncs. Called on the maintenance executor; may block.
   *
   * @throws IOException when no member could give it; adoption tries again later
   */
  void fetch(String path, long length, int crc, StorageFile into) throws IOException;
}
