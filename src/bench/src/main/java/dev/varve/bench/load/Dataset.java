package dev.varve.bench.load;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * The entries of a run: 16-byte keys in no order, and values that tell which key and version they
 * belong to. The same numbers give the same bytes in every run and for every store.
 *
 * @param keys how many there are, numbered from 0
 * @param valueBytes the length of each value, at least 16
 */
public record Dataset(long keys, int valueBytes) {

  /** The length of a key. */
  public static final int KEY_BYTES = 16;

  /** Index and version in front of a value. */
  private static final int STAMP_BYTES = 16;

  /** What values are cut from: random, so that nothing gains by compressing. */
  private static final byte[] POOL = new byte[1 << 20];

  static {
    new SplittableRandom(0x5eed).nextBytes(POOL);
  }

  /** Checks the ranges. */
  public Dataset {
    if (keys < 1) {
      throw new IllegalArgumentException("keys must be positive: " + keys);
    }
    if (valueBytes < STAMP_BYTES || valueBytes > POOL.length / 2) {
      throw new IllegalArgumentException("valueBytes out of range: " + valueBytes);
    }
  }

  /** As many entries as make up so many bytes of keys and values. */
  public static Dataset ofBytes(long bytes, int valueBytes) {
    return new Dataset(Math.max(1, bytes / (KEY_BYTES + valueBytes)), valueBytes);
  }

  /** Bytes of keys and values. */
  public long bytes() {
    return keys * (KEY_BYTES + valueBytes);
  }

  /** The key of this number. */
  public byte[] key(long index) {
    return ByteBuffer.allocate(KEY_BYTES).putLong(scatter(index)).putLong(index).array();
  }

  /** The value of this key in this version. */
  public byte[] value(long index, long version) {
    byte[] value = new byte[valueBytes];
    ByteBuffer.wrap(value).putLong(index).putLong(version);
    int from = (int) (scatter(index * 31 + version) >>> 1) & (POOL.length / 2 - 1);
    System.arraycopy(POOL, from, value, STAMP_BYTES, valueBytes - STAMP_BYTES);
    return value;
  }

  /**
   * The version of a value that was read for a key.
   *
   * @throws IllegalStateException if it is no value of this key
   */
  public long versionOf(long index, byte @Nullable [] value) {
    if (value == null) {
      throw new IllegalStateException("key " + index + " has no value");
    }
    if (value.length == valueBytes && ByteBuffer.wrap(value).getLong() == index) {
      long version = ByteBuffer.wrap(value).getLong(Long.BYTES);
      if (Arrays.equals(value, value(index, version))) {
        return version;
      }
    }
    throw new IllegalStateException("key " + index + " has a value that was never written to it");
  }

  /**
   * A bijection of 64-bit numbers that leaves no order: the finalizer of SplittableRandom's kin.
   */
  private static long scatter(long number) {
    long mixed = (number ^ (number >>> 30)) * 0xbf58476d1ce4e5b9L;
    mixed = (mixed ^ (mixed >>> 27)) * 0x94d049bb133111ebL;
    return mixed ^ (mixed >>> 31);
  }
}
