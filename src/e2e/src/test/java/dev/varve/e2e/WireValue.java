package dev.varve.e2e;

import com.google.protobuf.ByteString;
import java.util.SplittableRandom;

/**
 * A short text with bytes behind it that follow from it: compactions have something to move, and
 * whoever reads can tell a damaged value.
 */
final class WireValue {
  private static final char END_OF_TEXT = '\n';
  private static final int FILLER_MIN = 200;
  private static final int FILLER_MAX = 2_000;

  private WireValue() {}

  static ByteString of(String text) {
    SplittableRandom random = new SplittableRandom(text.hashCode());
    byte[] filler = new byte[random.nextInt(FILLER_MIN, FILLER_MAX)];
    random.nextBytes(filler);
    return ByteString.copyFromUtf8(text + END_OF_TEXT).concat(ByteString.copyFrom(filler));
  }

  /** The text; of a value that {@link #of} has not made one that nobody wrote. */
  static String text(ByteString value) {
    int end = 0;
    while (end < value.size() && value.byteAt(end) != END_OF_TEXT) {
      end++;
    }
    String text = value.substring(0, end).toStringUtf8();
    return of(text).equals(value) ? text : "damaged, %d bytes: %s".formatted(value.size(), text);
  }
}
