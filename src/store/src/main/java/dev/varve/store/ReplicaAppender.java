package dev.varve.store;

import dev.varve.store.manifest.Edit;
import dev.varve.store.manifest.InconsistentEditException;
import dev.varve.store.manifest.RecordedEdit;
import java.io.IOException;
import java.util.List;

/** Stages what a leader wrote, after checking that it continues this log. */
final class ReplicaAppender {
  private final LogTail tail;
  private final int groupBytesMax;

  ReplicaAppender(LogTail tail, int groupBytesMax) {
    this.tail = tail;
    this.groupBytesMax = groupBytesMax;
  }

  /**
   * Stages entries from an index on. An edit only ever comes first in a group: it may tell that
   * what is before it is committed, which recovery believes to be durable here.
   *
   * @return the index of the first entry not staged
   * @throws StoreException if an entry is refused; the group is to be undone
   * @throws IOException if a file failed; the group is to be undone
   */
  int stage(Group group, List<LogEntry> entries, int from) throws IOException {
    int index = from;
    while (index < entries.size() && group.bytes() < groupBytesMax) {
      LogEntry entry = entries.get(index);
      if (group.isEmpty() && entry.sequence() <= tail.lastSequence()) {
        passOver(entry);
        index++;
        continue;
      }
      if (entry.sequence() != group.nextSequence() || entry.term() < group.lastTerm()) {
        throw new LogGapException(
            new LogPosition(tail.lastTerm(), tail.lastSequence()),
            "got sequence " + entry.sequence() + " of term " + entry.term());
      }
      RecordedEdit edit = EntryDecoder.edit(entry);
      if (edit == null) {
        group.stage(entry, EntryDecoder.batch(entry, group, tail));
      } else if (group.isEmpty()) {
        stageEdit(group, entry, edit);
      } else {
        return index;
      }
      index++;
    }
    return index;
  }

  private void passOver(LogEntry entry) throws LogGapException {
    if (entry.sequence() < 1 || tail.termAt(entry.sequence()) != entry.term()) {
      throw new LogGapException(
          new LogPosition(tail.lastTerm(), tail.lastSequence()),
          "sequence " + entry.sequence() + " has another term here than " + entry.term());
    }
  }

  private void stageEdit(Group group, LogEntry entry, RecordedEdit recorded) throws IOException {
    Chunk chunk = entry.chunks().getFirst();
    if (chunk.offset() != tail.manifest().length()) {
      throw new LogDivergedException(
          "entry " + entry.sequence() + " is for offset " + chunk.offset() + " of the manifest");
    }
    Attachment attachment = EntryDecoder.attachment(recorded);
    if (attachment != null && !Attachments.isHere(tail.storage(), attachment)) {
      throw new MissingAttachmentException(attachment);
    }
    if (recorded.edit() instanceof Edit.LayoutChosen || recorded.edit() instanceof Edit.Swap) {
      throw new LogDivergedException("the leader's layout is single-file, which is not replicated");
    }
    if (recorded.edit() instanceof Edit.Roll roll) {
      checkClosed(roll);
    }
    try {
      group.stageEdit(entry, BatchEncoder.effect(entry, recorded, null));
    } catch (InconsistentEditException e) {
      throw new LogDivergedException(String.valueOf(e.getMessage()));
    }
  }

  private void checkClosed(Edit.Roll roll) throws LogDivergedException {
    Edit.SegmentFile closed = roll.closed();
    LogFile active = tail.active(roll.keyspace());
    if (closed != null
        && (active == null || active.length() != closed.length() || active.crc() != closed.crc())) {
      throw new LogDivergedException(
          closed.id().logPath(roll.keyspace()) + " is not what the leader sealed");
    }
  }
}
