package dev.varve.cli;

import com.google.protobuf.ByteString;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The keys and values of a load: {@code user} and the hash of the item's number, as YCSB spreads
 * them.
 */
final class LoadItems {
  private static final int KEY_DIGITS = 19;

  /** So that a prefix without the last two digits of the smallest counts has a handful of keys. */
  private static final int SCAN_PREFIX_SLACK = 2;

  private final AtomicLong count;
  private final int valueSize;

  LoadItems(long count, int valueSize) {
    this.count = new AtomicLong(count);
    this.valueSize = valueSize;
  }

  long count() {
    return count.get();
  }

  /** A new item's number; its key is present once it was put. */
  long insert() {
    return count.getAndIncrement();
  }

  ByteString key(long item) {
    return ByteString.copyFromUtf8("user" + digits(item));
  }

  /** The beginning of a key that it has in common with a few others. */
  ByteString scanPrefix(long item) {
    int length = Math.max(1, Long.toString(count.get()).length() - SCAN_PREFIX_SLACK);
    return ByteString.copyFromUtf8("user" + digits(item).substring(0, length));
  }

  private static String digits(long item) {
    long hash = ItemChooser.fnv1a(item) & Long.MAX_VALUE;
    return String.format("%0" + KEY_DIGITS + "d", hash);
  }

  ByteString newValue() {
    byte[] value = new byte[valueSize];
    ThreadLocalRandom.current().nextBytes(value);
    return ByteString.copyFrom(value);
  }
}
