package dev.varve.store;

import dev.varve.store.format.HintDamagedException;
import dev.varve.store.format.HintReader;
import dev.varve.store.format.Limits;
import dev.varve.store.format.RecordKind;
import dev.varve.store.keydir.Hash;
import dev.varve.store.keydir.Location;
import dev.varve.store.segment.CorruptRecordException;
import dev.varve.store.segment.ScanEnd;
import dev.varve.store.segment.SegmentScanner;
import dev.varve.store.storage.Storage;
import dev.varve.store.storage.StorageFile;
import java.io.IOException;
import java.nio.file.NoSuchFileException;

/** What is in an open segment, one entry a committed record, without the values. */
final class SegmentEntries {
  private final Storage storage;
  private final Keyspace keyspace;
  private final LiveSegment segment;

  /** Told of each record, in the file's order. */
  interface Visitor {
    /**
     * A record.
     *
     * @param id of a stream's entry; {@link Long#MAX_VALUE} of other records
     * @param expiresAtMs milliseconds since 1970; 0: never
     * @return whether to go on
     */
    boolean entry(
        RecordKind kind, long hash, long sequence, long id, long expiresAtMs, Location location);
  }

  /**
   * @param segment the caller holds a reference
   */
  SegmentEntries(Storage storage, Keyspace keyspace, LiveSegment segment) {
    this.storage = storage;
    this.keyspace = keyspace;
    this.segment = segment;
  }

  /** Visits all of them, by the hint if there is a good one. */
  void visit(Visitor visitor) throws IOException {
    if (!byHint(visitor)) {
      long _ = byRecords(0, visitor);
    }
  }

  /** False if there is no good hint; nothing was visited then. */
  boolean byHint(Visitor visitor) throws IOException {
    if (!segment.sealed()) {
      return false;
    }
    String path = segment.id().hintPath(keyspace.name());
    try (StorageFile file = storage.open(path)) {
      HintReader hint = new HintReader(file, path);
      if (hint.segmentLength() != segment.committedLength()) {
        return false;
      }
      boolean on = true;
      while (on && hint.next()) {
        RecordKind kind = hint.kind();
        on =
            visitor.entry(
                kind,
                Hash.of(kind, hint.keyBytes(), 0, hint.keyLength()),
                hint.sequence(),
                keyspace.idOf(kind, hint.keyBytes(), hint.keyLength()),
                hint.expiresAtMs(),
                new Location(segment.slot(), hint.offset(), hint.length(), !kind.isPut()));
      }
      return true;
    } catch (NoSuchFileException | HintDamagedException e) {
      return false; // verified before its first entry; the segment itself tells the same
    }
  }

  /** Visits the records from an offset on; returns that of the one at which the visitor stopped. */
  long byRecords(long from, Visitor visitor) throws IOException {
    String path = segment.reader().path();
    long to = segment.committedLength();
    SegmentScanner scanner = new SegmentScanner(segment.reader().file(), path, from, to);
    byte[] key = new byte[Limits.KEY_BYTES_MAX];
    while (scanner.next()) {
      int keyLength = scanner.keyLength();
      scanner.buffer().get(scanner.keyPosition(), key, 0, keyLength);
      RecordKind kind = scanner.kind();
      boolean on =
          visitor.entry(
              kind,
              Hash.of(kind, key, 0, keyLength),
              scanner.sequence(),
              keyspace.idOf(kind, key, keyLength),
              scanner.expiresAtMs(),
              new Location(segment.slot(), scanner.offset(), scanner.length(), !kind.isPut()));
      if (!on) {
        return scanner.offset();
      }
    }
    if (scanner.end().reason() != ScanEnd.Reason.END) {
      CorruptRecordException met =
          new CorruptRecordException(path, scanner.end().offset(), scanner.end().detail());
      keyspace.damaged().note(met);
      throw met;
    }
    return to;
  }
}
