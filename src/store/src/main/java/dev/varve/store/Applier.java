package dev.varve.store;

import dev.varve.store.format.RecordCodec;
import dev.varve.store.format.RecordKind;
import dev.varve.store.manifest.Edit;
import dev.varve.store.manifest.InconsistentEditException;
import dev.varve.store.manifest.KeyspaceType;
import dev.varve.store.manifest.ManifestState;
import dev.varve.store.manifest.RecordedEdit;
import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Makes committed entries visible, in order; on the writer. */
final class Applier {
  private final Applied applied;
  private final Keyspaces keyspaces;
  private final EditEffects effects;
  private final long openedAt;

  /** Keyspaces that changed, and whose watchers do not know yet. */
  private final Set<Keyspace> changed = new HashSet<>();

  /** What committed edits set off beyond the index; called on the writer, without the lock. */
  interface EditEffects {
    void rolled(Keyspace keyspace, LiveSegment closed, Edit.SegmentFile file);

    /**
     * A compaction.
     *
     * @param swap whether it is a single file's, whose output is active
     */
    void compacted(long sequence, Edit.Compaction compaction, boolean swap);

    void checkpointed(long sequence);

    /** Not of an edit: everything up to here is durable on this member. */
    void durable(long sequence);

    void cutOff(Keyspace keyspace);

    /** Not of an edit: there was no room for a group. */
    void full();
  }

  /**
   * @param openedAt the last sequence that was in the log when the store was opened
   */
  Applier(Applied applied, Keyspaces keyspaces, EditEffects effects, long openedAt) {
    this.openedAt = openedAt;
    this.applied = applied;
    this.keyspaces = keyspaces;
    this.effects = effects;
  }

  /**
   * Applies the next entry.
   *
   * @throws IOException if an older record of a key could not be read
   */
  void apply(Pending pending) throws IOException {
    switch (pending) {
      case Pending.Batch batch -> applyBatch(batch);
      case Pending.Edited edited -> {
        RecordedEdit recorded = edited.recorded();
        applyEdit(recorded, edited.span());
        announce(recorded);
      }
    }
  }

  /** Everything up to a sequence is durable on this member. */
  void durable(long sequence) {
    effects.durable(sequence);
  }

  /** There was no room for a group. */
  void full() {
    effects.full();
  }

  private void applyBatch(Pending.Batch batch) throws IOException {
    boolean tombstones = false;
    long userBytes = 0;
    applied.lock().lock();
    try {
      List<Pending.Mutated> records = batch.records();
      for (int i = 0; i < records.size(); i++) {
        Pending.Mutated record = records.get(i);
        Keyspace keyspace = record.keyspace();
        keyspace.apply(record.hash(), record.key(), record.location(), record.expiresAtMs());
        tombstones |= record.kind() == RecordKind.TOMBSTONE;
        if (record.kind() == RecordKind.REQUEST) {
          applied.noteRequest(batch.sequence());
        } else {
          userBytes += record.location().length() - RecordCodec.HEADER_BYTES;
        }
        // Records of a segment follow each other there: what readers see of it is said once.
        boolean last = i + 1 == records.size() || !isInSameSegment(record, records.get(i + 1));
        if (last) {
          noteRecords(batch.sequence(), record, tombstones, userBytes);
          tombstones = false;
          userBytes = 0;
        }
      }
      // Readers go by the id alone, so all the rest is in place before.
      batch.records().forEach(record -> record.keyspace().noteId(record.kind(), record.key()));
      applied.advance(batch.sequence(), batch.term());
    } finally {
      applied.lock().unlock();
    }
    for (Pending.Mutated record : batch.records()) {
      if (record.keyspace().type() == KeyspaceType.STREAM) {
        record.keyspace().waiters().reached(record.keyspace().lastId());
      } else {
        changed.add(record.keyspace());
      }
    }
  }

  /** What was applied is published: those who wait for changes can read them. */
  void published() {
    if (!changed.isEmpty()) {
      changed.forEach(keyspace -> keyspace.changed(applied.sequence()));
      changed.clear();
    }
  }

