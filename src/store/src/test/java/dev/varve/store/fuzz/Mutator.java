package dev.varve.store.fuzz;

import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/** Turns valid files into almost valid ones; a function of its seed and the files. */
final class Mutator {
  private static final int CHANGES_MAX = 4;
  private static final int GROWTH_MAX = 256;

  /** What length fields and counts go wrong at. */
  private static final long[] NUMBERS = {
    0,
    1,
    -1,
    2,
    0x7F,
    0x80,
    0xFF,
    0xFFFF,
    Short.MAX_VALUE,
    Integer.MAX_VALUE,
    Integer.MIN_VALUE,
    0xFFFF_FFFFL,
    1L << 31,
    Long.MAX_VALUE,
    Long.MIN_VALUE
  };

  private final SplittableRandom random;
  private final List<byte[]> valid;

  Mutator(long seed, List<byte[]> valid) {
    this.random = new SplittableRandom(seed);
    this.valid = valid;
  }

  byte[] next() {
    byte[] bytes = any().clone();
    int changes = 1 + random.nextInt(CHANGES_MAX);
    for (int i = 0; i < changes; i++) {
      bytes = changed(bytes);
    }
    return bytes;
  }

  private byte[] any() {
    return valid.get(random.nextInt(valid.size()));
  }

  private byte[] changed(byte[] bytes) {
    if (bytes.length == 0) {
      return grown(bytes);
    }
    return switch (random.nextInt(9)) {
      case 0, 1 -> flipped(bytes);
      case 2, 3, 4 -> numbered(bytes);
      case 5 -> Arrays.copyOf(bytes, random.nextInt(bytes.length));
      case 6 -> grown(bytes);
      case 7 -> spliced(bytes, any());
      default -> withoutOrTwice(bytes);
    };
  }

  private byte[] flipped(byte[] bytes) {
    bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(Byte.SIZE));
    return bytes;
  }

  /** Writes a number of 1, 2, 4 or 8 bytes somewhere, or adds a little to the one there. */
  private byte[] numbered(byte[] bytes) {
    int width = Math.min(1 << random.nextInt(4), Integer.highestOneBit(bytes.length));
    int at = random.nextInt(bytes.length - width + 1);
    boolean littleEndian = random.nextBoolean();
    long value = 0;
    for (int i = 0; i < width; i++) {
      int place = littleEndian ? width - 1 - i : i;
      value = (value << Byte.SIZE) | Byte.toUnsignedInt(bytes[at + place]);
    }
    value =
        switch (random.nextInt(4)) {
          case 0 -> value + random.nextInt(-3, 4);
          case 1 -> bytes.length + random.nextInt(-40, 41);
          default -> NUMBERS[random.nextInt(NUMBERS.length)];
        };
    for (int i = 0; i < width; i++) {
      int place = littleEndian ? i : width - 1 - i;
      bytes[at + place] = (byte) (value >>> (Byte.SIZE * i));
    }
    return bytes;
  }

  /** Zeros, noise or more of the same behind the end. */
  private byte[] grown(byte[] bytes) {
    int more = 1 + random.nextInt(GROWTH_MAX);
    byte[] grown = Arrays.copyOf(bytes, bytes.length + more);
    int kind = random.nextInt(3);
    for (int i = bytes.length; i < grown.length && kind > 0; i++) {
      grown[i] =
          kind == 1 || bytes.length == 0
              ? (byte) random.nextInt(256)
              : bytes[(i - bytes.length) % bytes.length];
    }
    return grown;
  }

  private byte[] spliced(byte[] head, byte[] tail) {
    int from = tail.length == 0 ? 0 : random.nextInt(tail.length);
    int to = random.nextInt(head.length + 1);
    byte[] both = Arrays.copyOf(head, to + tail.length - from);
    System.arraycopy(tail, from, both, to, tail.length - from);
    return both;
  }

  /** Takes a range out, or puts it in a second time. */
  private byte[] withoutOrTwice(byte[] bytes) {
    int from = random.nextInt(bytes.length);
    int to = from + random.nextInt(Math.min(64, bytes.length - from) + 1);
    boolean twice = random.nextBoolean();
    byte[] changed =
        Arrays.copyOf(bytes, twice ? to + bytes.length - from : bytes.length - to + from);
    int rest = twice ? from : to;
    System.arraycopy(bytes, rest, changed, twice ? to : from, bytes.length - rest);
    return changed;
  }
}
