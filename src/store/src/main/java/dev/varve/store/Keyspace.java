package dev.varve.store;

import dev.varve.store.format.LogRecord;
import dev.varve.store.format.RecordKind;
import dev.varve.store.format.RequestCodec;
import dev.varve.store.format.SegmentId;
import dev.varve.store.format.StreamEntryCodec;
import dev.varve.store.keydir.Hash;
import dev.varve.store.keydir.Keydir;
import dev.varve.store.keydir.Location;
import dev.varve.store.keydir.Match;
import dev.varve.store.manifest.CutOff;
import dev.varve.store.manifest.KeyspaceType;
import dev.varve.store.segment.SegmentReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * A keyspace's index and open segments. Reads are for any thread and take no lock; {@link #apply}
 * and the list of segments belong to whoever holds the store's apply lock; {@link #move} and {@link
 * #drop} to the maintenance thread.
 */
final class Keyspace {
  private final String name;
  private final KeyspaceType type;
  private final long segmentBytes;
  private final Keydir keydir = new Keydir();
  private final SegmentTable table;
  private final Snapshots snapshots;
  private final RecordCache cache;
  private final DamagedFiles damaged;
  private final List<LiveSegment> segments = new ArrayList<>();
  private final AtomicLong liveKeys = new AtomicLong();
  private final AtomicLong liveBytes = new AtomicLong();
  private final AtomicLong sweptBytes = new AtomicLong();
  private final AtomicLong userBytes = new AtomicLong();
  private volatile CutOff cutOff = CutOff.NONE;
  private volatile long lastId;
  private volatile long lastChangeUpTo;
  private final StreamWaiters waiters = new StreamWaiters();

  Keyspace(
      String name,
      KeyspaceType type,
      long segmentBytes,
      int snapshotEntriesMax,
      int segmentsMax,
      RecordCache cache,
      DamagedFiles damaged) {
    this.cache = cache;
    this.name = name;
    this.damaged = damaged;
    this.table = new SegmentTable(name, segmentsMax, damaged);
    this.type = type;
    this.segmentBytes = segmentBytes;
    this.snapshots = new Snapshots(table, snapshotEntriesMax);
  }

  String name() {
    return name;
  }

  KeyspaceType type() {
    return type;
  }

  /**
   * Refuses what is meant for the other type.
   *
   * @param field what names the keyspace
   */
  void require(KeyspaceType wanted, String field) throws InvalidWriteException {
    if (type != wanted) {
      throw new InvalidWriteException(
          InvalidWriteException.Reason.WRONG_KEYSPACE_TYPE,
          field,
          type == KeyspaceType.STREAM
              ? "keyspace " + name + " is a stream: entries are appended, read and trimmed by id"
              : "keyspace " + name + " is no stream: it holds keys and values");
    }
  }

  long segmentBytes() {
    return segmentBytes;
  }

  Keydir keydir() {
    return keydir;
  }

  /** Where a reader that goes through a segment by itself notes what is damaged. */
  DamagedFiles damaged() {
    return damaged;
  }

  SegmentTable table() {
    return table;
  }

  Snapshots snapshots() {
    return snapshots;
  }

  /** The committed segments that reads are served from, oldest first; under the apply lock. */
  List<LiveSegment> segments() {
    return segments;
  }

  @Nullable LiveSegment segment(SegmentId id) {
    for (LiveSegment segment : segments) {
      if (segment.id().equals(id)) {
        return segment;
      }
    }
    return null;
  }

  long liveKeys() {
    return liveKeys.get();
  }

  long liveBytes() {
    return liveBytes.get();
  }

  /** Key and value bytes that were committed since the store was opened. */
  long userBytes() {
    return userBytes.get();
  }

  /** Takes note of key and value bytes that were committed. */
  void noteWritten(long bytes) {
    userBytes.addAndGet(bytes);
  }

  /** What is hidden for good. */
  CutOff cutOff() {
    return cutOff;
  }

  /** Hides more; under the apply lock. */
  void cutOff(CutOff to) {
    cutOff = to;
  }

  /** The id of a stream's key; {@link Long#MAX_VALUE} where keys are not ids. */
  long idOf(RecordKind kind, byte[] key, int length) {
    return isEntry(kind) ? StreamEntryCodec.id(key, length) : Long.MAX_VALUE;
  }

  private boolean isEntry(RecordKind kind) {
    return type == KeyspaceType.STREAM && kind != RecordKind.REQUEST;
  }

  /** Whether the cut-off hides a record. */
  boolean cutsOff(RecordKind kind, long sequence, byte[] key) {
    return cutOff.hides(sequence, idOf(kind, key, key.length));
  }

