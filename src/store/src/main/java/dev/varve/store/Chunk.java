package dev.varve.store;

import java.nio.ByteBuffer;

/**
 * Bytes of one file of the log.
 *
 * @param path the file, relative to the store's directory
 * @param offset where they begin in it
 * @param bytes whole records; read-only, position to limit. Readers duplicate it before moving the
 *     position
 */
public record Chunk(String path, long offset, ByteBuffer bytes) {
  public Chunk {
    bytes = bytes.asReadOnlyBuffer();
  }

  /** The bytes, with a position of the caller's own. */
  @Override
  public ByteBuffer bytes() {
    return bytes.duplicate();
  }

  /** Bytes. */
  public int length() {
    return bytes.remaining();
  }
}
