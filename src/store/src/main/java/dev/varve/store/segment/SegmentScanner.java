package dev.varve.store.segment;

import dev.varve.store.format.LogRecord;
import dev.varve.store.format.RecordCodec;
import dev.varve.store.format.RecordKind;
import dev.varve.store.storage.StorageFile;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * Reads a segment's records front to back and verifies each, through one buffer of 256 KiB that
 * grows only for a record that does not fit. The accessors tell of the record that the last {@link
 * #next} moved to. An I/O error is thrown, never taken for the end. Not for several threads.
 */
public final class SegmentScanner {

  private static final int BUFFER_BYTES = 256 << 10;

  /** For less, memory off the heap costs more than it spares. */
  private static final int DIRECT_BYTES_MIN = 64 << 10;

  private final StorageFile file;
  private final String path;
  private final long to;

  private ByteBuffer buffer;

  /** Where the buffer's first byte is in the file. */
  private long bufferAt;

  private int at;
  private int length;

  /** Over the records before the current one; null if nobody asks. */
  private final @Nullable CRC32C crc;

  private @Nullable ScanEnd end;

  /**
   * Scans the bytes from {@code from}, where a record begins, to {@code to}.
   *
   * @param path the file's path, for messages
   */
  public SegmentScanner(StorageFile file, String path, long from, long to) {
    this(file, path, from, to, null, false);
  }

  private SegmentScanner(
      StorageFile file, String path, long from, long to, @Nullable CRC32C crc, boolean direct) {
    this.file = file;
    this.path = path;
    this.to = to;
    this.bufferAt = from;
    this.crc = crc;
    int bytes = Math.clamp(to - from, RecordCodec.HEADER_BYTES, BUFFER_BYTES);
    this.buffer =
        direct && bytes >= DIRECT_BYTES_MIN
            ? ByteBuffer.allocateDirect(bytes).order(ByteOrder.LITTLE_ENDIAN)
            : allocate(bytes);
    buffer.limit(0);
  }

  /** The same, which also takes the checksum that {@link #crcBefore} tells. */
  public static SegmentScanner summing(StorageFile file, String path, long from, long to) {
    return new SegmentScanner(file, path, from, to, new CRC32C(), false);
  }

  /**
   * The same through memory off the heap, which a file is read into without another copy: for the
   * few at a time that read all of a file. What a large record needs is of the heap all the same.
   */
  public static SegmentScanner offHeap(StorageFile file, String path, long from, long to) {
    return new SegmentScanner(file, path, from, to, null, true);
  }

  /** Moves to the next record; false when {@link #end} says why there is none. */
  public boolean next() throws IOException {
    if (end != null) {
      return false;
    }
    if (crc != null && length > 0) {
      crc.update(buffer.duplicate().limit(at + length).position(at));
    }
    at += length;
    length = 0;
    long offset = offset();
    if (offset == to) {
      end = new ScanEnd(ScanEnd.Reason.END, offset, "end", -1, -1);
      return false;
    }
    RecordCodec.Check check = checkAt(offset);
    if (check != RecordCodec.Check.WHOLE) {
      end = judge(offset, check);
      return false;
    }
    length = RecordCodec.length(buffer, at);
    return true;
  }

  /**
   * Why the scan stopped.
   *
   * @throws IllegalStateException while there may be more records
   */
  public ScanEnd end() {
    if (end == null) {
      throw new IllegalStateException("the scan of " + path + " has not ended");
    }
    return end;
  }

  /**
   * The CRC32C of all bytes from the scan's start to the current record's start.
   *
   * @throws IllegalStateException unless the scanner is a {@link #summing} one
   */
  public int crcBefore() {
    if (crc == null) {
      throw new IllegalStateException("the scan of " + path + " takes no checksum");
    }
    return (int) crc.getValue();
  }

  /** Where the record begins in the file. */
  public long offset() {
    return bufferAt + at;
  }

  /** The record's length in bytes. */
  public int length() {
    return length;
  }

  /**
   * The buffer that holds the record at {@link #position}, until the next call of {@link #next}.
   */
  public ByteBuffer buffer() {
    return buffer;
  }

  /** Where the record begins in {@link #buffer}. */
  public int position() {
    return at;
  }

  /** The record's kind. */
  public RecordKind kind() {
    return RecordCodec.kind(buffer, at);
  }

  /** The record's sequence. */
  public long sequence() {
    return RecordCodec.sequence(buffer, at);
  }

  /** The record's term. */
  public long term() {
    return RecordCodec.term(buffer, at);
  }

  /** The record's index in its batch. */
  public int batchIndex() {
    return RecordCodec.batchIndex(buffer, at);
  }

  /** The size of the record's batch. */
  public int batchSize() {
    return RecordCodec.batchSize(buffer, at);
  }

  /** The record's expiry in milliseconds since 1970; 0: never. */
  public long expiresAtMs() {
    return RecordCodec.expiresAtMs(buffer, at);
  }

  /** The key's length in bytes; the key begins at {@link #keyPosition} in {@link #buffer}. */
  public int keyLength() {
    return RecordCodec.keyLength(buffer, at);
  }

  /** Where the key begins in {@link #buffer}. */
  public int keyPosition() {
    return at + RecordCodec.HEADER_BYTES;
  }

  /** A copy of the record. */
  public LogRecord record() {
    return RecordCodec.decode(buffer, at);
  }

  private RecordCodec.Check checkAt(long offset) throws IOException {
    int available = load(offset, RecordCodec.HEADER_BYTES);
    RecordCodec.Check check = RecordCodec.checkHeader(buffer, at, available);
    if (check != RecordCodec.Check.WHOLE) {
      return check;
    }
    int wanted = RecordCodec.length(buffer, at);
    if (wanted > to - offset) {
      return RecordCodec.Check.SHORT;
    }
    available = load(offset, wanted);
    return RecordCodec.check(buffer, at, Math.min(available, wanted));
  }

  /**
   * Makes the bytes from {@code offset} on available at {@link #at}, {@code wanted} of them or all
   * up to the end, and returns how many there are.
   */
  private int load(long offset, int wanted) throws IOException {
    int needed = (int) Math.min(wanted, to - offset);
    long into = offset - bufferAt;
    if (into >= 0 && into + needed <= buffer.limit()) {
      at = (int) into;
      return buffer.limit() - at;
    }
    if (into >= 0 && into < buffer.limit()) {
      buffer.position((int) into);
    } else {
      buffer.position(buffer.limit());
    }
    boolean tooSmall = needed > buffer.capacity();
    boolean tooLarge = buffer.capacity() > BUFFER_BYTES && needed <= BUFFER_BYTES;
    if (tooSmall || tooLarge) {
      ByteBuffer fitting = allocate(Math.max(needed, BUFFER_BYTES));
      if (buffer.remaining() > fitting.capacity()) {
        buffer.limit(buffer.position() + fitting.capacity());
      }
      buffer = fitting.put(buffer);
    } else {
      buffer.compact();
    }
    bufferAt = offset;
    at = 0;
    long fileLeft = to - (offset + buffer.position());
    buffer.limit((int) Math.min(buffer.capacity(), buffer.position() + fileLeft));
    int missing = buffer.remaining();
    if (file.read(buffer, offset + buffer.position()) != missing) {
      throw new EOFException(path + " ends before byte " + to);
    }
    buffer.flip();
    return buffer.limit();
  }

  /** Tells a torn tail from damage by looking for a whole record after the bad place. */
  private ScanEnd judge(long offset, RecordCodec.Check found) throws IOException {
    for (long candidate = offset + 1; candidate <= to - RecordCodec.HEADER_BYTES; candidate++) {
      load(candidate, RecordCodec.HEADER_BYTES);
      if (RecordCodec.checkHeader(buffer, at, buffer.limit() - at) == RecordCodec.Check.WHOLE
          && checkAt(candidate) == RecordCodec.Check.WHOLE) {
        return new ScanEnd(ScanEnd.Reason.DAMAGED, offset, describe(found), candidate, sequence());
      }
    }
    return new ScanEnd(ScanEnd.Reason.TORN, offset, describe(found), -1, -1);
  }

  private static String describe(RecordCodec.Check found) {
    return switch (found) {
      case SHORT -> "a record that is cut off";
      case ZEROS -> "zeros";
      case IMPLAUSIBLE -> "bytes that are no record";
      case WRONG_CHECKSUM -> "a record whose checksum does not fit";
      case WHOLE -> "a record";
    };
  }

  private static ByteBuffer allocate(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }
}
