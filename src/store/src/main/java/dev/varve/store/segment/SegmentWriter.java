package dev.varve.store.segment;

import dev.varve.store.format.Crc32c;
import dev.varve.store.storage.StorageFile;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/**
 * Appends to one segment and knows its length and the CRC32C of all of it. What is in the file
 * beyond {@link #length} is left over from a failed append and not part of the segment. Not for
 * several threads.
 */
public final class SegmentWriter implements Closeable {

  private final StorageFile file;
  private long length;
  private int crc;

  /**
   * Goes on at the end of what is known of the file, which the writer owns from now on.
   *
   * @param length the segment's length so far
   * @param crc the CRC32C of those bytes; 0 for none
   */
  public SegmentWriter(StorageFile file, long length, int crc) {
    this.file = file;
    this.length = length;
    this.crc = crc;
  }

  /** Goes on after the file's first {@code length} bytes, reading them for their CRC. */
  public static SegmentWriter resume(StorageFile file, long length) throws IOException {
    return new SegmentWriter(file, length, FileChecksum.of(file, length));
  }

  /**
   * Writes all remaining bytes of the sources at the segment's end, gathered. Not durable before
   * {@link #sync}.
   *
   * @throws dev.varve.store.storage.DiskFullException if the disk is full. After this and any other
   *     exception length and CRC are as before; {@link #discardBeyondLength} removes what was
   *     written
   */
  public void append(ByteBuffer... sources) throws IOException {
    long bytes = 0;
    CRC32C appended = new CRC32C();
    for (ByteBuffer source : sources) {
      bytes += source.remaining();
      appended.update(source.duplicate());
    }
    int extended = Crc32c.combine(crc, (int) appended.getValue(), bytes);
    file.write(sources, length);
    length += bytes;
    crc = extended;
  }

  /** Cuts off what a failed append left beyond the segment's end. */
  public void discardBeyondLength() throws IOException {
    file.truncate(length);
  }

  /** Cuts the segment to its first {@code newLength} bytes and reads them for their CRC. */
  public void truncate(long newLength) throws IOException {
    if (newLength > length) {
      throw new IllegalArgumentException(
          "a segment of " + length + " can't be cut to " + newLength);
    }
    int cut = FileChecksum.of(file, newLength);
    file.truncate(newLength);
    length = newLength;
    crc = cut;
  }

  /**
   * Makes all appended bytes durable on return; a failure means that none of them can be trusted.
   */
  public void sync() throws IOException {
    file.sync();
  }

  /** The segment's length in bytes. */
  public long length() {
    return length;
  }

  /** The CRC32C of the whole segment. */
  public int crc() {
    return crc;
  }

  /** The file that is written. */
  public StorageFile file() {
    return file;
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}