  /** Whether a record with such a key and value belongs here: a stream has no keys of users. */
  boolean takes(RecordKind kind, int keyLength, int valueLength) {
    boolean stream = type == KeyspaceType.STREAM;
    return switch (kind) {
      case PUT -> !stream || StreamEntryCodec.isEntry(keyLength, valueLength);
      case TOMBSTONE -> !stream;
      case REQUEST ->
          RequestCodec.isRequest(keyLength, valueLength)
              && stream == (valueLength == RequestCodec.STREAM_VALUE_BYTES);
      case EDIT -> false;
    };
  }

  /** Takes note of a stream's committed entry, hidden ones included; under the apply lock. */
  void noteId(RecordKind kind, byte[] key) {
    if (isEntry(kind)) {
      lastId = Math.max(lastId, StreamEntryCodec.id(key, key.length));
    }
  }

  /** Takes note of the highest id that the stream had at some time; before it is used. */
  void restoreLastId(long id) {
    lastId = Math.max(lastId, id);
  }

  /** A change was published at this sequence or before it, later than every one told of so far. */
  void changed(long upTo) {
    lastChangeUpTo = upTo;
    waiters.reached(upTo);
  }

  /** The keyspace's last change since the store was opened has at most this sequence; 0: none. */
  long lastChangeUpTo() {
    return lastChangeUpTo;
  }

  /** Who waits for entries of the stream, by id, or for changes, by sequence. */
  StreamWaiters waiters() {
    return waiters;
  }

  /** The highest id that a stream ever had, committed; 0 before its first entry. */
  long lastId() {
    return Math.max(lastId, cutOff.firstId() - 1);
  }

  /** The lowest id of a stream that is not hidden, whether it exists yet or not. */
  long firstId() {
    return Math.max(1, cutOff.firstId());
  }

  /** Bytes that cut-offs took out of the index since the store was opened. */
  long sweptBytes() {
    return sweptBytes.get();
  }

  /**
   * The newest committed record of a key, a tombstone or an expired one included; null if there is
   * none that is not cut off.
   */
  @Nullable LogRecord find(byte[] key) throws IOException {
    Found found = locate(key);
    return found == null ? null : found.record();
  }

  /**
   * The record of the newest committed request in a slot; null if there is none that is not
   * forgotten.
   *
   * @param key of {@link RequestCodec#key}
   */
  @Nullable LogRecord request(byte[] key) throws IOException {
    RequestMatch match = new RequestMatch(key);
    return keydir.get(Hash.of(RecordKind.REQUEST, key), match) == null ? null : match.record;
  }

  /** A record and where it was when it was read. */
  record Found(LogRecord record, Location location) {}

  /** {@link #find} with the place. */
  @Nullable Found locate(byte[] key) throws IOException {
    RecordMatch match = new RecordMatch(key);
    Location found = keydir.get(Hash.of(key), match);
    LogRecord record = found == null ? null : match.record;
    return found == null || record == null || cutsOff(record.kind(), record.sequence(), key)
        ? null
        : new Found(record, found);
  }

  /**
   * Points a key to a committed record that is newer than all others of the key.
   *
   * @param expiresAtMs milliseconds since 1970; 0: never
   */
  void apply(long hash, byte[] key, Location now, long expiresAtMs) throws IOException {
    KeyMatch match = new KeyMatch(key);
    Location before;
    if (snapshots.none()) {
      before = keydir.put(hash, now, match);
    } else {
      before = applyUnderSnapshots(hash, match, now);
    }
    account(before, match.expiresAtMs, now, expiresAtMs);
  }

