package dev.varve.store.segment;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.varve.store.format.LogRecord;
import dev.varve.store.format.Mending;
import dev.varve.store.format.RecordBuffer;
import dev.varve.store.format.RecordKind;
import dev.varve.store.fuzz.Target;
import dev.varve.store.storage.StorageFile;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** {@link SegmentScanner} with the record's codec, and {@link SegmentReader}, under the fuzzer. */
public final class SegmentTarget implements Target {
  private static final String PATH = "main.log";
  private static final byte[] NOTHING = {};

  @Override
  public String name() {
    return "segment";
  }

  @Override
  public Map<String, byte[]> valid() {
    byte[] key = "key".getBytes(UTF_8);
    return Map.of(
        "empty",
        NOTHING,
        "records",
        Segments.encoded(
            List.of(
                Segments.put(1, "a", 20),
                new LogRecord(RecordKind.PUT, 2, 3, 0, 2, 1_700_000, key, new byte[100]),
                new LogRecord(RecordKind.TOMBSTONE, 2, 3, 1, 2, 0, new byte[200], NOTHING),
                Segments.put(5, "b", 0))),
        "edits",
        Segments.encoded(
            List.of(
                new LogRecord(RecordKind.EDIT, 1, 1, 0, 1, 0, NOTHING, new byte[30]),
                new LogRecord(RecordKind.EDIT, 9, 2, 0, 1, 0, NOTHING, NOTHING))));
  }

  @Override
  public byte[] mended(byte[] bytes) {
    return Mending.records(bytes);
  }

  @Override
  public void decode(byte[] bytes) throws IOException {
    try (StorageFile file = Mending.holding(PATH, bytes).open(PATH)) {
      SegmentScanner scanner = SegmentScanner.summing(file, PATH, 0, bytes.length);
      SegmentReader reader = new SegmentReader(file, PATH);
      RecordBuffer again = new RecordBuffer(Math.max(1, bytes.length));
      while (scanner.next()) {
        LogRecord record = scanner.record();
        again.add(record);
        LogRecord single = reader.read(scanner.offset(), scanner.length());
        if (!Arrays.equals(single.value(), record.value())
            || !reader.hasKey(scanner.offset(), scanner.length(), record.key())) {
          throw new AssertionError("a scan and a read differ at " + scanner.offset());
        }
      }
      ScanEnd end = scanner.end();
      if (!Arrays.equals(again.toArray(), Arrays.copyOf(bytes, (int) end.offset()))) {
        throw new AssertionError("records were read that are not what is written");
      }
      if ((end.reason() == ScanEnd.Reason.END) != (end.offset() == bytes.length)
          || (end.reason() == ScanEnd.Reason.DAMAGED) != (end.nextValidOffset() > end.offset())) {
        throw new AssertionError("the scan ended with " + end);
      }
      refuses(reader, end.offset(), bytes.length);
    }
  }

  /** What the scan did not take, no read may take. */
  private static void refuses(SegmentReader reader, long offset, long size) throws IOException {
    int length = (int) Math.max(1, size - offset);
    try {
      LogRecord record = reader.read(offset, length);
      throw new AssertionError("a read found a " + record + " at " + offset);
    } catch (CorruptRecordException e) {
      if (e.offset() != offset) {
        throw new AssertionError("damage at " + offset + " was reported elsewhere", e);
      }
    }
  }
}
