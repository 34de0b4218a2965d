package dev.varve.cli;

import com.google.protobuf.ByteString;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/** Between bytes and text, without ever replacing what does not fit. */
final class Bytes {
  private Bytes() {}

  /** The text that these bytes are, if they are valid UTF-8. */
  static Optional<String> text(ByteString bytes) {
    return bytes.isValidUtf8() ? Optional.of(bytes.toStringUtf8()) : Optional.empty();
  }

  /**
   * The UTF-8 bytes of a text.
   *
   * @throws IllegalArgumentException when it has half of a surrogate pair, which has no UTF-8 form
   */
  static ByteString utf8(String text) {
    try {
      ByteBuffer encoded =
          StandardCharsets.UTF_8
              .newEncoder()
              .onMalformedInput(CodingErrorAction.REPORT)
              .encode(CharBuffer.wrap(text));
      return ByteString.copyFrom(encoded);
    } catch (CharacterCodingException e) {
      throw new IllegalArgumentException("text with half of a surrogate pair", e);
    }
  }

  /** On one line, for people: what cannot be printed is escaped as in {@code \x00}. */
  static String printable(ByteString bytes) {
    Optional<String> text = text(bytes);
    StringBuilder line = new StringBuilder();
    if (text.isPresent()) {
      text.get().codePoints().forEach(point -> appendPrintable(line, point));
    } else {
      for (byte b : bytes) {
        if (b >= 0x20 && b < 0x7f && b != '\\') {
          line.append((char) b);
        } else {
          line.append(String.format("\\x%02x", b & 0xff));
        }
      }
    }
    return line.toString();
  }

  private static void appendPrintable(StringBuilder line, int point) {
    switch (point) {
      case '\n' -> line.append("\\n");
      case '\r' -> line.append("\\r");
      case '\t' -> line.append("\\t");
      case '\\' -> line.append("\\\\");
      default -> {
        if (Character.isISOControl(point)) {
          line.append(String.format("\\x%02x", point));
        } else {
          line.appendCodePoint(point);
        }
      }
    }
  }
}
