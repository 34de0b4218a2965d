package dev.varve.store;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.store.format.LogRecord;
import dev.varve.store.format.RecordKind;
import dev.varve.store.format.SegmentId;
import dev.varve.store.keydir.Location;
import dev.varve.store.segment.SegmentReader;
import dev.varve.store.simulation.SimulatedStorage;
import java.io.IOException;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class RecordCacheTest {
  private static final int MANY = 100;

  private final SimulatedStorage storage = new SimulatedStorage();

  @Test
  void keepsWhatIsReadAgainAndAgain() throws IOException {
    RecordCache cache = new RecordCache(1 << 20);
    LiveSegment segment = segment(1, 0);
    LogRecord record = record(7, 100);
    readOften(cache, segment, at(0, 0), record);
    LogRecord kept = Objects.requireNonNull(cache.get(segment, at(0, 0)));
    assertEquals(7, kept.sequence());
    assertArrayEquals(record.value(), kept.value());
    assertNull(cache.get(segment, at(0, 500)));
    assertTrue(cache.status().hits() > 0);
    assertTrue(cache.status().misses() > 0);
  }

  /** Guards the copy: whoever read a record may change its arrays. */
  @Test
  void whatAReaderDoesToItsArraysStaysWithIt() throws IOException {
    RecordCache cache = new RecordCache(1 << 20);
    LiveSegment segment = segment(1, 0);
    LogRecord record = record(7, 100);
    readOften(cache, segment, at(0, 0), record);
    byte[] value = record.value().clone();
    record.value()[0]++;
    record.key()[0]++;
    LogRecord kept = Objects.requireNonNull(cache.get(segment, at(0, 0)));
    assertArrayEquals(value, kept.value());
    assertArrayEquals(new byte[] {1, 2, 3}, kept.key());
  }

  /** Guards the identity: a slot is used again once its segment is gone. */
  @Test
  void aSegmentAtTheSlotOfAnotherHasNothingOfIt() throws IOException {
    RecordCache cache = new RecordCache(1 << 20);
    readOften(cache, segment(1, 0), at(0, 0), record(7, 100));
    assertNull(cache.get(segment(2, 0), at(0, 0)));
  }

  @Test
  void staysWithinItsBoundAndKeepsWhatIsUsed() throws IOException {
    int bytesMax = 64 << 10;
    RecordCache cache = new RecordCache(bytesMax);
    LiveSegment segment = segment(1, 0);
    for (int i = 0; i < 20_000; i++) {
      read(cache, segment, at(0, 0), record(1, 600));
      read(cache, segment, at(0, (i / 10 + 1) * 1000L), record(i + 2, 600));
      assertTrue(cache.status().bytes() <= bytesMax, cache.status().bytes() + " bytes");
    }
    assertNotNull(cache.get(segment, at(0, 0)), "read between all others");
    assertTrue(cache.status().bytes() > bytesMax * 3 / 4, cache.status().bytes() + " bytes");
  }

  @Test
  void keepsNothingThatWouldPushMostOfItOut() throws IOException {
    RecordCache cache = new RecordCache(64 << 10);
    LiveSegment segment = segment(1, 0);
    readOften(cache, segment, at(0, 0), record(1, 1025));
    assertNull(cache.get(segment, at(0, 0)));
    assertEquals(0, cache.status().bytes());
  }

  @Test
  void keepsNothingWithoutABound() throws IOException {
    RecordCache cache = new RecordCache(0);
    LiveSegment segment = segment(1, 0);
    readOften(cache, segment, at(0, 0), record(1, 1));
    assertNull(cache.get(segment, at(0, 0)));
    assertEquals(0, cache.status().bytes());
  }

  private static void readOften(
      RecordCache cache, LiveSegment segment, Location location, LogRecord record) {
    for (int i = 0; i < MANY; i++) {
      read(cache, segment, location, record);
    }
  }

  private static void read(
      RecordCache cache, LiveSegment segment, Location location, LogRecord record) {
    if (cache.get(segment, location) == null) {
      cache.missed(segment, location, record);
    }
  }

  private LiveSegment segment(long number, int slot) throws IOException {
    String path = "s" + number;
    return new LiveSegment(
        new SegmentId(1, number), slot, new SegmentReader(storage.create(path), path));
  }

  private static Location at(int slot, long offset) {
    return new Location(slot, offset, 100, false);
  }

  private static LogRecord record(long sequence, int valueBytes) {
    byte[] value = new byte[valueBytes];
    value[0] = (byte) sequence;
    return new LogRecord(RecordKind.PUT, sequence, 1, 0, 1, 0, new byte[] {1, 2, 3}, value);
  }
}
