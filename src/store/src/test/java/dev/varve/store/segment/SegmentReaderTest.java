package dev.varve.store.segment;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.store.format.LogRecord;
import dev.varve.store.format.RecordCodec;
import dev.varve.store.simulation.SimulatedStorage;
import dev.varve.store.storage.StorageFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class SegmentReaderTest {

  private final SimulatedStorage storage = new SimulatedStorage();
  private final LogRecord a = Segments.put(1, "alpha", 100);
  private final LogRecord b = Segments.put(2, "beta", 200);

  @Test
  void readsOneRecord() throws IOException {
    SegmentReader reader = reader();
    LogRecord found = reader.read(a.encodedLength(), b.encodedLength());
    assertEquals(2, found.sequence());
    assertArrayEquals(b.value(), found.value());
  }

  @Test
  void everyFlippedBitIsCorruptWithFileAndOffset() throws IOException {
    SegmentReader reader = reader();
    for (int bit = a.encodedLength() * 8;
        bit < (a.encodedLength() + b.encodedLength()) * 8;
        bit++) {
      storage.flipBit("main/s.log", bit);
      CorruptRecordException e =
          assertThrows(
              CorruptRecordException.class,
              () -> reader.read(a.encodedLength(), b.encodedLength()),
              "bit " + bit);
      assertEquals("main/s.log", e.file());
      assertEquals(a.encodedLength(), e.offset());
      storage.flipBit("main/s.log", bit);
    }
  }

  @Test
  void wrongLengthOrPlaceIsCorrupt() throws IOException {
    SegmentReader reader = reader();
    assertThrows(CorruptRecordException.class, () -> reader.read(0, a.encodedLength() + 1));
    assertThrows(CorruptRecordException.class, () -> reader.read(0, a.encodedLength() - 1));
    assertThrows(CorruptRecordException.class, () -> reader.read(1, a.encodedLength()));
    assertThrows(CorruptRecordException.class, () -> reader.read(10_000, 100));
    assertThrows(CorruptRecordException.class, () -> reader.read(0, 3));
  }

  @Test
  void comparesKeysAndNeverTakesADamagedKeyForAnother() throws IOException {
    SegmentReader reader = reader();
    assertTrue(reader.hasKey(0, a.encodedLength(), "alpha".getBytes(UTF_8)));
    assertFalse(reader.hasKey(0, a.encodedLength(), "alphb".getBytes(UTF_8)));
    assertFalse(reader.hasKey(0, a.encodedLength(), "alp".getBytes(UTF_8)));
    assertFalse(reader.hasKey(0, a.encodedLength(), new byte[4096]));
    storage.flipBit("main/s.log", 42 * 8);
    assertThrows(
        CorruptRecordException.class,
        () -> reader.hasKey(0, a.encodedLength(), "alpha".getBytes(UTF_8)));
  }

  @Test
  void readsTheRecordOfAKeyAndVerifiesItBeforeTheKey() throws IOException {
    SegmentReader reader = reader();
    LogRecord found = reader.read(0, a.encodedLength(), "alpha".getBytes(UTF_8));
    assertNotNull(found);
    assertArrayEquals(a.value(), found.value());
    assertArrayEquals(a.key(), found.key());
    assertNull(reader.read(0, a.encodedLength(), "alphb".getBytes(UTF_8)));
    assertNull(reader.read(0, a.encodedLength(), "alp".getBytes(UTF_8)));
    storage.flipBit("main/s.log", 42L * 8);
    for (String key : List.of("alpha", "alphb")) {
      assertThrows(
          CorruptRecordException.class,
          () -> reader.read(0, a.encodedLength(), key.getBytes(UTF_8)));
    }
    storage.flipBit("main/s.log", 42L * 8);
    storage.flipBit("main/s.log", (a.encodedLength() - 1L) * 8); // the value's last byte
    assertThrows(
        CorruptRecordException.class,
        () -> reader.read(0, a.encodedLength(), "alpha".getBytes(UTF_8)));
  }

  /** The memory that a thread reads into is used again by its next read. */
  @Test
  void aRecordStaysAsItWasReadWhateverIsReadLater() throws IOException {
    SegmentReader reader = reader();
    LogRecord first = reader.read(0, a.encodedLength());
    LogRecord second = reader.read(a.encodedLength(), b.encodedLength(), b.key());
    assertFalse(reader.hasKey(0, a.encodedLength(), "gamma".getBytes(UTF_8)));
    assertNotNull(second);
    assertArrayEquals(a.key(), first.key());
    assertArrayEquals(a.value(), first.value());
    assertArrayEquals(b.value(), second.value());
  }

  /** These are read into memory of their own. */
  @Test
  void readsLongRecordsAndOnVirtualThreads()
      throws IOException, InterruptedException, ExecutionException {
    SegmentReader shorter = reader();
    LogRecord longer = Segments.put(3, "gamma", 200_000);
    try (StorageFile file = storage.create("main/long.log")) {
      ByteBuffer bytes = ByteBuffer.allocate(longer.encodedLength());
      RecordCodec.encode(longer, bytes);
      file.write(new ByteBuffer[] {bytes.flip()}, 0);
    }
    SegmentReader reader = new SegmentReader(storage.open("main/long.log"), "main/long.log");
    assertArrayEquals(longer.value(), reader.read(0, longer.encodedLength()).value());
    try (ExecutorService virtual = Executors.newVirtualThreadPerTaskExecutor()) {
      assertArrayEquals(
          a.value(), virtual.submit(() -> shorter.read(0, a.encodedLength())).get().value());
    }
  }

  /** Pitfall 7. Guard: {@code SegmentReader.tryAcquire} refuses a retired segment. */
  @Test
  void fileStaysUntilTheLastReaderHasLetGo() throws IOException {
    SegmentReader reader = reader();
    AtomicInteger closed = new AtomicInteger();
    assertTrue(reader.tryAcquire());
    reader.retire(closed::incrementAndGet);
    assertEquals(0, closed.get());
    assertTrue(reader.tryAcquire(), "still in use, so it can be used");
    reader.release();
    assertEquals(0, closed.get());
    reader.release();
    assertEquals(1, closed.get());
    assertFalse(reader.tryAcquire());
    assertThrows(IllegalStateException.class, () -> reader.retire(closed::incrementAndGet));
  }

  /** Pitfall 7. Guard: {@code SegmentReader.tryAcquire} refuses a retired segment. */
  @Test
  void noReaderEverUsesAClosedFile()
      throws IOException, InterruptedException, ExecutionException, TimeoutException {
    try (ExecutorService threads = Executors.newFixedThreadPool(3)) {
      for (int round = 0; round < 200; round++) {
        SegmentReader reader = reader();
        AtomicInteger closed = new AtomicInteger();
        CountDownLatch start = new CountDownLatch(1);
        List<Future<Integer>> reading = new ArrayList<>();
        for (int t = 0; t < 3; t++) {
          reading.add(
              threads.submit(
                  () -> {
                    start.await();
                    int reads = 0;
                    while (reader.tryAcquire()) {
                      try {
                        assertEquals(1, reader.read(0, a.encodedLength()).sequence());
                        reads++;
                      } finally {
                        reader.release();
                      }
                    }
                    return reads;
                  }));
        }
        start.countDown();
        reader.retire(
            () -> {
              closed.incrementAndGet();
              try {
                reader.close();
              } catch (IOException e) {
                throw new UncheckedIOException(e);
              }
            });
        for (Future<Integer> each : reading) {
          assertTrue(each.get(30, TimeUnit.SECONDS) >= 0);
        }
        assertEquals(1, closed.get());
        storage.delete("main/s.log");
      }
    }
  }

  private SegmentReader reader() throws IOException {
    storage.createDirectory("main");
    StorageFile file = storage.create("main/s.log");
    file.write(new ByteBuffer[] {ByteBuffer.wrap(Segments.encoded(List.of(a, b)))}, 0);
    return new SegmentReader(file, "main/s.log");
  }
}