  @SuppressWarnings("NullAway") // an array of one as the lambda's result, null for "none before"
  private @Nullable Location applyUnderSnapshots(long hash, KeyMatch match, Location now)
      throws IOException {
    @Nullable Location[] before = new @Nullable Location[1];
    try {
      keydir.inPartition(
          hash,
          () -> {
            try {
              before[0] = keydir.put(hash, now, match);
            } catch (IOException e) {
              throw new UncheckedIOException(e);
            }
            snapshots.replaced(keydir.partitionOf(hash), before[0], now);
          });
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
    return before[0];
  }

  /** Counts a location that took the place of another one, each with its expiry; 0: never. */
  void account(
      @Nullable Location before, long beforeExpiresAtMs, Location now, long nowExpiresAtMs) {
    LiveSegment into = table.at(now.segment());
    if (into != null) {
      into.addLive(now, nowExpiresAtMs);
    }
    liveBytes.addAndGet(now.length());
    liveKeys.addAndGet(now.tombstone() ? 0 : 1);
    if (before != null) {
      forget(before, beforeExpiresAtMs);
    }
  }

  private void forget(Location before, long expiresAtMs) {
    LiveSegment from = table.at(before.segment());
    if (from != null) {
      from.removeLive(before, expiresAtMs);
    }
    liveBytes.addAndGet(-before.length());
    liveKeys.addAndGet(before.tombstone() ? 0 : -1);
  }

  /** Compaction copied a record: points to the copy unless a newer record has come meanwhile. */
  void move(long hash, Location from, Location to, long expiresAtMs) {
    boolean[] moved = new boolean[1];
    keydir.inPartition(
        hash,
        () -> {
          moved[0] = keydir.replace(hash, from, to);
          snapshots.moved(keydir.partitionOf(hash), from, to);
        });
    if (moved[0]) {
      account(from, expiresAtMs, to, expiresAtMs);
    }
  }

  /** Compaction left an indexed tombstone or expired record out. */
  void drop(long hash, Location gone) {
    remove(hash, gone, 0); // when it expired is not known here, and its segment is about to go
  }

  /** A cut-off hides a record: takes it out of the index if it is there. */
  void sweep(long hash, Location hidden, long expiresAtMs) {
    if (remove(hash, hidden, expiresAtMs)) {
      sweptBytes.addAndGet(hidden.length());
    }
  }

  private boolean remove(long hash, Location gone, long expiresAtMs) {
    boolean[] dropped = new boolean[1];
    keydir.inPartition(
        hash,
        () -> {
          dropped[0] = keydir.replace(hash, gone, null);
          if (dropped[0]) {
            snapshots.dropped(keydir.partitionOf(hash), gone);
          }
        });
    if (dropped[0]) {
      forget(gone, expiresAtMs);
    }
    return dropped[0];
  }

  /** The reader of a location with a reference taken; null when the segment is gone. */
  @Nullable SegmentReader acquire(Location location) {
    LiveSegment segment = table.at(location.segment());
    return segment != null && segment.reader().tryAcquire() ? segment.reader() : null;
  }

  /** Matches a key by reading no more of the record than the key. */
  final class KeyMatch implements Match {
    private final byte[] key;

    /** Of the record that matched. */
    private long expiresAtMs;

    KeyMatch(byte[] key) {
      this.key = key;
    }

    /** When the record that matched expires; 0: never. */
    long expiresAtMs() {
      return expiresAtMs;
    }

    @Override
    public boolean matches(Location candidate) throws IOException {
      LiveSegment segment = table.at(candidate.segment());
      if (segment == null) {
        return false;
      }
      LogRecord kept = cache.get(segment, candidate);
      if (kept != null) {
        expiresAtMs = kept.expiresAtMs();
        return Arrays.equals(kept.key(), key);
      }
      SegmentReader reader = segment.reader();
      if (!reader.tryAcquire()) {
        return false;
      }
      try {
        long expiry = reader.expiryOfKey(candidate.offset(), candidate.length(), key);
        if (expiry == SegmentReader.OTHER_KEY) {
          return false;
        }
        expiresAtMs = expiry;
        return true;
      } finally {
        reader.release();
      }
    }
  }

  /** Matches a request, which is not worth a place in the cache, and keeps the one that matched. */
  private final class RequestMatch implements Match {
    private final byte[] key;
    private @Nullable LogRecord record;

    RequestMatch(byte[] key) {
      this.key = key;
    }

    @Override
    public boolean matches(Location candidate) throws IOException {
      SegmentReader reader = acquire(candidate);
      if (reader == null) {
        return false;
      }
      try {
        record = reader.read(candidate.offset(), candidate.length(), key);
        return record != null;
      } finally {
        reader.release();
      }
    }
  }

  /** Matches a key by reading the whole record, and keeps the one that matched. */
  private final class RecordMatch implements Match {
    private final byte[] key;
    private @Nullable LogRecord record;

    RecordMatch(byte[] key) {
      this.key = key;
    }

    @Override
    public boolean matches(Location candidate) throws IOException {
      LiveSegment segment = table.at(candidate.segment());
      if (segment == null) {
        return false;
      }
      LogRecord kept = cache.get(segment, candidate);
      if (kept != null) {
        record = Arrays.equals(kept.key(), key) ? kept.withOwnValue(key) : null;
        return record != null;
      }
      SegmentReader reader = segment.reader();
      if (!reader.tryAcquire()) {
        return false;
      }
      try {
        LogRecord read = reader.read(candidate.offset(), candidate.length(), key);
        record = read;
        if (read == null) {
          return false;
        }
        cache.missed(segment, candidate, read);
        return true;
      } finally {
        reader.release();
      }
    }
  }
}
