package dev.varve.store;

import dev.varve.store.format.LogRecord;
import dev.varve.store.format.StreamEntryCodec;
import dev.varve.store.manifest.CutOff;
import java.io.IOException;
import java.util.List;

/** Resolves the bounds of a trim to a stream's first entry that stays, by what is committed now. */
final class StreamTrim {
  private final Keyspace stream;
  private final Applied applied;

  StreamTrim(Keyspace stream, Applied applied) {
    this.stream = stream;
    this.applied = applied;
  }

  /** Whether an entry stays; once one does, all later ones do. */
  private interface Stays {
    boolean test(LogRecord entry);
  }

  /** Where a trim by this bound leads. */
  CutOff at(TrimBound bound, long nowMs) throws IOException {
    return switch (bound) {
      case TrimBound.MaxLength(long entries) -> longest(entries);
      case TrimBound.MinId(long id) -> from(id);
      case TrimBound.MaxAge(long ms) -> youngerThan(nowMs - ms);
    };
  }

  /** At most so many entries stay. */
  CutOff longest(long entries) throws IOException {
    long last = stream.lastId();
    return from(entries > last ? 1 : last - entries + 1);
  }

  /** The entries from an id on stay; an id that was not given yet hides all there are. */
  CutOff from(long id) throws IOException {
    if (id <= stream.firstId()) {
      return stream.cutOff();
    }
    CutOff all = all();
    if (id >= all.firstId()) {
      return all;
    }
    LogRecord first = stream.find(StreamEntryCodec.key(id));
    if (first == null) {
      return from(stream.firstId()); // trimmed meanwhile
    }
    return new CutOff(first.sequence(), id);
  }

  /** Entries appended before a time are hidden, up to the first one that was not. */
  CutOff youngerThan(long timeMs) throws IOException {
    return from(firstId(entry -> StreamEntryCodec.timeMs(entry.value()) >= timeMs));
  }

  /** Entries of lower sequences are hidden. */
  CutOff fromSequence(long sequence) throws IOException {
    return from(firstId(entry -> entry.sequence() >= sequence));
  }

  /**
   * The highest cut-off up to an exact one that goes through no segment, so that compaction has
   * nothing to copy.
   */
  CutOff wholeSegments(CutOff exact) throws IOException {
    List<LiveSegment> segments;
    applied.lock().lock();
    try {
      segments = List.copyOf(stream.segments());
    } finally {
      applied.lock().unlock();
    }
    long highest = 0;
    for (LiveSegment segment : segments) {
      long candidate = segment.minSequence();
      // A batch is in one segment as long as it was not compacted, and has one sequence.
      boolean between =
          segments.stream()
              .noneMatch(s -> s.minSequence() < candidate && s.maxSequence() >= candidate);
      if (between && candidate <= exact.sequence()) {
        highest = Math.max(highest, candidate);
      }
    }
    CutOff whole = highest == 0 ? CutOff.NONE : fromSequence(highest);
    return whole.firstId() <= exact.firstId() ? stream.cutOff().raisedTo(whole) : stream.cutOff();
  }

  /** Hides every entry there is: those that come meanwhile have higher ids and higher sequences. */
  private CutOff all() {
    applied.lock().lock();
    try {
      return new CutOff(applied.sequence() + 1, stream.lastId() + 1);
    } finally {
      applied.lock().unlock();
    }
  }

  /** The first id whose entry stays; one more than the last if none does. */
  private long firstId(Stays stays) throws IOException {
    long low = stream.firstId();
    long high = stream.lastId() + 1;
    while (low < high) {
      long middle = low + (high - low) / 2;
      LogRecord entry = stream.find(StreamEntryCodec.key(middle));
      if (entry != null && stays.test(entry)) {
        high = middle;
      } else {
        low = middle + 1; // or it was trimmed meanwhile
      }
    }
    return low;
  }
}
