package dev.varve.store;

import dev.varve.store.format.CheckpointedSegment;
import dev.varve.store.format.KeydirCheckpointDamagedException;
import dev.varve.store.format.KeydirCheckpointPosition;
import dev.varve.store.format.KeydirCheckpointReader;
import dev.varve.store.format.KeydirCheckpointWriter;
import dev.varve.store.format.SegmentId;
import dev.varve.store.keydir.Keydir;
import dev.varve.store.keydir.Location;
import dev.varve.store.manifest.Edit;
import dev.varve.store.manifest.ManifestBase;
import dev.varve.store.manifest.ManifestSnapshot;
import dev.varve.store.manifest.ManifestState;
import dev.varve.store.recovery.CorruptionException;
import dev.varve.store.recovery.Recovery;
import dev.varve.store.segment.FileChecksum;
import dev.varve.store.storage.Storage;
import dev.varve.store.storage.StorageFile;
import java.io.IOException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Fills keydirs from their checkpoints ({@link KeydirCheckpoints}) where these fit the log. One
 * that does not fit, or is damaged, is a loss of time only.
 */
final class KeydirRestore {
  private static final System.Logger LOG = System.getLogger(KeydirRestore.class.getName());

  private final Storage storage;
  private final Recovery recovery;
  private final Map<String, Restored> restored = new HashMap<>();

  /**
   * A keydir that was there.
   *
   * @param covered the segments that need not be read
   * @param mark which manifest its file belongs to
   */
  record Restored(Set<SegmentId> covered, ManifestSnapshot.KeydirMark mark) {}

  KeydirRestore(Storage storage, Recovery recovery) {
    this.storage = storage;
    this.recovery = recovery;
  }

  /** By keyspace. */
  Map<String, Restored> restored() {
    return restored;
  }

  /** The keyspace's segments that need not be read. */
  Set<SegmentId> covered(String keyspace) {
    Restored known = restored.get(keyspace);
    return known == null ? Set.of() : known.covered();
  }

  /**
   * Opens all segments that the keyspace's checkpoint names, and loads its entries. Does nothing if
   * there is none that fits.
   *
   * @param sealed the keyspace's sealed segments
   * @return the segments by their ids; those that are not {@link #covered} are to be read as if
   *     nothing of them were known
   */
  Map<SegmentId, LiveSegment> restore(
      Keyspace keyspace,
      ManifestState.KeyspaceState state,
      List<Edit.SegmentFile> sealed,
      SegmentLoader loader)
      throws IOException {
    String path = KeydirCheckpointWriter.path(keyspace.name());
    if (!storage.exists(path)) {
      return Map.of();
    }
    try (StorageFile file = storage.open(path)) {
      KeydirCheckpointReader reader = new KeydirCheckpointReader(file, path);
      String misfit = misfit(reader, keyspace, state, sealed);
      if (misfit != null) {
        LOG.log(System.Logger.Level.DEBUG, "{0} is not used: {1}", path, misfit);
        return Map.of();
      }
      return load(reader, path, keyspace, sealed, loader);
    } catch (KeydirCheckpointDamagedException e) {
      LOG.log(System.Logger.Level.WARNING, "{0}; hints are read instead", e.getMessage());
      return Map.of();
    }
  }

