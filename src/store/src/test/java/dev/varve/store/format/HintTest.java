package dev.varve.store.format;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.store.simulation.SimulatedStorage;
import dev.varve.store.storage.StorageFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Pitfall 6. Guard: {@link HintReader} verifies the whole file before it gives anything out. */
class HintTest {

  private final SimulatedStorage storage = new SimulatedStorage();

  @Test
  void readsBackWhatWasWritten() throws IOException {
    long seed = System.nanoTime();
    StorageFile file = written(seed, 5000);
    HintReader hint = new HintReader(file, "h");
    assertEquals(5000, hint.entries());
    assertEquals(1L << 31, hint.segmentLength());
    assertEquals(0xCAFEBABE, hint.segmentCrc());
    Random random = new Random(seed);
    long min = Long.MAX_VALUE;
    long max = 0;
    for (int i = 0; i < 5000; i++) {
      assertTrue(hint.next(), "seed " + seed);
      long sequence = random.nextLong(1L << 40);
      min = Math.min(min, sequence);
      max = Math.max(max, sequence);
      assertEquals(sequence, hint.sequence());
      assertEquals(i % 9, hint.term());
      assertEquals(i * 3L, hint.expiresAtMs());
      assertEquals((1L << 31) - (16 << 20) - i, hint.offset());
      assertEquals(16 << 20, hint.length());
      assertEquals(i % 2 == 0 ? RecordKind.PUT : RecordKind.TOMBSTONE, hint.kind());
      byte[] key = new byte[1 + random.nextInt(i % 50 == 0 ? 4096 : 40)];
      random.nextBytes(key);
      assertArrayEquals(key, Arrays.copyOf(hint.keyBytes(), hint.keyLength()), "seed " + seed);
    }
    assertFalse(hint.next());
    assertEquals(min, hint.minSequence());
    assertEquals(max, hint.maxSequence());
  }

  @Test
  void emptySegmentHasAHint() throws IOException {
    HintReader hint = new HintReader(written(1, 0), "h");
    assertEquals(0, hint.entries());
    assertEquals(0, hint.minSequence());
    assertEquals(0, hint.maxSequence());
    assertFalse(hint.next());
  }

  @Test
  void everyTruncationIsNoticed() throws IOException {
    StorageFile file = written(1, 20);
    for (long size = file.size() - 1; size >= 0; size--) {
      file.truncate(size);
      assertThrows(HintDamagedException.class, () -> new HintReader(file, "h"), "size " + size);
    }
  }

  @Test
  void everyFlippedBitIsNoticed() throws IOException {
    StorageFile file = written(1, 8);
    for (long bit = 0; bit < file.size() * 8; bit++) {
      storage.flipBit("h", bit);
      assertThrows(HintDamagedException.class, () -> new HintReader(file, "h"), "bit " + bit);
      storage.flipBit("h", bit);
    }
    assertEquals(8, new HintReader(file, "h").entries());
  }

  @Test
  void somethingAppendedIsNoticed() throws IOException {
    StorageFile file = written(1, 8);
    file.write(new ByteBuffer[] {ByteBuffer.allocate(1)}, file.size());
    assertThrows(HintDamagedException.class, () -> new HintReader(file, "h"));
  }

  /** Members compare whole files by CRC, which must therefore differ where the contents do. */
  @Test
  void checksumOfTheWholeFileTellsFilesApart() throws IOException {
    written(1, 8);
    int first = Crc32c.of(ByteBuffer.wrap(storage.contents("h")));
    storage.delete("h");
    written(2, 8);
    assertNotEquals(first, Crc32c.of(ByteBuffer.wrap(storage.contents("h"))));
  }

  private StorageFile written(long seed, int entries) throws IOException {
    StorageFile file = storage.create("h");
    HintWriter writer = new HintWriter(file);
    Random random = new Random(seed);
    for (int i = 0; i < entries; i++) {
      long sequence = random.nextLong(1L << 40);
      byte[] key = new byte[1 + random.nextInt(i % 50 == 0 ? 4096 : 40)];
      random.nextBytes(key);
      writer.add(
          i % 2 == 0 ? RecordKind.PUT : RecordKind.TOMBSTONE,
          sequence,
          i % 9,
          i * 3L,
          (1L << 31) - (16 << 20) - i,
          16 << 20,
          ByteBuffer.wrap(key));
    }
    writer.finish(1L << 31, 0xCAFEBABE);
    return file;
  }
}
