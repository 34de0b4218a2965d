package dev.varve.store.recovery;

import dev.varve.store.format.HintWriter;
import dev.varve.store.format.RecordCodec;
import dev.varve.store.format.RecordKind;
import dev.varve.store.format.SegmentId;
import dev.varve.store.manifest.Edit;
import dev.varve.store.segment.SegmentScanner;
import dev.varve.store.segment.SegmentWriter;
import dev.varve.store.storage.Storage;
import dev.varve.store.storage.StorageFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Writes what is good of a segment into a new one, with its hint. */
final class SegmentSalvage {
  private static final byte[] NOTHING = {};

  private final SurveyedSegment from;
  private final long keepUpTo;
  private final SegmentWriter writer;
  private final HintWriter hint;
  private long dropped;
  private long records;

  /**
   * @param sealed the new segment's file
   * @param dropped records that were good but beyond the last sequence that is kept
   */
  record Result(Edit.SegmentFile sealed, long records, long dropped, long tombstones) {}

  private SegmentSalvage(
      SurveyedSegment from, long keepUpTo, SegmentWriter writer, HintWriter hint) {
    this.from = from;
    this.keepUpTo = keepUpTo;
    this.writer = writer;
    this.hint = hint;
  }

  /** Durable on return, its directory entries apart. */
  static Result write(Storage storage, SurveyedSegment from, SegmentId id, long keepUpTo)
      throws IOException {
    String log = id.logPath(from.keyspace);
    String hintPath = id.hintPath(from.keyspace);
    for (String path : List.of(log, hintPath)) {
      RepairFolder.deleteIfPresent(storage, path); // of a repair that was cut off
      RepairFolder.deleteIfPresent(storage, path + SegmentId.TEMPORARY_SUFFIX);
    }
    Result result;
    try (SegmentWriter writer =
            new SegmentWriter(storage.create(log + SegmentId.TEMPORARY_SUFFIX), 0, 0);
        StorageFile hintFile = storage.create(hintPath + SegmentId.TEMPORARY_SUFFIX)) {
      HintWriter hint = new HintWriter(hintFile);
      SegmentSalvage salvage = new SegmentSalvage(from, keepUpTo, writer, hint);
      salvage.copyRecords(storage);
      long tombstones = salvage.writeLostTombstones();
      writer.sync();
      hint.finish(writer.length(), writer.crc());
      hintFile.sync();
      result =
          new Result(
              new Edit.SegmentFile(id, writer.length(), writer.crc()),
              salvage.records,
              salvage.dropped,
              tombstones);
    }
    storage.rename(hintPath + SegmentId.TEMPORARY_SUFFIX, hintPath);
    storage.rename(log + SegmentId.TEMPORARY_SUFFIX, log);
    return result;
  }

  private void copyRecords(Storage storage) throws IOException {
    if (!from.present) {
      return;
    }
    try (StorageFile file = storage.open(from.path())) {
      SegmentSurvey again = SegmentSurvey.read(file, from.path(), from.length, this::copy);
      if (!again.bad().equals(from.survey.bad())) {
        throw new IOException(from.path() + " reads differently each time: is the disk failing?");
      }
    }
  }

  private @Nullable String copy(SegmentScanner at) throws IOException {
    String wrong = from.wrongAt(at.offset());
    if (wrong != null) {
      return wrong;
    }
    if (at.sequence() > keepUpTo) {
      dropped++;
      return null;
    }
    append(at.buffer().duplicate().position(at.position()).limit(at.position() + at.length()));
    return null;
  }

  private void append(ByteBuffer record) throws IOException {
    ByteBuffer whole = record.order(ByteOrder.LITTLE_ENDIAN);
    hint.add(writer.length(), whole, whole.position());
    writer.append(whole);
    records++;
  }

  /** A tombstone has no value: its hint entry tells all that matters of it. */
  private long writeLostTombstones() throws IOException {
    long written = 0;
    if (!from.allLostNamed) {
      return written;
    }
    for (LostRecord lost : from.lost) {
      if (lost.tombstone() && lost.sequence() <= keepUpTo) {
        ByteBuffer record = ByteBuffer.allocate(RecordCodec.encodedLength(lost.key().length, 0));
        RecordCodec.encode(
            RecordKind.TOMBSTONE,
            lost.sequence(),
            lost.term(),
            0,
            1,
            lost.expiresAtMs(),
            lost.key(),
            NOTHING,
            record);
        append(record.flip());
        written++;
      }
    }
    return written;
  }
}
