package dev.varve.store;

import org.jspecify.annotations.Nullable;

/**
 * One file of an image.
 *
 * @param path relative to the store's directory
 * @param length bytes that belong to the image; the file itself may go on
 * @param crc CRC32C of those bytes as the manifest has it, whatever the file has become since; null
 *     where the manifest does not tell: of the manifest itself, what is appended to, and hints
 */
public record ImageFile(String path, long length, @Nullable Integer crc) {

  /** A file of which the manifest has no checksum. */
  public ImageFile(String path, long length) {
    this(path, length, null);
  }
}
