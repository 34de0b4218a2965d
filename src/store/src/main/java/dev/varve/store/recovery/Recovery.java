package dev.varve.store.recovery;

import dev.varve.store.format.SegmentId;
import dev.varve.store.manifest.Edit;
import dev.varve.store.manifest.InconsistentEditException;
import dev.varve.store.manifest.ManifestBase;
import dev.varve.store.manifest.ManifestSnapshot;
import dev.varve.store.manifest.ManifestState;
import dev.varve.store.manifest.RecordedEdit;
import dev.varve.store.storage.Storage;
import dev.varve.store.storage.StorageFile;
import java.io.Closeable;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Brings a store's directory back to a state that was true. One use: {@link #begin}, {@link
 * #replayTail}, {@link #settle}, close.
 *
 * <p>What is known:
 *
 * <ul>
 *   <li><b>committed</b>: the highest committed sequence that an edit or the mark tells of
 *   <li><b>durable</b>: everything up to here was synced in this directory; less of it is damage
 *   <li><b>kept</b>: what remains: at least <i>durable</i>, and beyond it the longest gap-free
 *       prefix of whole batches over all files; an unfinished cut lowers it
 * </ul>
 *
 * Segments sealed by a committed roll, and what was copied to a file before a swap made it active,
 * are believed by their length here and verified when their hint or their records are read. All
 * others are read whole, merged by sequence: below the last durable edit compaction may have left
 * holes in the sequences, so there the lengths that this edit recorded tell whether something is
 * missing; after it no sequence may be missing.
 *
 * <p>Nothing is changed before {@link #settle}; a {@link CorruptionException} leaves the directory
 * as it was.
 */
public final class Recovery implements Closeable {
  private final Storage storage;
  private final long cutAfter;
  private final long durable;
  private final long committed;
  private final ManifestScan manifest;
  private final ManifestState state;
  private final Map<String, TailCursor> tails = new LinkedHashMap<>();
  private long kept;
  private long keptTerm;

  private Recovery(
      Storage storage,
      long cutAfter,
      long durable,
      long committed,
      ManifestScan manifest,
      ManifestState state) {
    this.storage = storage;
    this.cutAfter = cutAfter;
    this.durable = durable;
    this.committed = committed;
    this.manifest = manifest;
    this.state = state;
    ManifestSnapshot snapshot = manifest.snapshot();
    this.keptTerm = snapshot == null ? 0 : snapshot.term();
  }

  /**
   * Reads the marks and the manifest and opens the tails.
   *
   * @throws CorruptionException if the manifest is damaged
   */
  public static Recovery begin(Storage storage, DurableMark mark) throws IOException {
    return begin(storage, CutIntent.read(storage), mark.durable(), mark.committed());
  }

  /** The same with the marks read already. */
  static Recovery begin(Storage storage, long cutAfter, long markDurable, long markCommitted)
      throws IOException {
    ManifestScan manifest = ManifestScan.read(storage);
    ManifestSnapshot snapshot = manifest.snapshot();
    long committed = Math.max(markCommitted, snapshot == null ? 0 : snapshot.committed());
    for (ManifestScan.PlacedEdit edit : manifest.edits()) {
      committed = Math.max(committed, edit.recorded().committed());
    }
    long durable = Math.min(Math.max(markDurable, committed), cutAfter);
    if (manifest.sequenceBehindDefect() >= 0 && manifest.sequenceBehindDefect() <= durable) {
      // Before anything else: what the edits up to here say is not there any more.
      throw new CorruptionException(ManifestState.PATH, manifest.goodLength(), manifest.defect());
    }
    ManifestState state;
    try {
      state = snapshot == null ? new ManifestState() : new ManifestState(snapshot);
    } catch (InconsistentEditException e) {
      throw new CorruptionException(ManifestState.PATH, 0, String.valueOf(e.getMessage()));
    }
    for (ManifestScan.PlacedEdit edit : manifest.edits()) {
      if (edit.sequence() <= committed) {
        try {
          state.apply(edit.recorded());
        } catch (InconsistentEditException e) {
          throw new CorruptionException(
              ManifestState.PATH, edit.offset(), String.valueOf(e.getMessage()));
        }
      }
    }
    Recovery recovery = new Recovery(storage, cutAfter, durable, committed, manifest, state);
    try {
      recovery.openTails();
    } catch (IOException e) {
      recovery.close();
      throw e;
    }
    return recovery;
  }

  /** What the committed edits add up to. */
  public ManifestState committedState() {
    return state;
  }

  /** The highest sequence known to be committed. */
  public long committed() {
    return committed;
  }

  /** The last sequence that remains; known after {@link #replayTail}. */
  public long kept() {
    return kept;
  }

  /** The term of the last record that remains; 0 if there is none. */
  public long keptTerm() {
    return keptTerm;
  }

  /** The kept length of a tail, in bytes, and its CRC32C. */
  public record TailEnd(long length, int crc) {}

  /** How much of each segment that {@link #replayTail} read remains, by path. */
  public Map<String, TailEnd> tailEnds() {
    Map<String, TailEnd> ends = new LinkedHashMap<>();
    tails.forEach(
        (path, cursor) -> ends.put(path, new TailEnd(cursor.keptLength(), cursor.keptCrc())));
    return ends;
  }

  /** Where in the log the edits of the manifest's file are. */
  public ManifestBase manifestBase() {
    return manifest.base();
  }

  /** Where the edits up to a sequence end in the manifest's file. */
  public long manifestLengthUpTo(long sequence) {
    return manifest.lengthUpTo(sequence);
  }

  /** The keyspaces that any edit read tells of, kept or not. */
  public Set<String> keyspacesMentioned() {
    Set<String> names = new LinkedHashSet<>();
    for (ManifestScan.PlacedEdit edit : manifest.edits()) {
      if (edit.recorded().edit() instanceof Edit.KeyspaceAdded added) {
        names.add(added.keyspace());
      }
    }
    return names;
  }

  /** How much of the manifest's file remains. */
  public long manifestLength() {
    return manifest.lengthUpTo(kept);
  }

  private void openTails() throws IOException {
    for (ManifestState.KeyspaceState keyspace : state.keyspaces().values()) {
      SegmentId active = keyspace.active();
      if (active != null) {
        openTail(keyspace.name(), active, keyspace.activeBase(), true);
      }
    }
    for (ManifestScan.PlacedEdit edit : manifest.edits()) {
      if (edit.sequence() > committed && edit.recorded().edit() instanceof Edit.Roll roll) {
        openTail(roll.keyspace(), roll.opened(), null, edit.sequence() <= durable);
      }
      if (edit.sequence() > committed && edit.recorded().edit() instanceof Edit.Swap swap) {
        openTail(swap.keyspace(), swap.opened().id(), swap.opened(), true);
      }
    }
  }

  private void openTail(
      String keyspace, SegmentId id, Edit.@Nullable SegmentFile base, boolean mustExist)
      throws IOException {
    String path = id.logPath(keyspace);
    StorageFile file = null;
    if (storage.exists(path)) {
      file = storage.open(path);
    } else if (mustExist) {
      throw missing(path);
    }
    try {
      if (file != null && base != null && file.size() < base.length()) {
        throw new CorruptionException(
            path, file.size(), "the file should have at least " + base.length() + " bytes");
      }
      tails.put(path, new TailCursor(keyspace, id, file, base));
    } catch (IOException e) {
      if (file != null) {
        file.close();
      }
      throw e;
    }
  }

  /**
   * What to throw for a file that the manifest names and that is not there: where the manifest's
   * own end is bad, an edit that is lost with it may have taken the file out of the store.
   */
  public CorruptionException missing(String path) {
    return manifest.defect().isEmpty()
        ? new CorruptionException(path, 0, "the file is missing")
        : new CorruptionException(
            ManifestState.PATH,
            manifest.goodLength(),
            manifest.defect() + "; the edits before it name " + path + ", which is missing");
  }

  /**
   * Hands the records of the tails and all edits to {@code sink}, ordered by sequence, up to the
   * last one that remains.
   *
   * @throws CorruptionException if something that was durable is missing or damaged
   */
  public void replayTail(TailSink sink) throws IOException {
    long anchor = anchor();
    long last = anchor;
    int nextEdit = 0;
    List<ManifestScan.PlacedEdit> edits = manifest.edits();
    while (true) {
      ManifestScan.PlacedEdit edit = nextEdit < edits.size() ? edits.get(nextEdit) : null;
      long sequence = edit == null ? Long.MAX_VALUE : edit.sequence();
      for (TailCursor cursor : tails.values()) {
        if (cursor.present()) {
          sequence = Math.min(sequence, cursor.sequence());
        }
      }
      if (sequence > cutAfter || sequence == Long.MAX_VALUE) {
        break;
      }
      if (sequence > anchor && sequence != last + 1) {
        break; // a gap: what follows was never acknowledged
      }
      if (edit != null && edit.sequence() == sequence) {
        sink.edit(edit.recorded(), edit.offset(), edit.length());
        keptTerm = edit.recorded().term();
        nextEdit++;
      } else if (!replayBatch(sequence, sequence > anchor, sink)) {
        break;
      }
      last = Math.max(last, sequence);
    }
    kept = last;
    rejectDamage(anchor);
  }

  /** Whether the batch was whole, or need not be. */
  private boolean replayBatch(long sequence, boolean whole, TailSink sink) throws IOException {
    List<TailRecord> records = new ArrayList<>();
    List<TailCursor> touched = new ArrayList<>();
    long term = 0;
    int size = 0;
    long indexes = 0;
    for (TailCursor cursor : tails.values()) {
      if (!cursor.present() || cursor.sequence() != sequence) {
        continue;
      }
      touched.add(cursor);
      if (sequence > durable) {
        cursor.suspect();
      }
      while (cursor.present() && cursor.sequence() == sequence) {
        term = cursor.term();
        size = cursor.batchSize();
        indexes += cursor.batchIndex();
        records.add(cursor.record());
        cursor.advance();
      }
    }
    if (whole && (records.size() != size || indexes != (long) size * (size - 1) / 2)) {
      return false;
    }
    sink.batch(sequence, term, records);
    keptTerm = Math.max(keptTerm, term);
    for (TailCursor cursor : touched) {
      cursor.keep();
    }
    return true;
  }

  /** The sequence of the last durable edit, after which every sequence must be found. */
  private long anchor() {
    ManifestSnapshot snapshot = manifest.snapshot();
    long anchor = snapshot == null ? 0 : snapshot.sequence();
    for (ManifestScan.PlacedEdit edit : manifest.edits()) {
      if (edit.sequence() <= durable) {
        anchor = edit.sequence();
      }
    }
    return anchor;
  }

  private void rejectDamage(long anchor) throws CorruptionException {
    for (RecordedEdit.Tail floor : floors(anchor)) {
      TailCursor cursor = tails.get(floor.id().logPath(floor.keyspace()));
      if (cursor != null && cursor.goodLength() < floor.length()) {
        throw damaged(cursor);
      }
    }
    boolean missing = kept < durable;
    for (TailCursor cursor : tails.values()) {
      long behind = cursor.sequenceBehindDefect();
      if (cursor.defect() != null && (missing || (behind >= 0 && behind <= durable))) {
        throw damaged(cursor);
      }
    }
    if (missing) {
      throw new CorruptionException(
          ManifestState.PATH,
          manifest.goodLength(),
          manifest.defect().isEmpty()
              ? "sequence " + (kept + 1) + " is missing but " + durable + " was durable"
              : manifest.defect());
    }
  }

  /** How long the active segments were at an edit at least. */
  private List<RecordedEdit.Tail> floors(long anchor) {
    ManifestSnapshot snapshot = manifest.snapshot();
    List<RecordedEdit.Tail> floors = snapshot == null ? List.of() : snapshot.tails();
    for (ManifestScan.PlacedEdit edit : manifest.edits()) {
      floors = edit.sequence() == anchor ? edit.recorded().tails() : floors;
    }
    return floors;
  }

  private static CorruptionException damaged(TailCursor cursor) {
    String defect = cursor.defect();
    return new CorruptionException(
        cursor.path(), cursor.goodLength(), defect == null ? "the file ends too early" : defect);
  }

  /**
   * Makes the directory say what was found: removes what is beyond the kept sequence, finishes an
   * unfinished cut and makes files that a crash kept from appearing. What is kept beyond the
   * durable sequence is written again before it is synced: {@link SuspectTail}. Durable on return.
   */
  public void settle(DurableMark mark) throws IOException {
    boolean newManifest = manifest.size() < 0;
    if (newManifest) {
      storage.createDirectory(ManifestState.DIRECTORY);
      storage.create(ManifestState.PATH).close();
    }
    if (cutAfter != CutIntent.NONE) {
      mark.lower(kept, committed);
    }
    settleManifest(newManifest);
    for (TailCursor cursor : tails.values()) {
      StorageFile file = cursor.file();
      if (file != null) {
        file.truncate(cursor.keptLength());
        SuspectTail.writeAgain(file, cursor.suspectFrom(), cursor.keptLength());
        file.sync(); // what a process that died had only handed to the page cache
      }
    }
    for (ManifestScan.PlacedEdit edit : manifest.edits()) {
      if (edit.sequence() > committed && edit.recorded().edit() instanceof Edit.Roll roll) {
        settleRolled(roll, edit.sequence());
      }
    }
    for (String keyspace : keyspacesSeen()) {
      storage.syncDirectory(keyspace);
    }
    storage.syncDirectory(ManifestState.DIRECTORY);
    storage.syncDirectory("");
    if (cutAfter != CutIntent.NONE) {
      CutIntent.remove(storage);
    }
  }

  private Set<String> keyspacesSeen() throws IOException {
    Set<String> seen = new LinkedHashSet<>(state.keyspaces().keySet());
    for (ManifestScan.PlacedEdit edit : manifest.edits()) {
      if (edit.recorded().edit() instanceof Edit.KeyspaceAdded added && edit.sequence() <= kept) {
        storage.createDirectory(added.keyspace());
        seen.add(added.keyspace());
      }
    }
    return seen;
  }

  private void settleManifest(boolean made) throws IOException {
    long durableLength = manifest.lengthUpTo(durable);
    try (StorageFile file = storage.open(ManifestState.PATH)) {
      file.truncate(manifestLength());
      SuspectTail.writeAgain(file, durableLength, manifestLength());
      file.sync();
    }
    ManifestSnapshot snapshot = manifest.snapshot();
    boolean nameInDoubt =
        snapshot == null ? durableLength == 0 && !made : durable <= snapshot.logEnd();
    if (nameInDoubt) {
      SuspectTail.makeAnew(storage, ManifestState.PATH, manifestLength());
    }
  }

  private void settleRolled(Edit.Roll roll, long sequence) throws IOException {
    String path = roll.opened().logPath(roll.keyspace());
    boolean exists = storage.exists(path);
    if (sequence > kept) {
      if (exists) {
        storage.delete(path);
      }
    } else if (!exists) {
      storage.createDirectory(roll.keyspace());
      storage.create(path).close();
    } else if (sequence > durable) {
      TailCursor cursor = tails.get(path);
      SuspectTail.makeAnew(storage, path, cursor == null ? 0 : cursor.keptLength());
    }
  }

  @Override
  public void close() throws IOException {
    for (TailCursor cursor : tails.values()) {
      StorageFile file = cursor.file();
      if (file != null) {
        file.close();
      }
    }
  }
}
