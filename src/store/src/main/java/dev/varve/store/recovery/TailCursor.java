package dev.varve.store.recovery;

import dev.varve.store.format.Crc32c;
import dev.varve.store.format.RecordKind;
import dev.varve.store.format.SegmentId;
import dev.varve.store.manifest.Edit;
import dev.varve.store.segment.ScanEnd;
import dev.varve.store.segment.SegmentScanner;
import dev.varve.store.storage.StorageFile;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** A segment whose records recovery reads one by one, and how far it keeps it. */
final class TailCursor {
  private static final byte[] NO_REQUEST = {};

  private final String keyspace;
  private final SegmentId id;
  private final String path;
  private final @Nullable StorageFile file;
  private final long size;
  private final long from;
  private final int crcFrom;
  private final @Nullable SegmentScanner scanner;

  private boolean present;
  private long sequence;
  private @Nullable String disorder;
  private long keptLength;
  private int keptCrc;
  private long suspectFrom = Long.MAX_VALUE;

  /**
   * @param file null when there is none: it counts as empty
   * @param base what of the file is kept and not read here; null: nothing
   */
  TailCursor(
      String keyspace, SegmentId id, @Nullable StorageFile file, Edit.@Nullable SegmentFile base)
      throws IOException {
    this.keyspace = keyspace;
    this.id = id;
    this.path = id.logPath(keyspace);
    this.file = file;
    this.size = file == null ? 0 : file.size();
    this.from = base == null ? 0 : base.length();
    this.crcFrom = base == null ? 0 : base.crc();
    this.keptLength = from;
    this.keptCrc = crcFrom;
    this.scanner = file == null ? null : SegmentScanner.summing(file, path, from, size);
    advance();
  }

  String path() {
    return path;
  }

  @Nullable StorageFile file() {
    return file;
  }

  long size() {
    return size;
  }

  /** Whether there is a current record. */
  boolean present() {
    return present;
  }

  /** The current record's sequence. */
  long sequence() {
    return sequence;
  }

  long term() {
    return open().term();
  }

  int batchSize() {
    return open().batchSize();
  }

  int batchIndex() {
    return open().batchIndex();
  }

  TailRecord record() {
    SegmentScanner at = open();
    byte[] key = new byte[at.keyLength()];
    at.buffer().get(at.keyPosition(), key);
    return new TailRecord(
        keyspace,
        id,
        at.kind(),
        at.expiresAtMs(),
        at.offset(),
        at.length(),
        key,
        at.kind() == RecordKind.REQUEST ? at.record().value() : NO_REQUEST);
  }

  void advance() throws IOException {
    long before = sequence;
    present = disorder == null && scanner != null && scanner.next();
    if (!present) {
      return;
    }
    sequence = open().sequence();
    if (open().kind() == RecordKind.EDIT || sequence < before) {
      disorder = "a record that does not belong there, of sequence " + sequence;
      present = false;
    }
  }

  /** The current record and all behind it may never have been durable. */
  void suspect() {
    suspectFrom = Math.min(suspectFrom, open().offset());
  }

  /** Where the kept bytes begin of which no sync is known; {@link #keptLength} without any. */
  long suspectFrom() {
    return Math.min(suspectFrom, keptLength);
  }

  /** All records before the current one are kept. */
  void keep() {
    if (scanner != null) {
      keptLength = present || disorder != null ? scanner.offset() : scanner.end().offset();
      keptCrc = Crc32c.combine(crcFrom, scanner.crcBefore(), keptLength - from);
    }
  }

  long keptLength() {
    return keptLength;
  }

  int keptCrc() {
    return keptCrc;
  }

  /** Where good bytes end, once all records were read; the size while there are more. */
  long goodLength() {
    if (scanner == null || present) {
      return size;
    }
    return disorder != null ? scanner.offset() : scanner.end().offset();
  }

  /** What is wrong at {@link #goodLength}; null if nothing is. */
  @Nullable String defect() {
    if (disorder != null) {
      return disorder;
    }
    if (scanner == null || present || scanner.end().reason() == ScanEnd.Reason.END) {
      return null;
    }
    return scanner.end().detail();
  }

  /** The sequence of a whole record behind the defect; -1: there is none. */
  long sequenceBehindDefect() {
    return scanner == null || present || disorder != null ? -1 : scanner.end().nextValidSequence();
  }

  private SegmentScanner open() {
    if (scanner == null) {
      throw new IllegalStateException(path + " has no records");
    }
    return scanner;
  }
}
