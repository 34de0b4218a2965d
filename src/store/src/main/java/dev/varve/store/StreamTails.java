package dev.varve.store;

import dev.varve.store.format.LogRecord;
import dev.varve.store.format.StreamEntryCodec;
import dev.varve.store.keydir.Location;
import dev.varve.store.segment.SegmentReader;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The newest entry of each stream in the log, uncommitted ones included: where a leader goes on to
 * count. For the writer.
 */
final class StreamTails {
  private static final long TIME_UNKNOWN = -1;

  /** A stream's last entry. */
  private record Last(long id, long timeMs, Location location) {}

  private final Map<Keyspace, Last> lasts = new HashMap<>();

  void clear() {
    lasts.clear();
  }

  /** An entry is in the log or staged for it. */
  void note(Pending.Mutated entry) {
    long id = StreamEntryCodec.id(entry.key(), entry.key().length);
    Last last = lasts.get(entry.keyspace());
    if (last == null || last.id() < id) {
      lasts.put(entry.keyspace(), new Last(id, TIME_UNKNOWN, entry.location()));
    }
  }

  /** The time of the last entry noted, for those that come after it. */
  void stamped(Keyspace stream, long timeMs) {
    Last last = lasts.get(stream);
    if (last != null) {
      lasts.put(stream, new Last(last.id(), timeMs, last.location()));
    }
  }

  /**
   * The next id.
   *
   * @param firstId the first one that is not trimmed, uncommitted trims included
   */
  long nextId(Keyspace stream, long firstId) {
    Last last = lasts.get(stream);
    long known = Math.max(stream.lastId(), firstId - 1);
    return Math.max(known, last == null ? 0 : last.id()) + 1;
  }

  /** The time of the last entry; 0 if there is none to be read. */
  long lastTimeMs(Keyspace stream) throws IOException {
    Last last = lasts.get(stream);
    if (last == null || last.id() < stream.lastId()) {
      LogRecord record = stream.find(StreamEntryCodec.key(stream.lastId()));
      return record == null ? 0 : StreamEntryCodec.timeMs(record.value());
    }
    if (last.timeMs() != TIME_UNKNOWN) {
      return last.timeMs();
    }
    LogRecord record = read(stream, last);
    long timeMs = record == null ? 0 : StreamEntryCodec.timeMs(record.value());
    stamped(stream, timeMs);
    return timeMs;
  }

  private static @Nullable LogRecord read(Keyspace stream, Last last) throws IOException {
    SegmentReader reader = stream.acquire(last.location());
    if (reader == null) { // compacted since
      return stream.find(StreamEntryCodec.key(last.id()));
    }
    try {
      return reader.read(last.location().offset(), last.location().length());
    } finally {
      reader.release();
    }
  }
}
