package dev.varve.store;

import dev.varve.store.format.RecordCodec;
import dev.varve.store.format.RecordKind;
import dev.varve.store.format.SegmentId;
import dev.varve.store.format.TemporaryFolder;
import dev.varve.store.keydir.Hash;
import dev.varve.store.keydir.Location;
import dev.varve.store.manifest.Edit;
import dev.varve.store.manifest.InconsistentEditException;
import dev.varve.store.manifest.Layout;
import dev.varve.store.manifest.ManifestBase;
import dev.varve.store.manifest.ManifestState;
import dev.varve.store.manifest.RecordedEdit;
import dev.varve.store.recovery.CorruptionException;
import dev.varve.store.recovery.DurableMark;
import dev.varve.store.recovery.Installation;
import dev.varve.store.recovery.Orphans;
import dev.varve.store.recovery.Recovery;
import dev.varve.store.recovery.TailRecord;
import dev.varve.store.recovery.TailSink;
import dev.varve.store.segment.SegmentReader;
import dev.varve.store.segment.SegmentWriter;
import dev.varve.store.storage.Storage;
import dev.varve.store.storage.StorageFile;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Turns a directory into the parts of an open store: recovers the log, loads the index up to what
 * is committed, keeps the rest of the log to be applied when it is.
 */
final class Opening implements TailSink {
  private static final System.Logger LOG = System.getLogger(Opening.class.getName());

  private final Storage storage;
  private final DurableMark mark;
  private final Recovery recovery;
  private final @Nullable Layout wanted;
  private final Keyspaces keyspaces;
  private final KeydirRestore keydirs;
  private final Installation installation;
  private final List<HintWanted> hints = new ArrayList<>();
  private final List<Uncommitted> uncommitted = new ArrayList<>();
  private final Map<String, LiveSegment> tails = new LinkedHashMap<>();

  /** An entry of the tail that is not known to be committed: a batch's records or an edit. */
  private record Uncommitted(
      long sequence,
      long term,
      List<TailRecord> records,
      @Nullable RecordedEdit edit,
      long offset,
      int length) {}

  /** What an open store is made of. */
  record Parts(
      Keyspaces keyspaces,
      LogTail tail,
      Applied applied,
      Installation installation,
      List<HintWanted> hints,
      Map<String, KeydirRestore.Restored> keydirs,
      ManifestBase manifestBase) {}

  /** A sealed segment without a good hint. */
  record HintWanted(Keyspace keyspace, LiveSegment segment, Edit.SegmentFile file) {}

  private Opening(Storage storage, DurableMark mark, Recovery recovery, StoreOptions options)
      throws IOException {
    this.storage = storage;
    this.mark = mark;
    this.recovery = recovery;
    this.wanted = options.layout();
    this.keyspaces =
        new Keyspaces(
            options.snapshotEntriesMax(),
            options.segmentsMax(),
            new RecordCache(options.readCacheBytesMax()));
    this.keydirs = new KeydirRestore(storage, recovery);
    this.installation = Installation.of(recovery.committedState(), storage);
  }

  static Parts open(Storage storage, DurableMark mark, StoreOptions options) throws IOException {
    try (Recovery recovery = Recovery.begin(storage, mark)) {
      Opening opening = new Opening(storage, mark, recovery, options);
      try {
        return opening.open();
      } catch (IOException | RuntimeException e) {
        opening.keyspaces.closeAll();
        throw e;
      }
    }
  }

  private Parts open() throws IOException {
    ManifestState committed = recovery.committedState();
    for (ManifestState.KeyspaceState state : committed.keyspaces().values()) {
      Keyspace keyspace = keyspaces.add(state.name(), state.type(), state.segmentBytes());
      keyspace.cutOff(state.cutOff());
      load(keyspace, state);
    }
    recovery.replayTail(this);
    requireLayout(committed);
    if (recovery.kept() == 0) {
      rejectSegmentsWithoutManifest();
    }
    recovery.settle(mark);
    Parts parts = assemble(committed);
    deleteOrphans(committed);
    return parts;
  }

  private void load(Keyspace keyspace, ManifestState.KeyspaceState state) throws IOException {
    List<Edit.SegmentFile> all = installation.sealed(state.name());
    SegmentLoader loader = new SegmentLoader(storage, keyspace, recovery::missing);
    Map<SegmentId, LiveSegment> opened = keydirs.restore(keyspace, state, all, loader);
    Set<SegmentId> covered = keydirs.covered(state.name());
    for (Edit.SegmentFile sealed : all) {
      LiveSegment segment = opened.get(sealed.id());
      if (segment != null && covered.contains(sealed.id())) {
        segment.seal(sealed.length());
        keyspace.segments().add(segment);
      } else if (!(segment == null ? loader.load(sealed) : loader.load(sealed, segment))) {
        hints.add(new HintWanted(keyspace, keyspace.segments().getLast(), sealed));
      }
    }
    SegmentId active = state.active();
    if (active != null) {
      LiveSegment segment = opened.get(active);
      if (segment != null) {
        tails.put(active.logPath(keyspace.name()), segment);
      }
      LiveSegment opening = segment == null ? openTail(keyspace, active) : segment;
      Edit.SegmentFile base = state.activeBase();
      if (base != null && base.length() > 0 && !loader.loadBase(base, opening)) {
        hints.add(new HintWanted(keyspace, opening, base));
      }
      keyspace.segments().add(opening);
    }
  }

