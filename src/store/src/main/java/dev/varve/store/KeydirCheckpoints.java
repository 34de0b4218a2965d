package dev.varve.store;

import dev.varve.store.format.CheckpointedSegment;
import dev.varve.store.format.KeydirCheckpointPosition;
import dev.varve.store.format.KeydirCheckpointWriter;
import dev.varve.store.format.SegmentId;
import dev.varve.store.manifest.ManifestBase;
import dev.varve.store.manifest.ManifestSnapshot;
import dev.varve.store.manifest.ManifestState;
import dev.varve.store.recovery.DurableMark;
import dev.varve.store.segment.FileChecksum;
import dev.varve.store.storage.Storage;
import dev.varve.store.storage.StorageFile;
import java.io.IOException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Writes keydirs to files while the log goes on, so that the next open need not build them. On the
 * maintenance thread, which is also the one that moves and drops entries: what changes a keydir
 * meanwhile is records that are applied.
 *
 * <p>Sub-tables are copied one after the other. So entries may be of any sequence between the first
 * one, up to which all is in, and the last one. Records after the first are read again at an open,
 * from segments that were not sealed then; an open that does not know the last one to be committed
 * does not use the file, since it would show half of a batch.
 */
final class KeydirCheckpoints {
  private final Storage storage;
  private final Keyspaces keyspaces;
  private final Applied applied;
  private final Published published;
  private final DurableMark mark;
  private final Adoption adoption;
  private final ManifestFile manifest;

  /** Of the files that are there, by keyspace. */
  private final Map<String, ManifestSnapshot.KeydirMark> marks = new ConcurrentHashMap<>();

  /** The segments that the file of a keyspace covers. */
  private final Map<String, Set<SegmentId>> covered = new HashMap<>();

  KeydirCheckpoints(
      Storage storage,
      Keyspaces keyspaces,
      Applied applied,
      Published published,
      DurableMark mark,
      Adoption adoption,
      ManifestFile manifest) {
    this.manifest = manifest;
    this.storage = storage;
    this.keyspaces = keyspaces;
    this.applied = applied;
    this.published = published;
    this.mark = mark;
    this.adoption = adoption;
  }

  /** A file was read. */
  void restored(String keyspace, KeydirRestore.Restored restored) {
    covered.put(keyspace, Set.copyOf(restored.covered()));
    marks.put(keyspace, restored.mark());
  }

  /** Which manifest the files belong to; any thread. */
  List<ManifestSnapshot.KeydirMark> marks() {
    return List.copyOf(marks.values());
  }

  /**
   * Writes the keydirs for which that pays: at least as many bytes of sealed segments came since
   * the last time as the keydir has, so that all of this writes no more than the log does.
   *
   * @throws IOException if a file could not be written; the one before is still there
   */
  void writeDue() throws IOException {
    for (Keyspace keyspace : keyspaces.all()) {
      if (isDue(keyspace)) {
        write(keyspace);
      }
    }
  }

  private boolean isDue(Keyspace keyspace) {
    long uncovered = 0;
    Set<SegmentId> missing = new HashSet<>(covered.getOrDefault(keyspace.name(), Set.of()));
    applied.lock().lock();
    try {
      long sealed = 0;
      for (LiveSegment segment : keyspace.segments()) {
        if (segment.sealed()) {
          sealed += segment.committedLength();
          uncovered += missing.remove(segment.id()) ? 0 : segment.committedLength();
        }
      }
      if (!missing.isEmpty()) {
        uncovered = sealed; // a compaction took what the file points to: it is of no use
      }
    } finally {
      applied.lock().unlock();
    }
    return uncovered > 0 && uncovered >= keyspace.keydir().bytes();
  }

  private void write(Keyspace keyspace) throws IOException {
    String path = KeydirCheckpointWriter.path(keyspace.name());
    String temporary = path + SegmentId.TEMPORARY_SUFFIX;
    if (storage.exists(temporary)) {
      storage.delete(temporary);
    }
    Set<SegmentId> written = new HashSet<>();
    try (ManifestFile.Reading reading = manifest.read()) {
      ManifestSnapshot.KeydirMark belongsTo;
      try (StorageFile file = storage.create(temporary)) {
        belongsTo = fill(file, keyspace, written, reading.base());
      }
      if (belongsTo != null) {
        // Before the file has its name: a roll that comes then must tell of it.
        marks.put(keyspace.name(), belongsTo);
        storage.rename(temporary, path);
        storage.syncDirectory(keyspace.name());
        covered.put(keyspace.name(), written);
      } else {
        storage.delete(temporary);
      }
    } catch (IOException | RuntimeException e) {
      if (storage.exists(temporary)) {
        storage.delete(temporary);
      }
      throw e;
    }
  }

  /**
   * Fills and syncs a file; null if what it holds may not be used, which a later try may mend.
   *
   * @param base of the manifest, which stays while this is at work
   */
  private ManifestSnapshot.@Nullable KeydirMark fill(
      StorageFile file, Keyspace keyspace, Set<SegmentId> written, ManifestBase base)
      throws IOException {
    long first;
    long manifestLength;
    applied.lock().lock();
    try {
      if (adoption.backlog() > 0) {
        return null; // entries still point to what a committed compaction replaced
      }
      first = applied.sequence();
      manifestLength = applied.manifestLength();
      keyspace.segments().stream()
          .filter(LiveSegment::sealed)
          .map(LiveSegment::id)
          .forEach(written::add);
    } finally {
      applied.lock().unlock();
    }
    KeydirCheckpointWriter writer = new KeydirCheckpointWriter(file);
    for (int partition = 0; partition < keyspace.keydir().partitions(); partition++) {
      writer.partition(keyspace.keydir().words(partition));
    }
    long last;
    long lastId;
    List<CheckpointedSegment> segments;
    applied.lock().lock();
    try {
      last = applied.sequence();
      lastId = keyspace.lastId();
      segments =
          keyspace.segments().stream()
              .map(segment -> segment.checkpointed(written.contains(segment.id())))
              .toList();
    } finally {
      applied.lock().unlock();
    }
    int manifestCrc = crc(base.inFile(manifestLength));
    writer.finish(
        new KeydirCheckpointPosition(first, last, manifestLength, manifestCrc, lastId), segments);
    LogState state = published.state();
    if (state.poisoned() || state.last().sequence() < last) {
      return null; // a follower applies what others made durable, maybe before it has itself
    }
    file.sync();
    mark.confirm(last);
    return new ManifestSnapshot.KeydirMark(manifestLength, manifestCrc);
  }

  private int crc(long fileLength) throws IOException {
    try (StorageFile file = storage.open(ManifestState.PATH)) {
      return FileChecksum.of(file, fileLength);
    }
  }
}
