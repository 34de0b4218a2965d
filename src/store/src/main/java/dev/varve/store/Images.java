package dev.varve.store;

import dev.varve.store.format.SegmentId;
import dev.varve.store.manifest.Edit;
import dev.varve.store.manifest.ManifestBase;
import dev.varve.store.manifest.ManifestState;
import dev.varve.store.manifest.TermStart;
import dev.varve.store.storage.Storage;
import dev.varve.store.storage.StorageFile;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Takes images of the store at its applied sequence. */
final class Images {
  private final Storage storage;
  private final Keyspaces keyspaces;
  private final Applied applied;
  private final Adoption adoption;
  private final ManifestFile manifest;

  Images(
      Storage storage,
      Keyspaces keyspaces,
      Applied applied,
      Adoption adoption,
      ManifestFile manifest) {
    this.manifest = manifest;
    this.storage = storage;
    this.keyspaces = keyspaces;
    this.applied = applied;
    this.adoption = adoption;
  }

  /**
   * Pins what is committed.
   *
   * @throws dev.varve.store.recovery.CorruptionException if one of the files is known to be damaged
   */
  StoreImage take() throws IOException {
    List<LiveSegment> pinned = new ArrayList<>();
    List<ImageFile> files = new ArrayList<>();
    ManifestFile.Reading reading = manifest.read();
    try {
      LogState state = pin(files, pinned, reading.base());
      addFiles(files, pinned);
      for (ImageFile file : files) {
        keyspaces.damaged().require(file.path());
      }
      return new Pinned(state, files, pinned, reading);
    } catch (IOException | RuntimeException e) {
      pinned.forEach(segment -> segment.reader().release());
      reading.close();
      throw e;
    }
  }

  private LogState pin(List<ImageFile> files, List<LiveSegment> pinned, ManifestBase base) {
    applied.lock().lock();
    try {
      files.add(new ImageFile(ManifestState.PATH, base.inFile(applied.manifestLength())));
      for (ManifestState.KeyspaceState known : applied.manifest().keyspaces().values()) {
        Map<SegmentId, Edit.SegmentFile> sealed = sealed(applied.manifest(), known);
        for (LiveSegment segment : keyspaces.existing(known.name()).segments()) {
          if (!segment.reader().tryAcquire()) {
            throw new IllegalStateException(segment.reader().path() + " is retired but in use");
          }
          pinned.add(segment);
          files.add(imageFile(segment, sealed.get(segment.id())));
        }
      }
      return state();
    } finally {
      applied.lock().unlock();
    }
  }

  /** What is sealed, and what a compaction replaced: not adopted here, it still is what is read. */
  static Map<SegmentId, Edit.SegmentFile> sealed(
      ManifestState manifest, ManifestState.KeyspaceState keyspace) {
    Map<SegmentId, Edit.SegmentFile> sealed = new HashMap<>();
    keyspace.sealed().forEach(file -> sealed.put(file.id(), file));
    for (ManifestState.SequencedCompaction compaction : manifest.compactions()) {
      if (compaction.edit().keyspace().equals(keyspace.name())) {
        compaction.inputs().forEach(file -> sealed.put(file.id(), file));
      }
    }
    return sealed;
  }

  private static ImageFile imageFile(LiveSegment segment, Edit.@Nullable SegmentFile sealed) {
    long length = segment.committedLength();
    boolean told = sealed != null && segment.sealed() && sealed.length() == length;
    @Nullable Integer crc = sealed != null && told ? (Integer) sealed.crc() : null;
    return new ImageFile(segment.reader().path(), length, crc);
  }

  private LogState state() {
    List<TermStart> starts = applied.manifest().termStarts();
    return new LogState(
        new LogPosition(applied.term(), applied.sequence()),
        applied.sequence(),
        applied.sequence(),
        starts,
        applied.manifest().membership(),
        false,
        false);
  }

  /** Hints, which save the receiver reading the segments, and run lists not yet adopted here. */
  private void addFiles(List<ImageFile> files, List<LiveSegment> pinned) throws IOException {
    for (LiveSegment segment : pinned) {
      String log = segment.reader().path();
      String keyspace = log.substring(0, log.indexOf('/'));
      if (segment.sealed()) {
        addIfPresent(files, segment.id().hintPath(keyspace), null);
      }
    }
    for (Edit.Compaction compaction : adoption.queued()) {
      addIfPresent(files, compaction.runs().runsPath(compaction.keyspace()), compaction.runsCrc());
    }
  }

  private void addIfPresent(List<ImageFile> files, String path, @Nullable Integer crc)
      throws IOException {
    if (storage.exists(path)) {
      try (StorageFile file = storage.open(path)) {
        files.add(new ImageFile(path, file.size(), crc));
      }
    }
  }

  private static final class Pinned implements StoreImage {
    private final LogState state;
    private final List<ImageFile> files;
    private final List<LiveSegment> pinned;
    private final ManifestFile.Reading manifest;
    private boolean closed;

    Pinned(
        LogState state,
        List<ImageFile> files,
        List<LiveSegment> pinned,
        ManifestFile.Reading manifest) {
      this.manifest = manifest;
      this.state = state;
      this.files = List.copyOf(files);
      this.pinned = pinned;
    }

    @Override
    public LogState state() {
      return state;
    }

    @Override
    public List<ImageFile> files() {
      return files;
    }

    @Override
    public synchronized void close() {
      if (!closed) {
        closed = true;
        pinned.forEach(segment -> segment.reader().release());
        manifest.close();
      }
    }
  }
}
