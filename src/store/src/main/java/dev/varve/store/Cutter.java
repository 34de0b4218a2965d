package dev.varve.store;

import dev.varve.store.format.SegmentId;
import dev.varve.store.manifest.Edit;
import dev.varve.store.manifest.InconsistentEditException;
import dev.varve.store.manifest.ManifestState;
import dev.varve.store.recovery.CutIntent;
import dev.varve.store.recovery.DurableMark;
import dev.varve.store.segment.SegmentWriter;
import dev.varve.store.storage.Storage;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Removes the uncommitted end of the log; on the writer, with no group under way. */
final class Cutter {
  private final LogTail tail;
  private final Applied applied;
  private final DurableMark mark;

  Cutter(LogTail tail, Applied applied, DurableMark mark) {
    this.tail = tail;
    this.applied = applied;
    this.mark = mark;
  }

  /**
   * Removes everything after a sequence that is not below the applied one. Durable on return; after
   * an exception recovery finishes it.
   */
  void cutAfter(long kept) throws IOException {
    Storage storage = tail.storage();
    long keptTerm = tail.termAt(kept);
    CutIntent.write(storage, kept);
    mark.lower(kept, applied.sequence());
    List<Pending> left = new ArrayList<>();
    List<Pending> removed = new ArrayList<>();
    for (Pending effect : tail.pending()) {
      (effect.sequence() <= kept ? left : removed).add(effect);
    }
    Set<String> directories = new LinkedHashSet<>();
    for (Pending effect : removed.reversed()) {
      if (effect instanceof Pending.Edited edited) {
        undo(edited.recorded().edit(), directories);
      }
    }
    Map<String, Long> lengths = new LinkedHashMap<>();
    for (Pending effect : removed) {
      for (Pending.Span span : effect.spans()) {
        lengths.merge(span.path(), span.offset(), Math::min);
      }
    }
    for (Map.Entry<String, Long> length : lengths.entrySet()) {
      LogFile file = tail.file(length.getKey());
      if (file != null) {
        file.cut(length.getValue());
      }
    }
    for (String directory : directories) {
      storage.syncDirectory(directory);
    }
    CutIntent.remove(storage);
    tail.ended(new LogPosition(keptTerm, kept), stateAfter(left), left);
  }

  private void undo(Edit edit, Set<String> directories) throws IOException {
    switch (edit) {
      case Edit.Roll roll -> reactivate(roll.keyspace(), roll.opened(), roll.closed(), directories);
      case Edit.Swap swap -> {
        reactivate(swap.keyspace(), swap.opened().id(), swap.closed(), directories);
        delete(swap.runs().runsPath(swap.keyspace()));
      }
      case Edit.KeyspaceAdded added -> tail.removeKeyspace(tail.keyspace(added.keyspace()));
      case Edit.Compaction compaction -> {
        directories.add(compaction.keyspace());
        for (Edit.SegmentFile output : compaction.outputs()) {
          delete(output.id().logPath(compaction.keyspace()));
          delete(output.id().hintPath(compaction.keyspace()));
        }
        delete(compaction.runs().runsPath(compaction.keyspace()));
      }
      case Edit.TermStarted _,
          Edit.Checkpoint _,
          Edit.Membership _,
          Edit.CutOff _,
          Edit.TimeMark _,
          Edit.RequestHorizon _,
          Edit.LayoutChosen _ -> {}
    }
  }

  private void reactivate(
      String name, SegmentId wasOpened, Edit.@Nullable SegmentFile closed, Set<String> directories)
      throws IOException {
    directories.add(name);
    Keyspace keyspace = tail.keyspace(name);
    LogFile opened = tail.active(name);
    if (opened == null || !opened.segment().id().equals(wasOpened)) {
      throw new IllegalStateException(wasOpened + " is not active");
    }
    tail.discard(opened);
    tail.dropActive(name);
    if (closed != null) {
      SegmentId id = closed.id();
      for (LiveSegment segment : keyspace.table().all()) {
        if (segment.id().equals(id)) {
          tail.activate(
              keyspace,
              segment,
              new SegmentWriter(segment.reader().file(), closed.length(), closed.crc()));
        }
      }
    }
  }

  private void delete(String path) throws IOException {
    if (tail.storage().exists(path)) {
      tail.storage().delete(path);
    }
  }

  private ManifestState stateAfter(List<Pending> left) throws IOException {
    ManifestState state = applied.manifest().copy();
    try {
      for (Pending effect : left) {
        if (effect instanceof Pending.Edited edited) {
          state.apply(edited.recorded());
        }
      }
    } catch (InconsistentEditException e) {
      throw new IOException("an edit contradicts the store", e);
    }
    return state;
  }
}
