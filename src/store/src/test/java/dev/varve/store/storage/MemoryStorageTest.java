package dev.varve.store.storage;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class MemoryStorageTest {
  private static final long CAPACITY = 4 << 20;
  private static final int CHUNK = 64 << 10;

  private final MemoryStorage storage = new MemoryStorage(CAPACITY);

  private static ByteBuffer[] bytes(int length) {
    return new ByteBuffer[] {ByteBuffer.allocate(length)};
  }

  @Test
  void isFullBeforeTheReserveAndKeepsThatForWhatMakesRoom() throws IOException {
    long forAll = CAPACITY - storage.reserveBytes();
    try (StorageFile file = storage.create("data.log");
        StorageFile copy = storage.create("copy.log.tmp");
        StorageFile own = storage.create("_edits")) {
      file.write(bytes((int) forAll), 0);
      assertEquals(0, storage.usableBytes());
      DiskFullException full =
          assertThrows(DiskFullException.class, () -> file.write(bytes(1), forAll));
      assertTrue(String.valueOf(full.getMessage()).contains("data.log"), full.toString());
      assertTrue(String.valueOf(full.getMessage()).contains("" + CAPACITY), full.toString());
      assertEquals(forAll, file.size(), "nothing of a refused write is there");
      copy.write(bytes(CHUNK), 0);
      own.write(bytes((int) storage.reserveBytes() - CHUNK), 0);
      assertEquals(CAPACITY, storage.usedBytes());
      assertThrows(DiskFullException.class, () -> copy.write(bytes(1), CHUNK));
    }
  }

  @Test
  void givesMemoryBackOnceAFileHasNoNameAndNoHandle() throws IOException {
    StorageFile file = storage.create("a");
    file.write(bytes(3 * CHUNK), 0);
    StorageFile second = storage.open("a");
    storage.delete("a");
    assertFalse(storage.exists("a"));
    assertEquals(3 * CHUNK, storage.usedBytes());
    file.close();
    assertEquals(3 * CHUNK, second.size());
    second.close();
    second.close();
    assertEquals(0, storage.usedBytes());
    assertThrows(ClosedChannelException.class, second::size);
  }

  @Test
  void aFileThatIsRenamedOverGoesToo() throws IOException {
    storage.create("old").close();
    try (StorageFile made = storage.create("new.tmp")) {
      made.write(bytes(10), 0);
      StorageFile old = storage.open("old");
      old.write(bytes(CHUNK + 1), 0);
      storage.rename("new.tmp", "old");
      assertEquals(2 * CHUNK + 1024, storage.usedBytes());
      old.close();
      assertEquals(1024, storage.usedBytes());
    }
  }

  @Test
  void smallFilesTakeLittleAndKeepTheirBytesAsTheyGrow() throws IOException {
    byte[] expected = new byte[CHUNK + 3000];
    new SplittableRandom(9).nextBytes(expected);
    try (StorageFile file = storage.create("a")) {
      int at = 0;
      for (int length : new int[] {100, 900, 500, 5000, 0, 60_000, 2036}) {
        file.write(new ByteBuffer[] {ByteBuffer.wrap(expected, at, length)}, at);
        at += length;
        ByteBuffer found = ByteBuffer.allocate(at);
        assertEquals(at, file.read(found, 0));
        assertEquals(ByteBuffer.wrap(expected, 0, at), found.flip());
        assertTrue(storage.usedBytes() <= 2L * at + (21 << 10), storage.usedBytes() + "");
      }
      assertEquals(CHUNK + 3000, at);
    }
    storage.delete("a");
    assertEquals(0, storage.usedBytes());
  }

  @Test
  void keepsBytesAcrossChunksAndReadsZerosWhereItWasCut() throws IOException {
    SplittableRandom random = new SplittableRandom(7);
    byte[] expected = new byte[3 * CHUNK + 100];
    random.nextBytes(expected);
    try (StorageFile file = storage.create("a")) {
      file.write(new ByteBuffer[] {ByteBuffer.wrap(expected)}, 0);
      file.truncate(CHUNK - 5);
      file.write(bytes(1), 2 * CHUNK + 7);
      ByteBuffer target = ByteBuffer.allocateDirect(expected.length);
      assertEquals(2 * CHUNK + 8, file.read(target, 0));
      byte[] found = new byte[2 * CHUNK + 8];
      target.flip().get(found);
      byte[] wanted = new byte[2 * CHUNK + 8];
      System.arraycopy(expected, 0, wanted, 0, CHUNK - 5);
      assertArrayEquals(wanted, found);
    }
  }

  /** Reads take no lock: what they see of the size is never more than what is there. */
  @Test
  void readsBesideAWriterSeeWholeWrites() throws Exception {
    long words = 200_000;
    try (StorageFile file = storage.create("a");
        ExecutorService executor = Executors.newSingleThreadExecutor()) {
      AtomicLong written = new AtomicLong();
      Future<?> writer =
          executor.submit(
              () -> {
                ByteBuffer word = ByteBuffer.allocate(Long.BYTES);
                for (long i = 0; i < words; i++) {
                  word.clear().putLong(0, i);
                  file.write(new ByteBuffer[] {word}, i * Long.BYTES);
                  written.set(i + 1);
                }
                return null;
              });
      ByteBuffer read = ByteBuffer.allocate(Long.BYTES);
      SplittableRandom random = new SplittableRandom(1);
      while (!writer.isDone()) {
        long seen = file.size() / Long.BYTES;
        if (seen > 0) {
          long at = seen - 1 - random.nextLong(Math.min(seen, 3));
          assertEquals(Long.BYTES, file.read(read.clear(), at * Long.BYTES));
          assertEquals(at, read.getLong(0));
        }
      }
      try {
        writer.get();
      } catch (ExecutionException e) {
        throw new AssertionError(e.getCause());
      }
      assertEquals(words, written.get());
    }
  }

  @Test
  void refusesACapacityThatHoldsNothing() {
    IllegalArgumentException refused =
        assertThrows(IllegalArgumentException.class, () -> new MemoryStorage(1000));
    assertTrue(String.valueOf(refused.getMessage()).contains("capacityBytes"), refused.toString());
  }
}