  /** A directory keeps the layout that it was made with; one without a keyspace has none yet. */
  private void requireLayout(ManifestState committed) throws LayoutMismatchException {
    Layout made = committed.layout();
    boolean known = !committed.keyspaces().isEmpty() || made != Layout.SEGMENTED;
    for (Uncommitted entry : uncommitted) {
      RecordedEdit edit = entry.edit();
      if (edit != null && edit.edit() instanceof Edit.LayoutChosen chosen) {
        made = chosen.layout();
        known = true;
      }
      known |= edit != null && edit.edit() instanceof Edit.KeyspaceAdded;
    }
    Layout wanted = this.wanted == Layout.MEMORY ? Layout.SEGMENTED : this.wanted;
    if (known && wanted != null && wanted != made) {
      throw new LayoutMismatchException(made, wanted);
    }
  }

  /** An empty manifest beside records is a lost manifest, not a new store. */
  private void rejectSegmentsWithoutManifest() throws IOException {
    for (String name : storage.list("")) {
      if (!KeyspaceOptions.isName(name)) {
        continue;
      }
      for (String file : storage.list(name)) {
        String path = name + '/' + file;
        if (file.endsWith(SegmentId.LOG_SUFFIX) && length(path) > 0) {
          throw new CorruptionException(
              ManifestState.PATH, 0, "the manifest is empty but " + path + " is not");
        }
      }
    }
  }

  private long length(String path) throws IOException {
    try (StorageFile file = storage.open(path)) {
      return file.size();
    }
  }

  private LiveSegment openTail(Keyspace keyspace, SegmentId id) throws IOException {
    String path = id.logPath(keyspace.name());
    LiveSegment segment =
        keyspace.table().add(id, () -> new SegmentReader(storage.open(path), path));
    tails.put(path, segment);
    return segment;
  }

  @Override
  public void batch(long sequence, long term, List<TailRecord> records) throws IOException {
    if (sequence > recovery.committed()) {
      uncommitted.add(new Uncommitted(sequence, term, records, null, 0, 0));
      return;
    }
    for (TailRecord record : records) {
      Keyspace keyspace = keyspaces.existing(record.keyspace());
      LiveSegment segment = tail(record.segment().logPath(record.keyspace()));
      Location location =
          new Location(segment.slot(), record.offset(), record.length(), !record.kind().isPut());
      int valueLength = record.length() - RecordCodec.encodedLength(record.key().length, 0);
      if (!keyspace.takes(record.kind(), record.key().length, valueLength)) {
        throw new CorruptionException(
            record.segment().logPath(record.keyspace()),
            record.offset(),
            "a record that is no entry of a stream");
      }
      keyspace.noteId(record.kind(), record.key());
      if (!keyspace.cutsOff(record.kind(), sequence, record.key())) {
        long hash = Hash.of(record.kind(), record.key());
        keyspace.apply(hash, record.key(), location, record.expiresAtMs());
      }
      segment.noteRecords(
          sequence, record.kind() == RecordKind.TOMBSTONE, record.offset() + record.length());
    }
  }

  @Override
  public void edit(RecordedEdit edit, long offset, int length) {
    if (edit.sequence() > recovery.committed()) {
      uncommitted.add(
          new Uncommitted(edit.sequence(), edit.term(), List.of(), edit, offset, length));
    }
  }

  private LiveSegment tail(String path) {
    LiveSegment segment = tails.get(path);
    if (segment == null) {
      throw new IllegalStateException(path + " is no tail");
    }
    return segment;
  }