  private static boolean isInSameSegment(Pending.Mutated one, Pending.Mutated other) {
    return one.keyspace() == other.keyspace()
        && one.location().segment() == other.location().segment();
  }

  private void noteRecords(
      long sequence, Pending.Mutated last, boolean tombstones, long userBytes) {
    Keyspace keyspace = last.keyspace();
    LiveSegment segment = keyspace.table().at(last.location().segment());
    if (segment == null) {
      throw new IllegalStateException("the segment of a committed record is gone");
    }
    segment.noteRecords(sequence, tombstones, last.location().offset() + last.location().length());
    if (sequence > openedAt) {
      keyspace.noteWritten(userBytes);
    }
  }

  private void applyEdit(RecordedEdit recorded, Pending.Span span) throws IOException {
    applied.lock().lock();
    try {
      applied.manifest().apply(recorded);
      if (recorded.edit() instanceof Edit.Roll roll) {
        Keyspace keyspace = keyspaces.existing(roll.keyspace());
        Edit.SegmentFile closed = roll.closed();
        if (closed != null) {
          sealed(keyspace, closed);
        }
        for (LiveSegment opened : keyspace.table().all()) {
          if (opened.id().equals(roll.opened())) {
            keyspace.segments().add(opened);
          }
        }
      }
      if (recorded.edit() instanceof Edit.Swap swap) {
        swapped(keyspaces.existing(swap.keyspace()), swap);
      }
      if (recorded.edit() instanceof Edit.CutOff cutOff) {
        ManifestState.KeyspaceState state = applied.manifest().keyspaces().get(cutOff.keyspace());
        if (state != null) {
          keyspaces.existing(cutOff.keyspace()).cutOff(state.cutOff());
        }
      }
      applied.manifestLength(span.offset() + span.length());
      applied.advance(recorded.sequence(), recorded.term());
    } catch (InconsistentEditException e) {
      throw new IOException("a committed edit contradicts the store", e);
    } finally {
      applied.lock().unlock();
    }
  }

  /**
   * The closed segment is read from until adoption has moved the index, but is no longer one that
   * makes up the keyspace.
   */
  private static void swapped(Keyspace keyspace, Edit.Swap swap) {
    LiveSegment closed = keyspace.segment(swap.closed().id());
    LiveSegment opened = null;
    for (LiveSegment open : keyspace.table().all()) {
      opened = open.id().equals(swap.opened().id()) ? open : opened;
    }
    if (closed == null || opened == null) {
      throw new IllegalStateException("a swap of " + swap.closed().id() + ", which is not open");
    }
    closed.seal(swap.closed().length());
    opened.noteSwapped(swap.opened().length(), closed);
    keyspace.segments().set(keyspace.segments().indexOf(closed), opened);
  }

  private static void sealed(Keyspace keyspace, Edit.SegmentFile closed) {
    LiveSegment segment = keyspace.segment(closed.id());
    if (segment != null) {
      segment.seal(closed.length());
    }
  }

  private void announce(RecordedEdit recorded) {
    switch (recorded.edit()) {
      case Edit.Roll roll -> {
        Keyspace keyspace = keyspaces.existing(roll.keyspace());
        Edit.SegmentFile closed = roll.closed();
        LiveSegment segment = closed == null ? null : keyspace.segment(closed.id());
        if (closed != null && segment != null) {
          effects.rolled(keyspace, segment, closed);
        }
      }
      case Edit.Compaction compaction -> effects.compacted(recorded.sequence(), compaction, false);
      case Edit.Swap swap -> effects.compacted(recorded.sequence(), swap.compaction(), true);
      case Edit.Checkpoint _ -> effects.checkpointed(recorded.sequence());
      case Edit.CutOff cutOff -> effects.cutOff(keyspaces.existing(cutOff.keyspace()));
      case Edit.TermStarted _,
          Edit.KeyspaceAdded _,
          Edit.Membership _,
          Edit.TimeMark _,
          Edit.RequestHorizon _,
          Edit.LayoutChosen _ -> {}
    }
  }
}
