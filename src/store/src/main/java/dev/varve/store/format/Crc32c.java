package dev.varve.store.format;

import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/** CRC32C (Castagnoli) values as {@code int}, and their combination. */
public final class Crc32c {

  /** The generator polynomial with its bits reversed. */
  private static final int POLYNOMIAL = 0x82F63B78;

  /** {@code POWERS[n]} is x to the power of 2^n modulo the polynomial, bits reversed. */
  private static final int[] POWERS = new int[64];

  static {
    int power = 1 << 30; // x
    for (int n = 0; n < POWERS.length; n++) {
      POWERS[n] = power;
      power = product(power, power);
    }
  }

  private Crc32c() {}

  /** The CRC of part of a buffer, whose position and limit stay. */
  public static int of(ByteBuffer buffer, int at, int length) {
    CRC32C crc = new CRC32C();
    if (buffer.hasArray()) {
      crc.update(buffer.array(), buffer.arrayOffset() + at, length);
    } else {
      crc.update(buffer.slice(at, length));
    }
    return (int) crc.getValue();
  }

  /** The CRC of what remains in a buffer, whose position and limit stay. */
  public static int of(ByteBuffer buffer) {
    return of(buffer, buffer.position(), buffer.remaining());
  }

  /**
   * The CRC of two byte strings, one after the other, from the CRC of each: appending a = CRC(A)
   * and b = CRC(B) means multiplying a's polynomial by x to the power of 8·|B|.
   *
   * @param secondLength the length of the second string in bytes
   */
  public static int combine(int first, int second, long secondLength) {
    int shift = 1 << 31; // 1
    long bits = secondLength << 3;
    for (int n = 0; bits != 0; n++, bits >>>= 1) {
      if ((bits & 1) != 0) {
        shift = product(POWERS[n], shift);
      }
    }
    return product(shift, first) ^ second;
  }

  /** The product of two polynomials modulo the generator, in reversed bit order. */
  private static int product(int a, int b) {
    int result = 0;
    int multiple = b;
    for (int mask = 1 << 31; mask != 0; mask >>>= 1) {
      if ((a & mask) != 0) {
        result ^= multiple;
      }
      multiple = (multiple & 1) == 0 ? multiple >>> 1 : (multiple >>> 1) ^ POLYNOMIAL;
    }
    return result;
  }
}
