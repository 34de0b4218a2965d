package dev.varve.e2e;

import com.google.protobuf.ByteString;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * Numbered keys whose values carry a version and bytes that follow from key and version, so that
 * every read can be judged. Each key has one writer.
 */
final class VersionedKeys {
  private final int valueBytes;
  private final AtomicLongArray attempted;
  private final AtomicLongArray acknowledged;

  VersionedKeys(int count, int valueBytes) {
    this.valueBytes = valueBytes;
    this.attempted = new AtomicLongArray(count);
    this.acknowledged = new AtomicLongArray(count);
  }

  int count() {
    return attempted.length();
  }

  static ByteString key(int index) {
    return ByteString.copyFromUtf8("key-%07d".formatted(index));
  }

  /** The value to write next. It counts as attempted from now on, whatever becomes of it. */
  ByteString nextValue(int index) {
    return value(index, attempted.incrementAndGet(index));
  }

  /** The attempted version has been acknowledged: from now on no read may give an older one. */
  void acknowledge(int index) {
    acknowledged.set(index, attempted.get(index));
  }

  long acknowledged(int index) {
    return acknowledged.get(index);
  }

  /**
   * What is wrong with a value read, if anything.
   *
   * @param floor {@link #acknowledged} from before the read began
   */
  Optional<String> fault(int index, long floor, Optional<ByteString> read) {
    if (read.isEmpty()) {
      return floor == 0
          ? Optional.empty()
          : Optional.of("key %d is missing; acknowledged was version %d".formatted(index, floor));
    }
    ByteString value = read.get();
    if (value.size() != valueBytes) {
      return Optional.of("key %d has %d bytes".formatted(index, value.size()));
    }
    long version = value.asReadOnlyByteBuffer().getLong();
    if (version < floor || version > attempted.get(index)) {
      return Optional.of(
          "key %d has version %d; acknowledged before the read was %d, attempted %d"
              .formatted(index, version, floor, attempted.get(index)));
    }
    return value.equals(value(index, version))
        ? Optional.empty()
        : Optional.of("key %d has other bytes than version %d was".formatted(index, version));
  }

  private ByteString value(int index, long version) {
    byte[] bytes = new byte[valueBytes];
    new SplittableRandom(index * 1_000_003L + version).nextBytes(bytes);
    ByteBuffer.wrap(bytes).putLong(version);
    return ByteString.copyFrom(bytes);
  }
}
