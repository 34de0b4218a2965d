package dev.varve.store;

import dev.varve.store.manifest.Edit;
import dev.varve.store.manifest.InconsistentEditException;
import dev.varve.store.manifest.ManifestState;
import dev.varve.store.manifest.RecordedEdit;
import dev.varve.store.segment.SegmentReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Entries that are written and synced together. Staging an edit changes the log's tail at once, so
 * that what follows in the group lands in the right files; {@link #undo} takes everything back.
 *
 * <p>Used on the writer, but {@link #sync}.
 */
final class Group {
  private final LogTail tail;
  private final long firstSequence;
  private final List<LogEntry> entries = new ArrayList<>();
  private final List<Pending> pending = new ArrayList<>();
  private final Map<LogFile, Staged> staged = new LinkedHashMap<>();
  private final List<LogFile> created = new ArrayList<>();
  private final List<Keyspace> added = new ArrayList<>();
  private final Set<String> directories = new LinkedHashSet<>();
  private final LogTail.Shape before;
  private int bytes;

  /** What goes to one file. */
  private static final class Staged {
    final long lengthBefore;
    final int crcBefore;
    final List<ByteBuffer> buffers = new ArrayList<>();
    long bytes;

    Staged(LogFile file) {
      lengthBefore = file.length();
      crcBefore = file.crc();
    }
  }

  Group(LogTail tail) {
    this.tail = tail;
    this.firstSequence = tail.lastSequence() + 1;
    this.before = tail.shape();
  }

  boolean isEmpty() {
    return entries.isEmpty();
  }

  /** Bytes over all files. */
  int bytes() {
    return bytes;
  }

  List<LogEntry> entries() {
    return entries;
  }

  List<Pending> pending() {
    return pending;
  }

  long nextSequence() {
    return firstSequence + entries.size();
  }

  long lastSequence() {
    return firstSequence + entries.size() - 1;
  }

  long lastTerm() {
    return entries.isEmpty() ? tail.lastTerm() : entries.getLast().term();
  }

  /** Whether anything of this group goes to the file. */
  boolean touches(LogFile file) {
    return staged.containsKey(file);
  }

  /** The file's length with what is staged. */
  long length(LogFile file) {
    Staged forFile = staged.get(file);
    return forFile == null ? file.length() : forFile.lengthBefore + forFile.bytes;
  }

  /** Adds the next entry; its chunks continue the files they name. */
  void stage(LogEntry entry, Pending effect) {
    for (Chunk chunk : entry.chunks()) {
      LogFile file = tail.file(chunk.path());
      if (file == null || chunk.offset() != length(file)) {
        throw new IllegalStateException("a chunk of " + chunk.path() + " does not continue it");
      }
      Staged forFile = staged.computeIfAbsent(file, Staged::new);
      forFile.buffers.add(chunk.bytes());
      forFile.bytes += chunk.length();
      bytes += chunk.length();
    }
    entries.add(entry);
    pending.add(effect);
  }

  /**
   * Adds an edit, whose changes of files happen at once, unsynced.
   *
   * @throws InconsistentEditException if it contradicts the log; nothing of it was staged
   * @throws StoreFullException if a keyspace can't have another segment; nothing of it was staged
   * @throws IOException if a file could not be made
   */
  void stageEdit(LogEntry entry, Pending.Edited effect)
      throws IOException, InconsistentEditException {
    ManifestState next = tail.appended().copy();
    next.apply(effect.recorded());
    switch (effect.recorded().edit()) {
      case Edit.KeyspaceAdded keyspace -> {
        tail.storage().createDirectory(keyspace.keyspace());
        directories.add("");
        directories.add(keyspace.keyspace());
        added.add(tail.addKeyspace(keyspace));
      }
      case Edit.Roll roll -> openRolled(roll);
      case Edit.Swap swap -> openSwapped(swap);
      case Edit.TermStarted _,
          Edit.Compaction _,
          Edit.Checkpoint _,
          Edit.Membership _,
          Edit.CutOff _,
          Edit.TimeMark _,
          Edit.RequestHorizon _,
          Edit.LayoutChosen _ -> {}
    }
    tail.appended(next);
    stage(entry, effect);
  }

  private void openRolled(Edit.Roll roll) throws IOException {
    Keyspace keyspace = tail.keyspace(roll.keyspace());
    String path = roll.opened().logPath(roll.keyspace());
    LogFile opened =
        tail.activate(
            keyspace,
            new Edit.SegmentFile(roll.opened(), 0, 0),
            () -> new SegmentReader(tail.storage().create(path), path));
    directories.add(roll.keyspace());
    created.add(opened);
  }

  /** The file is there, and durable. */
  private void openSwapped(Edit.Swap swap) throws IOException {
    Keyspace keyspace = tail.keyspace(swap.keyspace());
    Edit.SegmentFile opened = swap.opened();
    String path = opened.id().logPath(swap.keyspace());
    LogFile active =
        tail.activate(keyspace, opened, () -> new SegmentReader(tail.storage().open(path), path));
    directories.add(swap.keyspace());
    created.add(active);
  }

  /** The lengths of all active segments, as an edit staged next records them. */
  List<RecordedEdit.Tail> tails() {
    List<RecordedEdit.Tail> tails = new ArrayList<>();
    for (LogFile active : tail.actives()) {
      tails.add(
          new RecordedEdit.Tail(active.keyspace().name(), active.segment().id(), length(active)));
    }
    return tails;
  }

  /**
   * Hands all bytes to the files, unsynced.
   *
   * @throws IOException if a file refused; {@link #undo} is due
   */
  void write() throws IOException {
    for (Map.Entry<LogFile, Staged> entry : staged.entrySet()) {
      entry.getKey().append(entry.getValue().buffers);
    }
    tail.written(this);
  }

  /** Makes the group durable; on the syncer. */
  void sync() throws IOException {
    for (LogFile file : staged.keySet()) {
      file.sync();
    }
    for (LogFile file : created) {
      if (!staged.containsKey(file)) {
        file.sync();
      }
    }
    for (String directory : directories) {
      tail.storage().syncDirectory(directory);
    }
  }

  /**
   * Takes everything back, durably: the log is as before the group.
   *
   * @throws IOException if that failed too; what is on disk is not known then
   */
  void undo() throws IOException {
    tail.shape(before);
    for (Map.Entry<LogFile, Staged> entry : staged.entrySet()) {
      if (!created.contains(entry.getKey())) {
        entry.getKey().goBack(entry.getValue().lengthBefore, entry.getValue().crcBefore);
      }
    }
    for (LogFile file : created) {
      tail.discard(file);
    }
    for (Keyspace keyspace : added) {
      tail.removeKeyspace(keyspace);
    }
    for (String directory : directories) {
      tail.storage().syncDirectory(directory);
    }
  }
}
