package dev.varve.cli;

import java.util.concurrent.ThreadLocalRandom;
import java.util.function.LongSupplier;

/**
 * Which of a growing number of items an operation is about, by the request distributions of the
 * YCSB paper.
 */
interface ItemChooser {
  /** An item, from 0 to the number of items - 1. */
  long next();

  /** Every item is as likely. */
  static ItemChooser uniform(LongSupplier items) {
    return () -> ThreadLocalRandom.current().nextLong(items.getAsLong());
  }

  /**
   * Some items are popular, whichever they are: the ranks of a zipfian distribution are spread over
   * all items by a hash.
   */
  static ItemChooser zipfian(long initialItems, LongSupplier items) {
    ZipfianRank ranks = new ZipfianRank(initialItems);
    return () -> {
      long count = items.getAsLong();
      return Long.remainderUnsigned(fnv1a(ranks.next(count)), count);
    };
  }

  /** The most recently inserted items are the popular ones. */
  static ItemChooser latest(long initialItems, LongSupplier items) {
    ZipfianRank ranks = new ZipfianRank(initialItems);
    return () -> {
      long count = items.getAsLong();
      return count - 1 - ranks.next(count);
    };
  }

  /** The 64-bit FNV-1a hash of a number's bytes. */
  static long fnv1a(long number) {
    long hash = 0xcbf29ce484222325L;
    for (int shift = 0; shift < Long.SIZE; shift += Byte.SIZE) {
      hash = (hash ^ ((number >>> shift) & 0xff)) * 0x100000001b3L;
    }
    return hash;
  }
}
