package dev.varve.cli;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Lines of UTF-8 with their numbers and how many bytes were read; refuses what is not UTF-8 instead
 * of replacing it.
 */
final class LineReader {
  /** A value of 16 MiB, in base64 or escaped, and its key. */
  private static final int LONGEST_LINE = 128 * 1024 * 1024;

  private final InputStream in;
  private final byte[] buffer = new byte[1 << 16];
  private int position;
  private int limit;
  private long number;
  private long bytesRead;

  LineReader(InputStream in) {
    this.in = in;
  }

  /** The number of the line that {@link #next} returned last, from 1. */
  long number() {
    return number;
  }

  long bytesRead() {
    return bytesRead;
  }

  /**
   * The next line without its end; null at the end of the file.
   *
   * @throws IllegalArgumentException when the line is not UTF-8 or longer than 128 MiB
   */
  @Nullable String next() throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream(256);
    boolean any = false;
    for (; ; ) {
      if (position == limit) {
        limit = Math.max(0, in.read(buffer));
        position = 0;
        bytesRead += limit;
        if (limit == 0) {
          return any ? text(line) : null;
        }
      }
      if (!any) {
        any = true;
        number++;
      }
      int end = position;
      while (end < limit && buffer[end] != '\n') {
        end++;
      }
      line.write(buffer, position, end - position);
      if (line.size() > LONGEST_LINE) {
        throw new IllegalArgumentException("longer than 128 MiB");
      }
      position = end;
      if (end < limit) {
        position++;
        return text(line);
      }
    }
  }

  private static String text(ByteArrayOutputStream line) {
    try {
      return StandardCharsets.UTF_8
          .newDecoder()
          .onMalformedInput(CodingErrorAction.REPORT)
          .decode(ByteBuffer.wrap(line.toByteArray()))
          .toString();
    } catch (CharacterCodingException e) {
      throw new IllegalArgumentException("not UTF-8", e);
    }
  }
}
