package dev.varve.store;

import dev.varve.store.format.SegmentId;
import dev.varve.store.manifest.Edit;
import dev.varve.store.manifest.ManifestState;
import dev.varve.store.manifest.TermStart;
import dev.varve.store.segment.SegmentWriter;
import dev.varve.store.storage.Storage;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * The end of the log: which files are appended to, what the log holds beyond what is applied, and
 * what its edits, uncommitted ones included, add up to. Belongs to the writer.
 */
final class LogTail {
  private final Storage storage;
  private final Keyspaces keyspaces;
  private final LogFile manifest;
  private final ArrayDeque<Pending> pending = new ArrayDeque<>();
  private Map<String, LogFile> actives = new LinkedHashMap<>();
  private volatile ManifestState appended;
  private final Map<String, Long> reserved = new HashMap<>();
  private long pendingBytes;
  private long lastSequence;
  private long lastTerm;

  LogTail(
      Storage storage,
      Keyspaces keyspaces,
      LogFile manifest,
      ManifestState appended,
      LogPosition last) {
    this.storage = storage;
    this.keyspaces = keyspaces;
    this.manifest = manifest;
    this.appended = appended;
    this.lastSequence = last.sequence();
    this.lastTerm = last.term();
  }

  /** What {@link Group#undo} restores. */
  record Shape(ManifestState appended, Map<String, LogFile> actives) {}

  Shape shape() {
    return new Shape(appended, actives);
  }

  void shape(Shape shape) {
    appended = shape.appended();
    actives = shape.actives();
  }

  Storage storage() {
    return storage;
  }

  long lastSequence() {
    return lastSequence;
  }

  long lastTerm() {
    return lastTerm;
  }

  ManifestState appended() {
    return appended;
  }

  void appended(ManifestState next) {
    appended = next;
  }

  LogFile manifest() {
    return manifest;
  }

  Collection<LogFile> actives() {
    return actives.values();
  }

  @Nullable LogFile active(String keyspace) {
    return actives.get(keyspace);
  }

  /** Bytes of all segments but those that are appended to, replaced ones included. */
  long sealedBytes() {
    long bytes = 0;
    for (Keyspace keyspace : keyspaces.all()) {
      LogFile active = actives.get(keyspace.name());
      for (LiveSegment segment : keyspace.table().all()) {
        bytes += active != null && active.segment() == segment ? 0 : segment.committedLength();
      }
    }
    return bytes;
  }

  /** The file that is appended to at this path; null when none is. */
  @Nullable LogFile file(String path) {
    if (path.equals(manifest.path())) {
      return manifest;
    }
    for (LogFile active : actives.values()) {
      if (active.path().equals(path)) {
        return active;
      }
    }
    return null;
  }

  Keyspace keyspace(String name) {
    return keyspaces.existing(name);
  }

  @Nullable Keyspace keyspaceOrNull(String name) {
    return keyspaces.get(name);
  }

  Keyspace addKeyspace(Edit.KeyspaceAdded added) {
    return keyspaces.add(added.keyspace(), added.type(), added.segmentBytes());
  }

  void removeKeyspace(Keyspace keyspace) {
    keyspaces.remove(keyspace);
  }

  /**
   * Makes a file with so many bytes the keyspace's active segment.
   *
   * @param opener opens or creates it
   * @throws StoreFullException if the keyspace can't have another segment; nothing was opened
   */
  LogFile activate(Keyspace keyspace, Edit.SegmentFile so, SegmentTable.Opener opener)
      throws IOException {
    LiveSegment segment = keyspace.table().add(so.id(), opener);
    SegmentWriter writer = new SegmentWriter(segment.reader().file(), so.length(), so.crc());
    return activate(keyspace, segment, writer);
  }

  LogFile activate(Keyspace keyspace, LiveSegment segment, SegmentWriter writer) {
    LogFile active = LogFile.active(keyspace, segment, writer);
    Map<String, LogFile> next = new LinkedHashMap<>(actives);
    next.put(keyspace.name(), active);
    actives = next;
    return active;
  }

  /** Removes a segment that no durable edit names. */
  void discard(LogFile file) throws IOException {
    file.keyspace().table().remove(file.segment());
    file.close();
    storage.delete(file.path());
  }

  /** A segment id of this keyspace that nothing else has or will have in this term; any thread. */
  synchronized SegmentId reserve(String keyspace, long term) {
    ManifestState.KeyspaceState state = appended.keyspaces().get(keyspace);
    long highest = state == null ? 0 : state.highestNumber();
    long number = Math.max(highest, reserved.getOrDefault(keyspace, 0L)) + 1;
    reserved.put(keyspace, number);
    return new SegmentId(term, number);
  }

  /** The group's bytes are in the files. */
  void written(Group group) {
    for (Pending effect : group.pending()) {
      addPending(effect);
    }
    lastTerm = group.lastTerm();
    lastSequence = group.lastSequence();
  }

  void addPending(Pending effect) {
    pending.add(effect);
    pendingBytes += effect.bytes();
  }

  /** The next thing to apply; null when there is nothing. */
  @Nullable Pending firstPending() {
    return pending.peekFirst();
  }

  void removeFirstPending() {
    pendingBytes -= pending.removeFirst().bytes();
  }

  /** Bytes written but not applied. */
  long pendingBytes() {
    return pendingBytes;
  }

  /** All that is written but not applied, in order. */
  Collection<Pending> pending() {
    return pending;
  }

  /** Nobody waits for what is pending any more. */
  void forgetWaiting() {
    List<Pending> all = List.copyOf(pending);
    pending.clear();
    for (Pending effect : all) {
      pending.add(effect.unattended());
    }
  }

  /** Somebody waits for a batch that is pending and that nobody waited for. */
  void attend(Pending.Batch batch, CompletableFuture<Long> by) {
    List<Pending> all = List.copyOf(pending);
    pending.clear();
    for (Pending effect : all) {
      pending.add(effect == batch ? batch.attended(by) : effect);
    }
  }

  /** The term of a sequence in the log; 0 for 0. */
  long termAt(long sequence) {
    long term = 0;
    for (TermStart start : appended.termStarts()) {
      if (start.firstSequence() <= sequence) {
        term = start.term();
      }
    }
    return term;
  }

  /** The log ends here now. */
  void ended(LogPosition last, ManifestState state, Collection<Pending> left) {
    appended = state;
    lastSequence = last.sequence();
    lastTerm = last.term();
    List<Pending> copy = List.copyOf(left);
    pending.clear();
    pendingBytes = 0;
    copy.forEach(this::addPending);
  }

  void dropActive(String keyspace) {
    Map<String, LogFile> next = new LinkedHashMap<>(actives);
    next.remove(keyspace);
    actives = next;
  }
}
