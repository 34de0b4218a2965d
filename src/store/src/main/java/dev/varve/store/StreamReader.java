package dev.varve.store;

import dev.varve.store.format.LogRecord;
import dev.varve.store.format.RecordKind;
import dev.varve.store.format.StreamEntryCodec;
import dev.varve.store.keydir.Location;
import dev.varve.store.segment.CorruptRecordException;
import dev.varve.store.segment.ScanEnd;
import dev.varve.store.segment.SegmentReader;
import dev.varve.store.segment.SegmentScanner;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Reads a stream's committed entries in the order of their ids. One entry is looked up in the
 * index, those after it are read from its segment front to back. While there is nothing to read it
 * holds no file and no buffer. For one thread at a time.
 */
public final class StreamReader implements AutoCloseable {
  /** For fewer entries than this a buffer is not worth it. */
  private static final long SEQUENTIAL_MIN = 16;

  private final Keyspace stream;
  private long nextId;
  private @Nullable SegmentReader segment;
  private @Nullable SegmentScanner scanner;
  private @Nullable CompletableFuture<Void> waiting;

  StreamReader(Keyspace stream, long fromId) {
    this.stream = stream;
    this.nextId = fromId;
  }

  /** The id of the entry that {@link #next} looks for; trimmed ones are passed over there. */
  public long nextId() {
    return nextId;
  }

  /**
   * The next committed entry; null when there is none yet. What was trimmed meanwhile is passed
   * over.
   *
   * @throws CorruptRecordException if a record is damaged
   * @throws StreamDamagedException if an entry that was not trimmed is not there
   */
  public @Nullable StreamEntry next() throws IOException {
    while (true) {
      long first = stream.firstId();
      if (nextId < first) {
        release();
        nextId = first;
      }
      if (nextId > stream.lastId()) {
        release();
        return null;
      }
      LogRecord record = following();
      if (record == null) {
        record = lookUp();
      }
      if (record != null) {
        byte[] value = record.value();
        return new StreamEntry(
            nextId++, StreamEntryCodec.timeMs(value), StreamEntryCodec.payload(value));
      }
      if (nextId >= stream.firstId()) {
        throw new StreamDamagedException(stream.name(), nextId);
      }
    }
  }

  /** The entry that comes next in the segment, if it is the one wanted. */
  private @Nullable LogRecord following() throws IOException {
    SegmentScanner open = scanner;
    if (open == null) {
      return null;
    }
    boolean more = open.next();
    while (more && open.kind() == RecordKind.REQUEST) {
      more = open.next();
    }
    if (more) {
      LogRecord record = open.record();
      if (StreamEntryCodec.id(record.key(), record.key().length) == nextId) {
        return record;
      }
    } else if (open.end().reason() != ScanEnd.Reason.END) {
      ScanEnd end = open.end();
      SegmentReader reader = segment;
      release();
      CorruptRecordException met =
          new CorruptRecordException(
              reader == null ? stream.name() : reader.path(), end.offset(), end.detail());
      stream.damaged().note(met);
      throw met;
    }
    release();
    return null;
  }

  private @Nullable LogRecord lookUp() throws IOException {
    Keyspace.Found found = stream.locate(StreamEntryCodec.key(nextId));
    if (found == null) {
      return null;
    }
    if (stream.lastId() - nextId >= SEQUENTIAL_MIN) {
      readOnFrom(found.location());
    }
    return found.record();
  }

  private void readOnFrom(Location location) {
    LiveSegment located = stream.table().at(location.segment());
    if (located != null && located.reader().tryAcquire()) {
      SegmentReader reader = located.reader();
      segment = reader;
      scanner =
          new SegmentScanner(
              reader.file(),
              reader.path(),
              location.offset() + location.length(),
              located.committedLength());
    }
  }

  /**
   * Completes when there is an entry to read; at once if there is one now. Fails with {@link
   * StoreClosedException}. Completes on the store's writer: dependents must not block. Another call
   * before completion returns the same.
   */
  public CompletableFuture<Void> whenMore() {
    CompletableFuture<Void> already = waiting;
    if (already != null && !already.isDone()) {
      return already;
    }
    CompletableFuture<Void> more = stream.waiters().await(nextId, stream::lastId);
    waiting = more;
    return more;
  }

  /** Lets go of file and buffer until the next entry is asked for. */
  public void pause() {
    release();
  }

  private void release() {
    SegmentReader held = segment;
    segment = null;
    scanner = null;
    if (held != null) {
      held.release();
    }
  }

  /** Lets go of what is held; a pending {@link #whenMore} is cancelled. Idempotent. */
  @Override
  public void close() {
    release();
    CompletableFuture<Void> pending = waiting;
    if (pending != null) {
      pending.cancel(false);
    }
  }
}
