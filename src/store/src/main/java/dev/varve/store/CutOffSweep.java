package dev.varve.store;

import dev.varve.store.manifest.CutOff;
import dev.varve.store.storage.Storage;
import java.io.IOException;
import java.util.List;

/**
 * Takes what a cut-off hides out of the index, so that its bytes count as dead and planning sees
 * them. Reads hide it already; a restart does not load it. On the maintenance thread, before
 * anything that was committed after the cut-off is adopted there.
 */
final class CutOffSweep {
  private final Storage storage;
  private final Applied applied;

  CutOffSweep(Storage storage, Applied applied) {
    this.storage = storage;
    this.applied = applied;
  }

  /**
   * Sweeps all segments that may hold something hidden; those swept before up to the same cut-off
   * cost nothing.
   *
   * @throws IOException if a segment could not be read; another call goes on with it
   */
  void sweep(Keyspace keyspace) throws IOException {
    CutOff cutOff = keyspace.cutOff();
    for (LiveSegment segment : due(keyspace, cutOff)) {
      if (segment.reader().tryAcquire()) {
        try {
          sweep(keyspace, segment, cutOff);
        } finally {
          segment.reader().release();
        }
      }
    }
  }

  /** Whether there is anything to sweep. */
  boolean isDue(Keyspace keyspace) {
    return !due(keyspace, keyspace.cutOff()).isEmpty();
  }

  private List<LiveSegment> due(Keyspace keyspace, CutOff cutOff) {
    applied.lock().lock();
    try {
      return keyspace.segments().stream()
          .filter(s -> !s.sweptFor().equals(cutOff) && s.minSequence() <= cutOff.sequence())
          .toList();
    } finally {
      applied.lock().unlock();
    }
  }

  private void sweep(Keyspace keyspace, LiveSegment segment, CutOff cutOff) throws IOException {
    SegmentEntries entries = new SegmentEntries(storage, keyspace, segment);
    boolean ascending = segment.ascending();
    SegmentEntries.Visitor visitor =
        (kind, hash, sequence, id, expiresAtMs, location) -> {
          boolean hidden = cutOff.hides(sequence, id);
          if (hidden) {
            keyspace.sweep(hash, location, expiresAtMs);
          }
          return hidden || !ascending;
        };
    boolean whole = segment.maxSequence() < cutOff.sequence();
    // A log that was only appended to is read from where the last sweep ended to where this one
    // does; a whole segment goes by its hint, which has no values.
    if (ascending && !(whole && segment.sweptTo() == 0 && entries.byHint(visitor))) {
      segment.sweptTo(entries.byRecords(segment.sweptTo(), visitor));
    } else if (!ascending) {
      entries.visit(visitor);
    }
    segment.sweptFor(cutOff);
  }
}
