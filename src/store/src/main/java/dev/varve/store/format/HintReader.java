package dev.varve.store.format;

import dev.varve.store.storage.StorageFile;
import java.io.IOException;

/**
 * Reads a hint file (layout at {@link HintWriter}) entry by entry, after the checksum of the whole
 * has been verified: no entry of a damaged hint is ever seen. The accessors tell of the entry that
 * the last {@link #next} moved to. Not for several threads.
 */
public final class HintReader {

  private final ChecksummedInput input;
  private final String path;
  private final long entries;
  private final long segmentLength;
  private final int segmentCrc;
  private final long minSequence;
  private final long maxSequence;

  private long read;
  private long lowestRead = Long.MAX_VALUE;
  private long highestRead;
  private RecordKind kind = RecordKind.PUT;
  private long sequence;
  private long term;
  private long expiresAtMs;
  private long offset;
  private int length;
  private int keyLength;
  private final byte[] key = new byte[Limits.KEY_BYTES_MAX];

  /**
   * Verifies the file, which stays the caller's to close.
   *
   * @throws HintDamagedException if it is truncated, empty, damaged or of another version
   */
  public HintReader(StorageFile file, String path) throws IOException {
    this.path = path;
    try {
      input = new ChecksummedInput(file, HintWriter.HEADER_BYTES + HintWriter.FOOTER_BYTES);
      input.seek(input.contentBytes() - HintWriter.FOOTER_BYTES);
      entries = input.getLong();
      segmentLength = input.getLong();
      segmentCrc = input.getInt();
      minSequence = input.getLong();
      maxSequence = input.getLong();
      input.seek(0);
      if (input.getInt() != HintWriter.MAGIC
          || input.getByte() != HintWriter.VERSION
          || input.getByte() != 0
          || input.getShort() != 0) {
        throw new BrokenFormatException("it is no hint of version " + HintWriter.VERSION);
      }
      input.endAt(input.contentBytes() - HintWriter.FOOTER_BYTES);
      input.seek(HintWriter.HEADER_BYTES);
    } catch (BrokenFormatException e) {
      throw new HintDamagedException(path, String.valueOf(e.getMessage()));
    }
  }

  /** How many entries there are. */
  public long entries() {
    return entries;
  }

  /** The segment's length in bytes. */
  public long segmentLength() {
    return segmentLength;
  }

  /** The CRC32C of the whole segment. */
  public int segmentCrc() {
    return segmentCrc;
  }

  /** The lowest sequence in the segment; 0 if it has no record. */
  public long minSequence() {
    return minSequence;
  }

  /** The highest sequence in the segment; 0 if it has no record. */
  public long maxSequence() {
    return maxSequence;
  }

  /**
   * Moves to the next entry; false after the last.
   *
   * @throws HintDamagedException if the entries are not what a writer writes: its checksum fits, so
   *     a writer was wrong, and entries before may have been wrong too
   */
  public boolean next() throws IOException {
    try {
      if (read == entries) {
        checkEnd();
        return false;
      }
      sequence = input.getLong();
      term = input.getLong();
      expiresAtMs = input.getLong();
      offset = Integer.toUnsignedLong(input.getInt());
      length = input.getInt();
      kind = RecordKind.of(input.getByte());
      keyLength = input.getShort();
      if (keyLength == 0 || keyLength > key.length || kind == RecordKind.EDIT) {
        throw new BrokenFormatException("a " + kind + " has a key of " + keyLength + " bytes");
      }
      if (length < RecordCodec.HEADER_BYTES + keyLength
          || length > RecordCodec.RECORD_BYTES_MAX
          || offset + length > Math.min(segmentLength, Limits.SEGMENT_BYTES_MAX)) {
        throw new BrokenFormatException(
            "a record of " + length + " bytes is at " + offset + " of " + segmentLength);
      }
      input.getBytes(key, keyLength);
    } catch (BrokenFormatException | IllegalArgumentException e) {
      throw new HintDamagedException(path, String.valueOf(e.getMessage()));
    }
    read++;
    lowestRead = Math.min(lowestRead, sequence);
    highestRead = Math.max(highestRead, sequence);
    return true;
  }

  private void checkEnd() throws BrokenFormatException {
    if (!input.atEnd()) {
      throw new BrokenFormatException("it has more than " + entries + " entries");
    }
    if (minSequence != (entries == 0 ? 0 : lowestRead) || maxSequence != highestRead) {
      throw new BrokenFormatException(
          "its sequences are not from " + minSequence + " to " + maxSequence);
    }
  }

  /** The entry's kind. */
  public RecordKind kind() {
    return kind;
  }

  /** The entry's sequence. */
  public long sequence() {
    return sequence;
  }

  /** The entry's term. */
  public long term() {
    return term;
  }

  /** The entry's expiry in milliseconds since 1970; 0: never. */
  public long expiresAtMs() {
    return expiresAtMs;
  }

  /** Where the record begins in the segment. */
  public long offset() {
    return offset;
  }

  /** The record's length in bytes. */
  public int length() {
    return length;
  }

  /** How many bytes of {@link #keyBytes} are the key. */
  public int keyLength() {
    return keyLength;
  }

  /** The key's bytes, in an array that the next entry reuses. */
  public byte[] keyBytes() {
    return key;
  }
}
