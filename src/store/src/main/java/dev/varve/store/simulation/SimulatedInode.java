package dev.varve.store.simulation;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/**
 * A file's bytes: as reads see them, as they are durable, and the changes between the two in order.
 * Guarded by its storage.
 */
final class SimulatedInode {

  private static final int SECTOR_BYTES = 512;

  /** A change that no sync has covered: bytes written at an offset, or a new size. */
  private sealed interface Change {
    @SuppressWarnings("ArrayRecordComponent") // never compared
    record Written(long offset, byte[] bytes) implements Change {}

    record Truncated(long size) implements Change {}
  }

  private byte[] visible = new byte[0];
  private int visibleSize;
  private byte[] durable = new byte[0];
  private int durableSize;
  private final List<Change> unsynced = new ArrayList<>();

  int size() {
    return visibleSize;
  }

  int read(ByteBuffer target, long offset) {
    if (offset >= visibleSize) {
      return 0;
    }
    int length = (int) Math.min(target.remaining(), visibleSize - offset);
    target.put(visible, (int) offset, length);
    return length;
  }

  void write(byte[] bytes, long offset) {
    unsynced.add(new Change.Written(offset, bytes));
    int end = Math.toIntExact(offset + bytes.length);
    visible = withRoom(visible, end);
    System.arraycopy(bytes, 0, visible, (int) offset, bytes.length);
    visibleSize = Math.max(visibleSize, end);
  }

  void truncate(long size) {
    if (size < visibleSize) {
      unsynced.add(new Change.Truncated(size));
      Arrays.fill(visible, (int) size, visibleSize, (byte) 0);
      visibleSize = (int) size;
    }
  }

  void sync() {
    for (Change change : unsynced) {
      switch (change) {
        case Change.Written(long offset, byte[] bytes) ->
            writeDurable(offset, bytes, 0, bytes.length);
        case Change.Truncated(long size) -> truncateDurable(size);
      }
    }
    unsynced.clear();
  }

  /**
   * What a failed sync does: the bytes stay visible and will never be durable unless they are
   * written again. A size that was cut is metadata, which is not taken for clean.
   */
  void dropUnsynced() {
    unsynced.removeIf(change -> change instanceof Change.Written);
  }

  void flipBit(long bit) {
    int at = Math.toIntExact(bit >>> 3);
    byte mask = (byte) (1 << (bit & 7));
    if (at >= visibleSize) {
      throw new IllegalArgumentException("the file has no bit " + bit);
    }
    visible[at] ^= mask;
    if (at < durableSize) {
      durable[at] ^= mask;
    }
  }

  byte[] contents() {
    return Arrays.copyOf(visible, visibleSize);
  }

  /** A file as it may be found after a crash. */
  SimulatedInode afterCrash(SplittableRandom random) {
    SimulatedInode left = new SimulatedInode();
    left.durable = durable.clone();
    left.durableSize = durableSize;
    if (!unsynced.isEmpty()) {
      switch (random.nextInt(4)) {
        case 0 -> {} // nothing more reached the disk
        case 1 -> left.keepPrefix(unsynced, random);
        case 2 -> left.keepSectors(unsynced, random);
        default -> left.keepPrefix(unsynced.subList(unsynced.size() - 1, unsynced.size()), random);
      }
    }
    left.visible = left.durable.clone();
    left.visibleSize = left.durableSize;
    return left;
  }

  /** A file with the bytes that reads see, all of them durable. */
  SimulatedInode allSynced() {
    SimulatedInode left = new SimulatedInode();
    left.visible = contents();
    left.visibleSize = visibleSize;
    left.durable = left.visible.clone();
    left.durableSize = visibleSize;
    return left;
  }

  /** The changes up to some point in order, the last of them torn at a sector. */
  private void keepPrefix(List<Change> changes, SplittableRandom random) {
    int kept = random.nextInt(changes.size() + 1);
    for (int i = 0; i < kept; i++) {
      switch (changes.get(i)) {
        case Change.Written(long offset, byte[] bytes) -> {
          int length = bytes.length;
          if (i == kept - 1 && length > 0) {
            long end = offset + random.nextInt(length + 1);
            length = (int) Math.max(0, end / SECTOR_BYTES * SECTOR_BYTES - offset);
          }
          writeDurable(offset, bytes, 0, length);
        }
        case Change.Truncated(long size) -> truncateDurable(size);
      }
    }
  }

  /** Any of the changed sectors, in any order: a disk promises none. Holes are zeros. */
  private void keepSectors(List<Change> changes, SplittableRandom random) {
    for (Change change : changes) {
      switch (change) {
        case Change.Written(long offset, byte[] bytes) -> {
          int at = 0;
          while (at < bytes.length) {
            int toBoundary = (int) (SECTOR_BYTES - (offset + at) % SECTOR_BYTES);
            int length = Math.min(toBoundary, bytes.length - at);
            if (random.nextBoolean()) {
              writeDurable(offset + at, bytes, at, length);
            }
            at += length;
          }
        }
        case Change.Truncated(long size) -> {
          if (random.nextBoolean()) {
            truncateDurable(size);
          }
        }
      }
    }
  }

  private void writeDurable(long offset, byte[] bytes, int from, int length) {
    if (length == 0) {
      return;
    }
    int end = Math.toIntExact(offset + length);
    durable = withRoom(durable, end);
    System.arraycopy(bytes, from, durable, (int) offset, length);
    durableSize = Math.max(durableSize, end);
  }

  private void truncateDurable(long size) {
    if (size < durableSize) {
      Arrays.fill(durable, (int) size, durableSize, (byte) 0);
      durableSize = (int) size;
    }
  }

  private static byte[] withRoom(byte[] array, int size) {
    return size <= array.length ? array : Arrays.copyOf(array, Math.max(size, array.length * 2));
  }
}
