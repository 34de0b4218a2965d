package dev.varve.store.format;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.store.simulation.SimulatedStorage;
import dev.varve.store.storage.StorageFile;
import java.io.IOException;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class RunListTest {

  private static final SegmentId TARGET = new SegmentId(5, 9);
  private static final List<SegmentId> SOURCES =
      List.of(new SegmentId(1, 2), new SegmentId(3, 4), new SegmentId(3, 5));

  private final SimulatedStorage storage = new SimulatedStorage();

  @Test
  void readsBackWhatWasWrittenTwice() throws IOException {
    long seed = System.nanoTime();
    StorageFile file = written(seed, 20_000);
    RunListReader list = new RunListReader(file, "r");
    assertEquals(TARGET, list.target());
    assertEquals(SOURCES, list.sources());
    assertEquals(123_456, list.targetLength());
    assertEquals(-7, list.targetCrc());
    assertEquals(20_000, list.runs() + list.dropped());
    for (int pass = 0; pass < 2; pass++) {
      Random random = new Random(seed);
      for (int i = 0; i < 20_000; i++) {
        assertTrue(list.next());
        assertEquals(random.nextInt(3), list.source(), "seed " + seed);
        assertEquals(random.nextLong(1L << 30), list.offset());
        assertEquals(1 + random.nextInt(1 << 20), list.length());
        int kind = random.nextInt(3);
        assertEquals(kind == 0 ? RunListReader.Item.RUN : RunListReader.Item.DROPPED, list.item());
        if (kind > 0) {
          assertEquals(kind == 2, list.tombstone());
          assertEquals(random.nextLong(), list.hash());
        }
      }
      assertFalse(list.next());
      list.rewind();
    }
  }

  @Test
  void adjacentRunsBecomeOne() throws IOException {
    StorageFile file = storage.create("r");
    RunListWriter writer = new RunListWriter(file, TARGET, SOURCES);
    for (int i = 0; i < 1000; i++) {
      writer.run(1, i * 100L, 100);
    }
    writer.run(2, 0, 5);
    writer.finish(100_005, 0);
    RunListReader list = new RunListReader(file, "r");
    assertEquals(2, list.runs());
    assertTrue(list.next());
    assertEquals(100_000, list.length());
    assertTrue(list.next());
    assertEquals(2, list.source());
    assertFalse(list.next());
  }

  @Test
  void everyTruncationIsNoticed() throws IOException {
    StorageFile file = written(1, 20);
    for (long size = file.size() - 1; size >= 0; size--) {
      file.truncate(size);
      assertThrows(
          RunListDamagedException.class, () -> new RunListReader(file, "r"), "size " + size);
    }
  }

  @Test
  void everyFlippedBitIsNoticed() throws IOException {
    StorageFile file = written(1, 20);
    for (long bit = 0; bit < file.size() * 8; bit++) {
      storage.flipBit("r", bit);
      assertThrows(RunListDamagedException.class, () -> new RunListReader(file, "r"), "bit " + bit);
      storage.flipBit("r", bit);
    }
  }

  private StorageFile written(long seed, int items) throws IOException {
    StorageFile file = storage.create("r");
    RunListWriter writer = new RunListWriter(file, TARGET, SOURCES);
    Random random = new Random(seed);
    for (int i = 0; i < items; i++) {
      int source = random.nextInt(3);
      long offset = random.nextLong(1L << 30);
      int length = 1 + random.nextInt(1 << 20);
      int kind = random.nextInt(3);
      if (kind == 0) {
        writer.run(source, offset, length);
      } else {
        writer.dropped(source, offset, length, kind == 2, random.nextLong());
      }
    }
    writer.finish(123_456, -7);
    return file;
  }
}
