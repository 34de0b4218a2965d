package dev.varve.store.format;

import dev.varve.store.simulation.SimulatedStorage;
import dev.varve.store.storage.StorageFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Gives bytes the checksums that fit them. */
public final class Mending {
  private Mending() {}

  /** A storage with one file. */
  public static SimulatedStorage holding(String path, byte[] bytes) throws IOException {
    SimulatedStorage storage = new SimulatedStorage();
    int slash = path.indexOf('/');
    if (slash > 0) {
      storage.createDirectory(path.substring(0, slash));
    }
    try (StorageFile file = storage.create(path)) {
      file.write(new ByteBuffer[] {ByteBuffer.wrap(bytes)}, 0);
    }
    return storage;
  }

  /** Of a hint or run list, whose last four bytes are its masked checksum. */
  static byte[] lastFourBytes(byte[] bytes) {
    int content = bytes.length - Integer.BYTES;
    if (content >= 0) {
      ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
      buffer.putInt(content, ChecksummedOutput.masked(Crc32c.of(buffer, 0, content)));
    }
    return bytes;
  }

  /** Of records one after the other, as far as their lengths lead. */
  public static byte[] records(byte[] bytes) {
    ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    int at = 0;
    while (bytes.length - at >= RecordCodec.HEADER_BYTES) {
      long length =
          RecordCodec.HEADER_BYTES
              + RecordCodec.keyLength(buffer, at)
              + (long) RecordCodec.valueLength(buffer, at);
      if (length < RecordCodec.HEADER_BYTES || length > bytes.length - at) {
        break;
      }
      buffer.putInt(at, Crc32c.of(buffer, at + Integer.BYTES, (int) length - Integer.BYTES));
      at += (int) length;
    }
    return bytes;
  }

  /** Of checked parts of {@code covered} bytes, each followed by its CRC32C. */
  public static byte[] parts(byte[] bytes, int covered, ByteOrder order) {
    ByteBuffer buffer = ByteBuffer.wrap(bytes).order(order);
    for (int at = 0; at + covered + Integer.BYTES <= bytes.length; at += covered + Integer.BYTES) {
      buffer.putInt(at + covered, Crc32c.of(buffer, at, covered));
    }
    return bytes;
  }
}
