package dev.varve.store;

import dev.varve.store.format.Limits;
import dev.varve.store.format.LogRecord;
import dev.varve.store.format.RecordCodec;
import dev.varve.store.format.RecordKind;
import dev.varve.store.keydir.Hash;
import dev.varve.store.keydir.Location;
import dev.varve.store.manifest.Edit;
import dev.varve.store.manifest.EditCodec;
import dev.varve.store.manifest.InconsistentEditException;
import dev.varve.store.manifest.ManifestState;
import dev.varve.store.manifest.RecordedEdit;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Verifies entries that came from a leader and works out what they do here. */
final class EntryDecoder {
  private EntryDecoder() {}

  /** The edit of an entry; null when it is a batch. */
  static @Nullable RecordedEdit edit(LogEntry entry) throws LogDivergedException {
    if (entry.chunks().size() != 1
        || !entry.chunks().getFirst().path().equals(ManifestState.PATH)) {
      return null;
    }
    ByteBuffer bytes = whole(entry.chunks().getFirst());
    LogRecord record = record(entry, bytes, 0);
    if (record.kind() != RecordKind.EDIT
        || record.batchSize() != 1
        || record.expiresAtMs() != 0
        || record.encodedLength() != bytes.remaining()) {
      throw new LogDivergedException("entry " + entry.sequence() + " is not one edit");
    }
    try {
      return EditCodec.decode(record.sequence(), record.term(), record.value());
    } catch (InconsistentEditException e) {
      throw new LogDivergedException(String.valueOf(e.getMessage()));
    }
  }

  /** What a batch's entry will do, its chunks continuing the files as staged. */
  static Pending.Batch batch(LogEntry entry, Group group, LogTail tail)
      throws LogDivergedException {
    List<Pending.Mutated> records = new ArrayList<>();
    List<Pending.Span> spans = new ArrayList<>();
    int size = -1;
    long indexes = 0;
    for (Chunk chunk : entry.chunks()) {
      LogFile file = tail.file(chunk.path());
      if (file == null || file == tail.manifest() || chunk.offset() != group.length(file)) {
        throw new LogDivergedException(
            "entry "
                + entry.sequence()
                + " has bytes for "
                + chunk.path()
                + " at "
                + chunk.offset()
                + " that do not continue it");
      }
      if (chunk.offset() + chunk.length() > Limits.SEGMENT_BYTES_MAX) {
        throw new LogDivergedException(
            "entry " + entry.sequence() + " makes " + chunk.path() + " too long");
      }
      ByteBuffer bytes = whole(chunk);
      int at = 0;
      while (at < bytes.limit()) {
        LogRecord record = record(entry, bytes, at);
        size = size < 0 ? record.batchSize() : size;
        indexes += record.batchIndex();
        if (record.kind() == RecordKind.EDIT || record.batchSize() != size) {
          throw new LogDivergedException("entry " + entry.sequence() + " is no batch");
        }
        if (!file.keyspace().takes(record.kind(), record.key().length, record.value().length)) {
          throw new LogDivergedException(
              "entry "
                  + entry.sequence()
                  + " has a record that does not belong in "
                  + chunk.path());
        }
        Location location =
            new Location(
                file.segment().slot(),
                chunk.offset() + at,
                record.encodedLength(),
                !record.kind().isPut());
        records.add(
            new Pending.Mutated(
                file.keyspace(),
                record.kind(),
                Hash.of(record.kind(), record.key()),
                record.key(),
                record.kind() == RecordKind.REQUEST ? record.value() : Pending.NO_REQUEST,
                location,
                record.expiresAtMs()));
        at += record.encodedLength();
      }
      spans.add(new Pending.Span(chunk.path(), chunk.offset(), chunk.length()));
    }
    if (records.size() != size || indexes != (long) size * (size - 1) / 2) {
      throw new LogDivergedException("entry " + entry.sequence() + " is not a whole batch");
    }
    return new Pending.Batch(entry.sequence(), entry.term(), spans, records, null);
  }

  /** The attachment that an edit names; null when there is none. */
  static @Nullable Attachment attachment(RecordedEdit recorded) {
    return recorded.edit() instanceof Edit.Compaction compaction
        ? new Attachment(
            compaction.runs().runsPath(compaction.keyspace()),
            compaction.runsLength(),
            compaction.runsCrc())
        : null;
  }

  private static ByteBuffer whole(Chunk chunk) {
    return chunk.bytes().slice().order(ByteOrder.LITTLE_ENDIAN);
  }

  private static LogRecord record(LogEntry entry, ByteBuffer bytes, int at)
      throws LogDivergedException {
    RecordCodec.Check check = RecordCodec.check(bytes, at, bytes.limit() - at);
    if (check != RecordCodec.Check.WHOLE) {
      throw new LogDivergedException("entry " + entry.sequence() + " has a bad record: " + check);
    }
    LogRecord record = RecordCodec.decode(bytes, at);
    if (record.sequence() != entry.sequence() || record.term() != entry.term()) {
      throw new LogDivergedException(
          "entry " + entry.sequence() + " of term " + entry.term() + " holds a " + record);
    }
    return record;
  }
}
