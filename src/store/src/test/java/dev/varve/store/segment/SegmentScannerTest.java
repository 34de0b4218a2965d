package dev.varve.store.segment;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.store.format.Crc32c;
import dev.varve.store.format.LogRecord;
import dev.varve.store.simulation.Fault;
import dev.varve.store.simulation.SimulatedStorage;
import dev.varve.store.storage.StorageFile;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class SegmentScannerTest {

  private final SimulatedStorage storage = new SimulatedStorage();

  @Test
  void readsRecordsOfAllSizesInOrder() throws IOException {
    long seed = System.nanoTime();
    List<LogRecord> records = Segments.records(new Random(seed), 400);
    byte[] bytes = Segments.encoded(records);
    SegmentScanner scanner = SegmentScanner.summing(file(bytes), "s", 0, bytes.length);
    long offset = 0;
    for (LogRecord expected : records) {
      assertTrue(scanner.next(), "seed " + seed);
      assertEquals(offset, scanner.offset());
      assertEquals(expected.encodedLength(), scanner.length());
      assertEquals(expected.sequence(), scanner.sequence());
      assertEquals(expected.key().length, scanner.keyLength());
      assertArrayEquals(expected.key(), scanner.record().key());
      assertArrayEquals(expected.value(), scanner.record().value());
      assertEquals(Crc32c.of(ByteBuffer.wrap(bytes, 0, (int) offset)), scanner.crcBefore());
      offset += scanner.length();
    }
    assertFalse(scanner.next());
    assertFalse(scanner.next());
    assertEquals(
        new ScanEnd(ScanEnd.Reason.END, bytes.length, "end", -1, -1),
        scanner.end(),
        "seed " + seed);
    assertEquals(Crc32c.of(ByteBuffer.wrap(bytes)), scanner.crcBefore());
  }

  @Test
  void startsInTheMiddle() throws IOException {
    List<LogRecord> records = Segments.records(new Random(7), 10);
    byte[] bytes = Segments.encoded(records);
    int from = records.get(0).encodedLength() + records.get(1).encodedLength();
    SegmentScanner scanner = SegmentScanner.summing(file(bytes), "s", from, bytes.length);
    assertTrue(scanner.next());
    assertEquals(3, scanner.sequence());
  }

  @Test
  void everyCutOfTheLastRecordIsTorn() throws IOException {
    byte[] first = Segments.encoded(List.of(Segments.put(1, "a", 50)));
    byte[] both = Segments.encoded(List.of(Segments.put(1, "a", 50), Segments.put(2, "b", 50)));
    StorageFile file = file(both);
    for (int size = both.length - 1; size > first.length; size--) {
      ScanEnd end = scan(file, size);
      assertEquals(ScanEnd.Reason.TORN, end.reason(), "size " + size);
      assertEquals(first.length, end.offset());
    }
    assertEquals(ScanEnd.Reason.END, scan(file, first.length).reason());
  }

  @Test
  void zerosAfterTheLastRecordAreTorn() throws IOException {
    byte[] record = Segments.encoded(List.of(Segments.put(1, "a", 50)));
    byte[] bytes = new byte[record.length + 3_000_000];
    System.arraycopy(record, 0, bytes, 0, record.length);
    ScanEnd end = scan(file(bytes), bytes.length);
    assertEquals(new ScanEnd(ScanEnd.Reason.TORN, record.length, "zeros", -1, -1), end);
  }

  /**
   * Pitfall 11: what follows a hole is never lost in silence. Guard: {@code SegmentScanner.judge}.
   */
  @Test
  void everyFlippedBitBeforeAWholeRecordIsDamage() throws IOException {
    byte[] first = Segments.encoded(List.of(Segments.put(1, "a", 30)));
    byte[] all =
        Segments.encoded(
            List.of(Segments.put(1, "a", 30), Segments.put(2, "b", 40), Segments.put(3, "c", 20)));
    int last = all.length - Segments.put(3, "c", 20).encodedLength();
    StorageFile file = file(all);
    for (int bit = first.length * 8; bit < last * 8; bit++) {
      storage.flipBit("s", bit);
      assertEquals(ScanEnd.Reason.DAMAGED, scan(file, all.length).reason(), "bit " + bit);
      assertEquals(first.length, scan(file, all.length).offset(), "bit " + bit);
      assertEquals(last, scan(file, all.length).nextValidOffset(), "bit " + bit);
      assertEquals(3, scan(file, all.length).nextValidSequence(), "bit " + bit);
      storage.flipBit("s", bit);
    }
    for (int bit = last * 8; bit < all.length * 8; bit++) {
      storage.flipBit("s", bit);
      assertEquals(ScanEnd.Reason.TORN, scan(file, all.length).reason(), "bit " + bit);
      storage.flipBit("s", bit);
    }
  }

  @Test
  void longHoleBeforeAWholeRecordIsDamage() throws IOException {
    byte[] record = Segments.encoded(List.of(Segments.put(9, "a", 700_000)));
    byte[] bytes = new byte[1_000_000 + record.length];
    System.arraycopy(record, 0, bytes, 1_000_000, record.length);
    assertEquals(
        new ScanEnd(ScanEnd.Reason.DAMAGED, 0, "zeros", 1_000_000, 9),
        scan(file(bytes), bytes.length));
  }

  /** Pitfall 11: an I/O error is not an end of the log: {@code SegmentScanner.load} throws. */
  @Test
  void readErrorIsThrown() throws IOException {
    byte[] bytes = Segments.encoded(Segments.records(new Random(3), 200));
    SegmentScanner scanner = SegmentScanner.summing(file(bytes), "s", 0, bytes.length);
    storage.failOperation(storage.operations() + 2, Fault.IO_ERROR);
    assertThrows(
        IOException.class,
        () -> {
          while (scanner.next()) {
            assertTrue(scanner.length() > 0);
          }
        });
    assertThrows(IllegalStateException.class, scanner::end);
  }

  @Test
  void fileThatIsShorterThanItMustBeIsAnError() throws IOException {
    byte[] bytes = Segments.encoded(List.of(Segments.put(1, "a", 30)));
    SegmentScanner scanner = SegmentScanner.summing(file(bytes), "s", 0, bytes.length + 1L);
    assertThrows(EOFException.class, scanner::next);
  }

  private StorageFile file(byte[] bytes) throws IOException {
    StorageFile file = storage.create("s");
    file.write(new ByteBuffer[] {ByteBuffer.wrap(bytes)}, 0);
    return file;
  }

  private static ScanEnd scan(StorageFile file, long to) throws IOException {
    SegmentScanner scanner = SegmentScanner.summing(file, "s", 0, to);
    while (scanner.next()) {
      assertTrue(scanner.length() > 0);
    }
    return scanner.end();
  }
}
