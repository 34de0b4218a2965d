package dev.varve.store;

import dev.varve.store.compaction.Strategy;
import dev.varve.store.format.Crc32c;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The bytes of one kept event. Big-endian.
 *
 * <pre>
 * 0  4  CRC32C over the bytes from 4 on
 * 4  4  length of the body
 * 8  1  version: 1
 * 9     the fields in the record's order; texts and lists with their length before them
 * </pre>
 */
final class CompactionEventCodec {

  static final int HEADER_BYTES = 8;
  private static final int VERSION = 1;

  /** More would be no event of ours. */
  private static final int BODY_BYTES_MAX = 16 << 20;

  private CompactionEventCodec() {}

  static byte[] encode(CompactionEvent event) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      out.writeLong(0); // the header, filled in below
      out.writeByte(VERSION);
      out.writeLong(event.id());
      text(out, event.type().name());
      text(out, event.runId());
      text(out, event.keyspace());
      text(out, event.strategy().name());
      out.writeLong(event.timeMs());
      out.writeInt(event.files().size());
      for (String file : event.files()) {
        text(out, file);
      }
      out.writeLong(event.bytesBefore());
      out.writeLong(event.bytesAfter());
      out.writeLong(event.spaceSaved());
      out.writeLong(event.durationMs());
      out.writeDouble(event.progress());
      out.writeLong(event.recordsScanned());
      out.writeLong(event.recordsDropped());
      out.writeInt(event.filesRewritten());
      out.writeInt(event.errors());
      text(out, event.reason());
      text(out, event.message());
      out.writeLong(event.term());
    } catch (IOException e) {
      throw new UncheckedIOException("an array refused bytes", e);
    }
    byte[] encoded = bytes.toByteArray();
    ByteBuffer buffer = ByteBuffer.wrap(encoded);
    buffer.putInt(4, encoded.length - HEADER_BYTES);
    buffer.putInt(0, Crc32c.of(buffer, 4, encoded.length - 4));
    return encoded;
  }

  /**
   * How many bytes the event takes whose first 8 bytes the buffer has at {@code at}; -1 if that can
   * be no event.
   */
  static int announcedLength(ByteBuffer buffer, int at) {
    int body = buffer.getInt(at + 4);
    return body <= 0 || body > BODY_BYTES_MAX ? -1 : HEADER_BYTES + body;
  }

  /** How many bytes the event at {@code at} takes, or -1 if there is no whole one. */
  static int length(ByteBuffer buffer, int at) {
    if (buffer.limit() - at < HEADER_BYTES) {
      return -1;
    }
    int length = announcedLength(buffer, at);
    if (length < 0 || length > buffer.limit() - at) {
      return -1;
    }
    boolean whole = buffer.getInt(at) == Crc32c.of(buffer, at + 4, length - 4);
    return whole ? length : -1;
  }

  /**
   * Reads an event that {@link #length} found whole; null if this version does not know it, which
   * is no reason not to open a store.
   */
  static @Nullable CompactionEvent decode(ByteBuffer buffer, int at) {
    byte[] whole = new byte[announcedLength(buffer, at)];
    buffer.get(at, whole);
    CompactionEvent event;
    try {
      event = decode(whole);
    } catch (IOException | IllegalArgumentException e) {
      return null;
    }
    return event != null && Arrays.equals(encode(event), whole) ? event : null;
  }

  private static @Nullable CompactionEvent decode(byte[] whole) throws IOException {
    int body = whole.length - HEADER_BYTES;
    try (DataInputStream in =
        new DataInputStream(new ByteArrayInputStream(whole, HEADER_BYTES, body))) {
      if (in.readByte() != VERSION) {
        return null;
      }
      long id = in.readLong();
      CompactionEvent.Type type = CompactionEvent.Type.valueOf(text(in));
      String runId = text(in);
      String keyspace = text(in);
      Strategy strategy = Strategy.valueOf(text(in));
      long timeMs = in.readLong();
      int count = in.readInt();
      List<String> files = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        files.add(text(in));
      }
      return new CompactionEvent(
          id,
          type,
          runId,
          keyspace,
          strategy,
          timeMs,
          files,
          in.readLong(),
          in.readLong(),
          in.readLong(),
          in.readLong(),
          in.readDouble(),
          in.readLong(),
          in.readLong(),
          in.readInt(),
          in.readInt(),
          text(in),
          text(in),
          in.readLong());
    }
  }

  private static void text(DataOutputStream out, String text) throws IOException {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    out.writeInt(bytes.length);
    out.write(bytes);
  }

  private static String text(DataInputStream in) throws IOException {
    return new String(in.readNBytes(in.readInt()), StandardCharsets.UTF_8);
  }
}