  private Parts assemble(ManifestState committed) throws IOException {
    List<Pending> pending = new ArrayList<>();
    ManifestState appended = committed.copy();
    for (Uncommitted entry : uncommitted) {
      RecordedEdit edit = entry.edit();
      if (edit == null) {
        pending.add(pendingBatch(entry));
        continue;
      }
      try {
        appended.apply(edit);
      } catch (InconsistentEditException e) {
        throw new CorruptionException(
            ManifestState.PATH, entry.offset(), String.valueOf(e.getMessage()));
      }
      switch (edit.edit()) {
        case Edit.KeyspaceAdded added ->
            keyspaces.add(added.keyspace(), added.type(), added.segmentBytes());
        case Edit.Roll roll -> openTail(keyspaces.existing(roll.keyspace()), roll.opened());
        case Edit.Swap swap -> openTail(keyspaces.existing(swap.keyspace()), swap.opened().id());
        case Edit.TermStarted _,
            Edit.Compaction _,
            Edit.Checkpoint _,
            Edit.Membership _,
            Edit.CutOff _,
            Edit.TimeMark _,
            Edit.RequestHorizon _,
            Edit.LayoutChosen _ -> {}
      }
      long offset = recovery.manifestBase().inLog(entry.offset());
      Pending.Span span = new Pending.Span(ManifestState.PATH, offset, entry.length());
      pending.add(new Pending.Edited(edit, span, null));
    }
    ManifestBase base = recovery.manifestBase();
    LogFile manifest =
        LogFile.manifest(
            SegmentWriter.resume(storage.open(ManifestState.PATH), recovery.manifestLength()),
            base);
    LogPosition last = new LogPosition(recovery.keptTerm(), recovery.kept());
    LogTail tail = new LogTail(storage, keyspaces, manifest, appended, last);
    activate(tail, appended);
    pending.forEach(tail::addPending);
    LogPosition at = new LogPosition(tail.termAt(recovery.committed()), recovery.committed());
    long manifestLength = base.inLog(recovery.manifestLengthUpTo(recovery.committed()));
    Applied applied = new Applied(committed, manifestLength, at);
    addRetired(applied);
    return new Parts(keyspaces, tail, applied, installation, hints, keydirs.restored(), base);
  }

  private Pending.Batch pendingBatch(Uncommitted entry) {
    List<Pending.Mutated> records = new ArrayList<>();
    List<Pending.Span> spans = new ArrayList<>();
    for (TailRecord record : entry.records()) {
      String path = record.segment().logPath(record.keyspace());
      Location location =
          new Location(tail(path).slot(), record.offset(), record.length(), !record.kind().isPut());
      records.add(
          new Pending.Mutated(
              keyspaces.existing(record.keyspace()),
              record.kind(),
              Hash.of(record.kind(), record.key()),
              record.key(),
              record.request(),
              location,
              record.expiresAtMs()));
      spans.add(new Pending.Span(path, record.offset(), record.length()));
    }
    return new Pending.Batch(entry.sequence(), entry.term(), spans, records, null);
  }

  private void activate(LogTail tail, ManifestState appended) {
    Map<String, Recovery.TailEnd> ends = recovery.tailEnds();
    for (ManifestState.KeyspaceState state : appended.keyspaces().values()) {
      SegmentId active = state.active();
      if (active != null) {
        String path = active.logPath(state.name());
        LiveSegment segment = tail(path);
        Recovery.TailEnd end = ends.getOrDefault(path, new Recovery.TailEnd(0, 0));
        tail.activate(
            keyspaces.existing(state.name()),
            segment,
            new SegmentWriter(segment.reader().file(), end.length(), end.crc()));
      }
    }
  }

  private void addRetired(Applied applied) throws IOException {
    for (ManifestState.SequencedCompaction compaction : installation.retired()) {
      Edit.Compaction edit = compaction.edit();
      List<String> leftovers = new ArrayList<>();
      for (SegmentId input : edit.inputs()) {
        for (String path :
            List.of(input.logPath(edit.keyspace()), input.hintPath(edit.keyspace()))) {
          if (storage.exists(path)) {
            leftovers.add(path);
          }
        }
      }
      applied
          .retired()
          .add(
              new Retirement.Inputs(
                  compaction.sequence(),
                  keyspaces.existing(edit.keyspace()),
                  List.of(),
                  leftovers,
                  edit.runs(),
                  edit.forceDelete(),
                  false));
    }
  }

  private void deleteOrphans(ManifestState committed) throws IOException {
    OldFiles.settle(storage, committed, mark, recovery.committed());
    Orphans orphans = new Orphans(committed, installation);
    for (Uncommitted entry : uncommitted) {
      RecordedEdit edit = entry.edit();
      if (edit != null) {
        orphans.name(edit.edit());
      }
    }
    Set<String> known = new LinkedHashSet<>(committed.keyspaces().keySet());
    known.addAll(recovery.keyspacesMentioned());
    List<String> found = orphans.find(storage, known);
    found.addAll(Orphans.ofManifest(storage));
    found.addAll(TemporaryFolder.leftovers(storage));
    for (String name : storage.list("")) {
      if (KeyspaceOptions.isName(name) && !known.contains(name)) {
        found.addAll(orphans.findEmpty(storage, name));
      }
    }
    if (found.isEmpty()) {
      return;
    }
    // What is committed may be known only from a mark that is not synced: without it a crash would
    // bring a state back that still needs the inputs among these files.
    mark.confirm(recovery.committed());
    for (String path : found) {
      storage.delete(path);
    }
    LOG.log(System.Logger.Level.INFO, "deleted files that the manifest does not name: {0}", found);
  }
}