  /** Why the checkpoint can't be used; null if it can. */
  private @Nullable String misfit(
      KeydirCheckpointReader reader,
      Keyspace keyspace,
      ManifestState.KeyspaceState state,
      List<Edit.SegmentFile> sealed)
      throws IOException {
    KeydirCheckpointPosition at = reader.position();
    if (reader.partitions() != keyspace.keydir().partitions()) {
      return "it has " + reader.partitions() + " partitions";
    }
    if (at.lastSequence() > recovery.committed()) {
      return "sequence " + at.lastSequence() + " is not known to be committed";
    }
    if (!isOfManifest(new ManifestSnapshot.KeydirMark(at.manifestLength(), at.manifestCrc()))) {
      return "it belongs to another manifest";
    }
    Set<SegmentId> files = new HashSet<>();
    sealed.forEach(known -> files.add(known.id()));
    Set<Integer> slots = new HashSet<>();
    for (CheckpointedSegment segment : reader.segments()) {
      boolean known =
          files.contains(segment.id())
              || (!segment.covered() && segment.id().equals(state.active()));
      if (!known) {
        return segment.id() + " was compacted since";
      }
      if (!slots.add(segment.slot())
          || segment.slot() < 0
          || segment.slot() > Location.SEGMENT_MAX) {
        return "slot " + segment.slot() + " is wrong";
      }
      if (!storage.exists(segment.id().logPath(keyspace.name()))) {
        return segment.id() + " is missing"; // which loading it will say with more words
      }
    }
    return null;
  }

  /** What was written before the manifest was rolled is told of by the roll. */
  private boolean isOfManifest(ManifestSnapshot.KeydirMark mark) throws IOException {
    ManifestBase base = recovery.manifestBase();
    if (base.keydirs().contains(mark)) {
      return true;
    }
    long length = base.inFile(mark.manifestLength());
    if (mark.manifestLength() < base.offset()
        || length > recovery.manifestLengthUpTo(recovery.committed())) {
      return false;
    }
    try (StorageFile manifest = storage.open(ManifestState.PATH)) {
      return FileChecksum.of(manifest, length) == mark.manifestCrc();
    }
  }

  private Map<SegmentId, LiveSegment> load(
      KeydirCheckpointReader reader,
      String path,
      Keyspace keyspace,
      List<Edit.SegmentFile> sealed,
      SegmentLoader loader)
      throws IOException {
    Map<SegmentId, Edit.SegmentFile> files = new HashMap<>();
    sealed.forEach(known -> files.put(known.id(), known));
    Map<SegmentId, LiveSegment> opened = new HashMap<>();
    Set<SegmentId> whole = new HashSet<>();
    for (CheckpointedSegment known : reader.segments()) {
      LiveSegment segment = loader.open(known.id(), files.get(known.id()), known.slot());
      opened.put(known.id(), segment);
      if (known.covered()) {
        segment.restore(known);
        whole.add(known.id());
      }
    }
    keyspace.restoreLastId(reader.position().lastId());
    for (int partition = 0; partition < reader.partitions(); partition++) {
      long[] words = ofCovered(reader.partition(), path, keyspace, whole);
      try {
        keyspace.keydir().restore(partition, words);
      } catch (IllegalArgumentException e) {
        throw broken(path, e.getMessage());
      }
      for (int i = 0; i < words.length; i += 2) {
        // When it expires is in its segment's own count.
        keyspace.account(null, 0, Keydir.location(words[i], words[i + 1]), 0);
      }
    }
    KeydirCheckpointPosition at = reader.position();
    restored.put(
        keyspace.name(),
        new Restored(
            whole, new ManifestSnapshot.KeydirMark(at.manifestLength(), at.manifestCrc())));
    return opened;
  }

  /** Entries of segments that are read again would only be met again there, without an expiry. */
  private static long[] ofCovered(
      long[] words, String path, Keyspace keyspace, Set<SegmentId> whole)
      throws CorruptionException {
    int kept = 0;
    for (int i = 0; i < words.length; i += 2) {
      Location location = Keydir.location(words[i], words[i + 1]);
      LiveSegment segment = keyspace.table().at(location.segment());
      if (segment == null) {
        throw broken(path, "an entry points to slot " + location.segment());
      }
      if (whole.contains(segment.id())) {
        words[kept++] = words[i];
        words[kept++] = words[i + 1];
      }
    }
    return kept == words.length ? words : Arrays.copyOf(words, kept);
  }

  /** Its checksum fits, so it was written like this: half of it is in use by now. */
  private static CorruptionException broken(String path, @Nullable String detail) {
    return new CorruptionException(
        path, 0, detail + "; without this file the store opens from its hints");
  }
}
