package dev.varve.store;

import dev.varve.store.manifest.Edit;
import dev.varve.store.manifest.ManifestState;
import dev.varve.store.segment.FileChecksum;
import dev.varve.store.storage.Storage;
import java.io.EOFException;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * Gets sealed segments that were damaged while the store is open from another member, by the
 * checksum that the manifest has of them. All members' segments are the same byte by byte, so what
 * the index says of one holds for the other. On threads that may block; one file at a time.
 */
final class DamageRepair {
  private static final System.Logger LOG = System.getLogger(DamageRepair.class.getName());

  private final Storage storage;
  private final Keyspaces keyspaces;
  private final Applied applied;
  private final Adoption adoption;

  DamageRepair(Storage storage, Keyspaces keyspaces, Applied applied, Adoption adoption) {
    this.storage = storage;
    this.keyspaces = keyspaces;
    this.applied = applied;
    this.adoption = adoption;
  }

  DamagedFiles damaged() {
    return keyspaces.damaged();
  }

  /** See {@link ShardLog#repair}. */
  synchronized void run(String path) throws IOException {
    for (Keyspace keyspace : keyspaces.all()) {
      for (LiveSegment segment : keyspace.table().all()) {
        if (segment.reader().path().equals(path) && segment.reader().tryAcquire()) {
          try {
            repair(keyspace, segment);
          } finally {
            segment.reader().release();
          }
          return;
        }
      }
    }
    damaged().forget(path); // compacted away, and nobody reads it any more
  }

  /** The reference that is held keeps the file's name from being deleted. */
  private void repair(Keyspace keyspace, LiveSegment segment) throws IOException {
    String path = segment.reader().path();
    if (!segment.sealed()) {
      throw new IOException(path + " is appended to: nobody can give it by itself");
    }
    Edit.SegmentFile sealed = sealed(keyspace, segment);
    if (sealed == null || isWhole(segment, sealed)) { // null: replaced for good, and about to go
      damaged().forget(path);
      return;
    }
    SegmentFetcher from = adoption.fetcher();
    if (from == null) {
      throw new IOException("no other member has " + path);
    }
    adoption.fetchFile(from, path, sealed.length(), sealed.crc());
    storage.syncDirectory(keyspace.name());
    segment.reader().replaceFile(storage.open(path));
    damaged().forget(path);
    LOG.log(System.Logger.Level.INFO, "got {0} anew: it is whole again", path);
  }

  private Edit.@Nullable SegmentFile sealed(Keyspace keyspace, LiveSegment segment) {
    applied.lock().lock();
    try {
      ManifestState.KeyspaceState known = applied.manifest().keyspaces().get(keyspace.name());
      return known == null ? null : Images.sealed(applied.manifest(), known).get(segment.id());
    } finally {
      applied.lock().unlock();
    }
  }

  private static boolean isWhole(LiveSegment segment, Edit.SegmentFile sealed) throws IOException {
    try {
      return FileChecksum.of(segment.reader().file(), sealed.length()) == sealed.crc();
    } catch (EOFException e) {
      return false;
    }
  }
}
