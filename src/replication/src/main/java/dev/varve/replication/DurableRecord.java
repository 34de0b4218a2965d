package dev.varve.replication;

import dev.varve.store.storage.Storage;
import dev.varve.store.storage.StorageFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * A small file of named values, replaced as a whole. UTF-8 text: a line {@code name=value} each, in
 * order, then a line {@code crc32c=} with eight hexadecimal digits over all bytes before it. Values
 * hold no line breaks.
 */
final class DurableRecord {
  private static final int BYTES_MAX = 64 << 10;
  private static final String CRC_NAME = "crc32c=";

  private DurableRecord() {}

  /** The file is there but not what was written. */
  static final class DamagedException extends IOException {
    private static final long serialVersionUID = 1L;

    DamagedException(String path) {
      super("damaged file " + path);
    }
  }

  /**
   * Replaces the file; durable on return. After an exception the file is either the old or the new
   * one.
   */
  static void write(Storage storage, String path, Map<String, String> values) throws IOException {
    StringBuilder body = new StringBuilder();
    values.forEach((name, value) -> body.append(name).append('=').append(value).append('\n'));
    String text = body + CRC_NAME + "%08x\n".formatted(crc(body.toString()));
    String temporary = path + ".tmp";
    if (storage.exists(temporary)) {
      storage.delete(temporary);
    }
    try (StorageFile file = storage.create(temporary)) {
      file.write(new ByteBuffer[] {ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8))}, 0);
      file.sync();
    }
    storage.rename(temporary, path);
    storage.syncDirectory("");
  }

  /** Reads the file; null if it does not exist. */
  static @Nullable Map<String, String> read(Storage storage, String path) throws IOException {
    String text;
    try (StorageFile file = storage.open(path)) {
      long size = file.size();
      if (size > BYTES_MAX) {
        throw new DamagedException(path);
      }
      ByteBuffer bytes = ByteBuffer.allocate((int) size);
      file.read(bytes, 0);
      text = new String(bytes.array(), 0, bytes.position(), StandardCharsets.UTF_8);
    } catch (NoSuchFileException absent) {
      return null;
    }
    int crcAt = text.lastIndexOf(CRC_NAME);
    if (crcAt < 0
        || !text.substring(crcAt)
            .equals(CRC_NAME + "%08x\n".formatted(crc(text.substring(0, crcAt))))) {
      throw new DamagedException(path);
    }
    Map<String, String> values = new LinkedHashMap<>();
    for (String line : text.substring(0, crcAt).split("\n", -1)) {
      int equals = line.indexOf('=');
      if (equals >= 0) {
        values.put(line.substring(0, equals), line.substring(equals + 1));
      }
    }
    return values;
  }

  /** Removes the file, durably. */
  static void delete(Storage storage, String path) throws IOException {
    if (storage.exists(path)) {
      storage.delete(path);
      storage.syncDirectory("");
    }
  }

  private static int crc(String text) {
    CRC32C crc = new CRC32C();
    crc.update(text.getBytes(StandardCharsets.UTF_8));
    return (int) crc.getValue();
  }
}
