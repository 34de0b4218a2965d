package dev.varve.store.recovery;

import dev.varve.store.format.RecordCodec;
import dev.varve.store.segment.ScanEnd;
import dev.varve.store.segment.SegmentScanner;
import dev.varve.store.storage.StorageFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * All whole records of a file, also those behind damage, and the ranges between them.
 *
 * @param bad ascending
 * @param records how many records are whole and belong there
 * @param crc CRC32C of all bytes; 0 if any are bad
 */
record SegmentSurvey(List<BadRange> bad, long records, int crc) {

  /**
   * Bytes that are no record that belongs there.
   *
   * @param sequenceBefore the sequence of the last good record before; −1: none
   * @param sequenceAfter the sequence of the next whole record; −1: none
   */
  record BadRange(
      long offset, long length, String detail, long sequenceBefore, long sequenceAfter) {
    long end() {
      return offset + length;
    }
  }

  /** Takes the records. */
  interface Visitor {
    /** Takes a whole record; answers why it does not belong there, or null. */
    @Nullable String record(SegmentScanner at) throws IOException;
  }

  /** Reads the file's first {@code length} bytes. */
  static SegmentSurvey read(StorageFile file, String path, long length, Visitor visitor)
      throws IOException {
    List<BadRange> bad = new ArrayList<>();
    long records = 0;
    int crc = 0;
    long from = 0;
    long before = -1;
    while (from < length) {
      SegmentScanner scanner = SegmentScanner.summing(file, path, from, length);
      while (scanner.next()) {
        String wrong = visitor.record(scanner);
        if (wrong == null) {
          before = scanner.sequence();
          records++;
        } else {
          bad.add(new BadRange(scanner.offset(), scanner.length(), wrong, before, -1));
        }
      }
      ScanEnd end = scanner.end();
      if (end.reason() == ScanEnd.Reason.END) {
        crc = bad.isEmpty() ? scanner.crcBefore() : 0;
        break;
      }
      long next = next(file, path, end, length);
      long after = sequenceAt(file, next, length);
      bad.add(new BadRange(end.offset(), next - end.offset(), end.detail(), before, after));
      from = next;
    }
    return new SegmentSurvey(List.copyOf(bad), records, crc);
  }

  /**
   * Where to go on behind bad bytes. If their header still tells a length at whose end another
   * record begins, there: a value may itself hold bytes that look like records, which a search byte
   * by byte would take for some.
   */
  private static long next(StorageFile file, String path, ScanEnd end, long length)
      throws IOException {
    ByteBuffer header = header(file, end.offset());
    if (RecordCodec.checkHeader(header, 0, header.limit()) == RecordCodec.Check.WHOLE) {
      long told = end.offset() + RecordCodec.length(header, 0);
      if (told == length
          || (told < length && new SegmentScanner(file, path, told, length).next())) {
        return told;
      }
    }
    return end.nextValidOffset() < 0 ? length : end.nextValidOffset();
  }

  private static long sequenceAt(StorageFile file, long offset, long length) throws IOException {
    return offset + RecordCodec.HEADER_BYTES > length
        ? -1
        : RecordCodec.sequence(header(file, offset), 0);
  }

  private static ByteBuffer header(StorageFile file, long offset) throws IOException {
    ByteBuffer header =
        ByteBuffer.allocate(RecordCodec.HEADER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    file.read(header, offset);
    return header.flip();
  }
}
