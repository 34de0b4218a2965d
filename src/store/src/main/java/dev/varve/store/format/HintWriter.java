package dev.varve.store.format;

import dev.varve.store.storage.StorageFile;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Writes the hint file of a sealed segment: all its records without their values, in segment order.
 * Little-endian throughout.
 *
 * <pre>
 * header, 8 bytes:  4 magic "VHNT" | 1 version: 1 | 3 zero
 * an entry:         8 sequence | 8 term | 8 expiry in ms, 0: never | 4 offset, unsigned | 4 length
 *                   | 1 kind | 2 key length k | k key
 * footer, 40 bytes: 8 entries | 8 segment length | 4 CRC32C of the segment | 8 lowest sequence
 *                   | 8 highest sequence (both 0 if there is no entry) | 4 checksum
 * </pre>
 *
 * <p>The checksum is the masked CRC32C of everything before it. Nothing is durable before the
 * caller syncs the file.
 */
public final class HintWriter {

  static final int MAGIC = 0x544E4856; // "VHNT" in little-endian
  static final byte VERSION = 1;
  static final int HEADER_BYTES = 8;
  static final int FOOTER_BYTES = 36; // the checksum apart

  private final ChecksummedOutput output;
  private long entries;
  private long minSequence = Long.MAX_VALUE;
  private long maxSequence;

  /** Starts a hint in an empty file, which stays the caller's to sync and close. */
  public HintWriter(StorageFile file) throws IOException {
    this.output = new ChecksummedOutput(file);
    output.putInt(MAGIC).putByte(VERSION).putByte(0).putShort(0);
  }

  /** Adds an entry; entries come in the order of their offsets. */
  public void add(
      RecordKind kind,
      long sequence,
      long term,
      long expiresAtMs,
      long offset,
      int length,
      ByteBuffer key)
      throws IOException {
    addFrom(
        kind, sequence, term, expiresAtMs, offset, length, key, key.position(), key.remaining());
  }

  /** Adds the entry of a whole record that lies in {@code buffer} at {@code at}. */
  public void add(long offset, ByteBuffer buffer, int at) throws IOException {
    addFrom(
        RecordCodec.kind(buffer, at),
        RecordCodec.sequence(buffer, at),
        RecordCodec.term(buffer, at),
        RecordCodec.expiresAtMs(buffer, at),
        offset,
        RecordCodec.length(buffer, at),
        buffer,
        at + RecordCodec.HEADER_BYTES,
        RecordCodec.keyLength(buffer, at));
  }

  private void addFrom(
      RecordKind kind,
      long sequence,
      long term,
      long expiresAtMs,
      long offset,
      int length,
      ByteBuffer keySource,
      int keyAt,
      int keyLength)
      throws IOException {
    output
        .putLong(sequence)
        .putLong(term)
        .putLong(expiresAtMs)
        .putInt((int) offset)
        .putInt(length)
        .putByte(kind.code())
        .putShort(keyLength)
        .putBytes(keySource, keyAt, keyLength);
    entries++;
    minSequence = Math.min(minSequence, sequence);
    maxSequence = Math.max(maxSequence, sequence);
  }

  /** Writes the footer; the writer is done. */
  public void finish(long segmentLength, int segmentCrc) throws IOException {
    output
        .putLong(entries)
        .putLong(segmentLength)
        .putInt(segmentCrc)
        .putLong(entries == 0 ? 0 : minSequence)
        .putLong(maxSequence)
        .finish();
  }
}
