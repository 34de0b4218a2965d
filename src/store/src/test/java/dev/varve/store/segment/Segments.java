package dev.varve.store.segment;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.varve.store.format.LogRecord;
import dev.varve.store.format.RecordBuffer;
import dev.varve.store.format.RecordKind;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Records for these tests. */
final class Segments {

  private Segments() {}

  static LogRecord put(long sequence, String key, int valueBytes) {
    byte[] value = new byte[valueBytes];
    new Random(sequence).nextBytes(value);
    return new LogRecord(RecordKind.PUT, sequence, 3, 0, 1, 0, key.getBytes(UTF_8), value);
  }

  /** Records of many sizes, some longer than the scanner's buffer. */
  static List<LogRecord> records(Random random, int count) {
    List<LogRecord> records = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      int bytes =
          switch (random.nextInt(40)) {
            case 0 -> 300_000 + random.nextInt(400_000);
            case 1, 2, 3 -> 20_000 + random.nextInt(80_000);
            default -> random.nextInt(2_000);
          };
      records.add(put(i + 1, "key-" + i, bytes));
    }
    return records;
  }

  static byte[] encoded(List<LogRecord> records) {
    RecordBuffer buffer = new RecordBuffer(1 << 16);
    records.forEach(buffer::add);
    return buffer.toArray();
  }
}
