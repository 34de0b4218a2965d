package dev.varve.store;

import dev.varve.store.format.HintDamagedException;
import dev.varve.store.format.HintReader;
import dev.varve.store.format.RecordCodec;
import dev.varve.store.format.RecordKind;
import dev.varve.store.format.SegmentId;
import dev.varve.store.keydir.Hash;
import dev.varve.store.keydir.Location;
import dev.varve.store.manifest.Edit;
import dev.varve.store.recovery.CorruptionException;
import dev.varve.store.segment.CorruptRecordException;
import dev.varve.store.segment.SegmentReader;
import dev.varve.store.segment.SegmentScanner;
import dev.varve.store.storage.Storage;
import dev.varve.store.storage.StorageFile;
import java.io.IOException;
import java.util.Arrays;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Puts a sealed segment's records into a keyspace's index, from its hint or, where that is missing
 * or bad, from the segment itself. Segments may come in any order: of a key's records the one with
 * the highest sequence stays (pitfall 2).
 */
final class SegmentLoader {
  private final Storage storage;
  private final Keyspace keyspace;
  private final Function<String, CorruptionException> missing;

  /**
   * @param missing what to throw for a file that is not there
   */
  SegmentLoader(Storage storage, Keyspace keyspace, Function<String, CorruptionException> missing) {
    this.storage = storage;
    this.keyspace = keyspace;
    this.missing = missing;
  }

  /**
   * Loads a sealed segment.
   *
   * @return whether its hint was good
   * @throws CorruptionException if the segment is not what was sealed
   */
  boolean load(Edit.SegmentFile sealed) throws IOException {
    return load(sealed, open(sealed));
  }

  /** {@link #load(Edit.SegmentFile)} of a segment that is open. */
  boolean load(Edit.SegmentFile sealed, LiveSegment segment) throws IOException {
    boolean hinted = loadFromHint(sealed, segment);
    if (!hinted) {
      loadFromSegment(sealed, segment);
    }
    segment.seal(sealed.length());
    segment.sweptFor(keyspace.cutOff());
    keyspace.segments().add(segment);
    return hinted;
  }

  /**
   * Loads what was copied to an active segment before it became active.
   *
   * @return whether its hint was good
   * @throws CorruptionException if it is not what was copied
   */
  boolean loadBase(Edit.SegmentFile base, LiveSegment active) throws IOException {
    boolean hinted = loadFromHint(base, active);
    if (!hinted) {
      loadFromSegment(base, active);
    }
    return hinted;
  }

  private LiveSegment open(Edit.SegmentFile sealed) throws IOException {
    return keyspace.table().add(sealed.id(), () -> reader(sealed.id(), sealed));
  }

  /**
   * Opens a segment at the slot that a keydir's checkpoint has it at.
   *
   * @param sealed what is known of it if it is sealed
   */
  LiveSegment open(SegmentId id, Edit.@Nullable SegmentFile sealed, int slot) throws IOException {
    return keyspace.table().addAt(slot, id, reader(id, sealed));
  }

  private SegmentReader reader(SegmentId id, Edit.@Nullable SegmentFile sealed) throws IOException {
    String path = id.logPath(keyspace.name());
    if (!storage.exists(path)) {
      throw missing.apply(path);
    }
    StorageFile file = storage.open(path);
    long length = file.size();
    if (sealed != null && length < sealed.length()) {
      file.close();
      throw new CorruptionException(
          path, length, "the file should have " + sealed.length() + " bytes");
    }
    return new SegmentReader(file, path);
  }

  private boolean loadFromHint(Edit.SegmentFile sealed, LiveSegment segment) throws IOException {
    String path = sealed.id().hintPath(keyspace.name());
    if (!storage.exists(path)) {
      return false;
    }
    boolean used = false;
    try (StorageFile file = storage.open(path)) {
      HintReader hint = new HintReader(file, path);
      if (hint.segmentLength() != sealed.length() || hint.segmentCrc() != sealed.crc()) {
        return false;
      }
      while (hint.next()) {
        byte[] key = Arrays.copyOf(hint.keyBytes(), hint.keyLength());
        boolean tombstone = !hint.kind().isPut();
        Location at = new Location(segment.slot(), hint.offset(), hint.length(), tombstone);
        put(segment, hint.kind(), key, hint.sequence(), at, hint.expiresAtMs());
        used = true;
      }
      return true;
    } catch (HintDamagedException e) {
      if (used) {
        // Its checksum fits, so it was written wrong, and what was read of it may be wrong too.
        throw new CorruptionException(path, 0, String.valueOf(e.getMessage()));
      }
      return false;
    }
  }

  private void loadFromSegment(Edit.SegmentFile sealed, LiveSegment segment) throws IOException {
    String path = segment.reader().path();
    SegmentScanner scanner =
        SegmentScanner.summing(segment.reader().file(), path, 0, sealed.length());
    while (scanner.next()) {
      byte[] key = new byte[scanner.keyLength()];
      scanner.buffer().get(scanner.keyPosition(), key);
      boolean tombstone = !scanner.kind().isPut();
      Location at = new Location(segment.slot(), scanner.offset(), scanner.length(), tombstone);
      put(segment, scanner.kind(), key, scanner.sequence(), at, scanner.expiresAtMs());
    }
    if (scanner.end().offset() != sealed.length()) {
      throw new CorruptionException(path, scanner.end().offset(), scanner.end().detail());
    }
    if (scanner.crcBefore() != sealed.crc()) {
      throw new CorruptionException(path, 0, "the checksum of the whole segment does not fit");
    }
  }

  private void put(
      LiveSegment segment,
      RecordKind kind,
      byte[] key,
      long sequence,
      Location now,
      long expiresAtMs)
      throws IOException {
    int valueLength = now.length() - RecordCodec.encodedLength(key.length, 0);
    if (!keyspace.takes(kind, key.length, valueLength)) {
      throw new CorruptionException(
          segment.reader().path(), now.offset(), "a record that is no entry of a stream");
    }
    segment.noteRecords(sequence, kind == RecordKind.TOMBSTONE, now.offset() + now.length());
    keyspace.noteId(kind, key);
    if (keyspace.cutsOff(kind, sequence, key)) {
      return; // as after a sweep: nothing older of the key is visible either
    }
    long hash = Hash.of(kind, key);
    Keyspace.KeyMatch match = keyspace.new KeyMatch(key);
    Location other = keyspace.keydir().put(hash, now, match);
    if (other == null) {
      keyspace.account(null, 0, now, expiresAtMs);
    } else if (isOlder(other, now, sequence)) {
      keyspace.account(other, match.expiresAtMs(), now, expiresAtMs);
    } else {
      keyspace.keydir().replace(hash, now, other); // which is newer, or the same record
    }
  }

  /**
   * Whether a key's record is older than another one. Within a segment the later one is newer:
   * sequences never fall while it is appended to, and compaction copies a key once.
   */
  private boolean isOlder(Location record, Location other, long sequence) throws IOException {
    return record.segment() == other.segment()
        ? record.offset() < other.offset()
        : sequenceOf(record) < sequence;
  }

  /** Verified: a damaged sequence must not make an old record the newest of its key. */
  private long sequenceOf(Location location) throws IOException {
    SegmentReader reader = keyspace.acquire(location);
    if (reader == null) {
      throw new IllegalStateException("a segment is gone while the store is opened");
    }
    try {
      return reader.sequence(location.offset(), location.length());
    } catch (CorruptRecordException e) {
      throw new CorruptionException(
          reader.path(), location.offset(), String.valueOf(e.getMessage()));
    } finally {
      reader.release();
    }
  }
}
