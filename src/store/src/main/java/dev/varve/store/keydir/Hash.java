package dev.varve.store.keydir;

import dev.varve.store.format.RecordKind;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * The 64-bit hash of a key: XXH64 with seed 0, after the algorithm's public description (xxHash
 * fast digest algorithm, section XXH64). Fixed for good: run lists carry it.
 */
public final class Hash {

  private static final long PRIME_1 = 0x9E3779B185EBCA87L;
  private static final long PRIME_2 = 0xC2B2AE3D27D4EB4FL;
  private static final long PRIME_3 = 0x165667B19E3779F9L;
  private static final long PRIME_4 = 0x85EBCA77C2B2AE63L;
  private static final long PRIME_5 = 0x27D4EB2F165667C5L;

  /** The sum of the first two, modulo 2^64. */
  private static final long PRIMES_1_AND_2 = 0x60EA27EEADC0B5D6L;

  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

  /** Keeps requests and keys of users apart, whatever their bytes. */
  private static final long REQUESTS = 0xA5C3D2E1F0B49687L;

  private Hash() {}

  /** Under which hash the keydir has a record of this kind. */
  public static long of(RecordKind kind, byte[] bytes, int from, int length) {
    return salted(kind, of(bytes, from, length));
  }

  /** {@link #of(RecordKind, byte[], int, int)} of a whole array. */
  public static long of(RecordKind kind, byte[] key) {
    return salted(kind, of(key));
  }

  /** {@link #of(RecordKind, byte[], int, int)} of part of a buffer. */
  public static long of(RecordKind kind, ByteBuffer buffer, int at, int length) {
    return salted(kind, of(buffer, at, length));
  }

  private static long salted(RecordKind kind, long hash) {
    return kind == RecordKind.REQUEST ? hash ^ REQUESTS : hash;
  }

  /** The hash of a key. */
  public static long of(byte[] key) {
    return of(key, 0, key.length);
  }

  /** The hash of what remains in a buffer, whose position stays. */
  public static long of(ByteBuffer key) {
    return of(key, key.position(), key.remaining());
  }

  /** The hash of part of a buffer, whose position and limit stay. */
  public static long of(ByteBuffer buffer, int at, int length) {
    if (buffer.hasArray()) {
      return of(buffer.array(), buffer.arrayOffset() + at, length);
    }
    byte[] copy = new byte[length];
    buffer.get(at, copy);
    return of(copy);
  }

  /** The hash of part of an array. */
  public static long of(byte[] bytes, int from, int length) {
    int at = from;
    int end = from + length;
    long hash;
    if (length >= 32) {
      long v1 = PRIMES_1_AND_2;
      long v2 = PRIME_2;
      long v3 = 0;
      long v4 = -PRIME_1;
      do {
        v1 = round(v1, word(bytes, at));
        v2 = round(v2, word(bytes, at + 8));
        v3 = round(v3, word(bytes, at + 16));
        v4 = round(v4, word(bytes, at + 24));
        at += 32;
      } while (at <= end - 32);
      hash =
          Long.rotateLeft(v1, 1)
              + Long.rotateLeft(v2, 7)
              + Long.rotateLeft(v3, 12)
              + Long.rotateLeft(v4, 18);
      hash = merge(hash, v1);
      hash = merge(hash, v2);
      hash = merge(hash, v3);
      hash = merge(hash, v4);
    } else {
      hash = PRIME_5;
    }
    hash += length;
    for (; at <= end - 8; at += 8) {
      hash = Long.rotateLeft(hash ^ round(0, word(bytes, at)), 27) * PRIME_1 + PRIME_4;
    }
    if (at <= end - 4) {
      long half = Integer.toUnsignedLong((int) INT.get(bytes, at));
      hash = Long.rotateLeft(hash ^ (half * PRIME_1), 23) * PRIME_2 + PRIME_3;
      at += 4;
    }
    for (; at < end; at++) {
      hash = Long.rotateLeft(hash ^ ((bytes[at] & 0xFFL) * PRIME_5), 11) * PRIME_1;
    }
    hash = (hash ^ (hash >>> 33)) * PRIME_2;
    hash = (hash ^ (hash >>> 29)) * PRIME_3;
    return hash ^ (hash >>> 32);
  }

  private static long word(byte[] bytes, int at) {
    return (long) LONG.get(bytes, at);
  }

  private static long round(long accumulator, long input) {
    return Long.rotateLeft(accumulator + input * PRIME_2, 31) * PRIME_1;
  }

  private static long merge(long hash, long value) {
    return (hash ^ round(0, value)) * PRIME_1 + PRIME_4;
  }
}
