package dev.varve.store;

import dev.varve.store.format.CheckpointedSegment;
import dev.varve.store.format.SegmentId;
import dev.varve.store.keydir.Location;
import dev.varve.store.manifest.CutOff;
import dev.varve.store.segment.SegmentReader;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * An open segment and what is known of its records. Sequences and the committed length are changed
 * by one thread at a time and read by any; live bytes by any.
 */
final class LiveSegment {
  private final SegmentId id;
  private final int slot;
  private final SegmentReader reader;
  private final AtomicLong liveBytes = new AtomicLong();
  private final AtomicLong tombstoneBytes = new AtomicLong();
  private final AtomicReference<@Nullable ExpiringBytes> expiring = new AtomicReference<>();
  private volatile long committedLength;
  private volatile boolean sealed;
  private volatile long minSequence = Long.MAX_VALUE;
  private volatile long maxSequence;
  private volatile long maxTombstoneSequence;
  private volatile boolean ascending = true;
  private volatile CutOff sweptFor = CutOff.NONE;
  private volatile long sweptTo;

  LiveSegment(SegmentId id, int slot, SegmentReader reader) {
    this.id = id;
    this.slot = slot;
    this.reader = reader;
  }

  SegmentId id() {
    return id;
  }

  /** The number that stands for it in the keydir. */
  int slot() {
    return slot;
  }

  SegmentReader reader() {
    return reader;
  }

  /**
   * Takes note of a batch's committed records, the last of which ends at {@code end}.
   *
   * @param tombstones whether there is one among them
   */
  void noteRecords(long sequence, boolean tombstones, long end) {
    // Each write of a field costs a fence: most records change few of them.
    if (sequence < maxSequence && ascending) {
      ascending = false;
    }
    if (sequence < minSequence) {
      minSequence = sequence;
    }
    if (sequence > maxSequence) {
      maxSequence = sequence;
    }
    if (tombstones && sequence > maxTombstoneSequence) {
      maxTombstoneSequence = sequence;
    }
    if (end > committedLength) {
      committedLength = end;
    }
  }

  /** Takes note of all records of a sealed segment that compaction made. */
  void noteAll(long lowest, long highest, boolean tombstones) {
    minSequence = lowest;
    maxSequence = highest;
    ascending = false; // not known
    maxTombstoneSequence = tombstones ? highest : 0;
  }

  /** What a keydir's checkpoint keeps of it. */
  CheckpointedSegment checkpointed(boolean covered) {
    ExpiringBytes known = expiring.get();
    return new CheckpointedSegment(
        slot,
        id,
        covered,
        minSequence,
        maxSequence,
        maxTombstoneSequence,
        ascending,
        known == null ? List.of() : known.spans());
  }

  /** Takes note of all its records at once. */
  void restore(CheckpointedSegment known) {
    minSequence = known.minSequence();
    maxSequence = known.maxSequence();
    maxTombstoneSequence = known.maxTombstoneSequence();
    ascending = known.ascending();
    if (!known.expiring().isEmpty()) {
      expiring().restore(known.expiring());
    }
  }

  /**
   * A swap made it active: it has so many bytes of records that were another segment's, in their
   * order.
   */
  void noteSwapped(long length, LiveSegment from) {
    ascending = from.ascending;
    minSequence = Math.min(minSequence, from.minSequence);
    maxSequence = Math.max(maxSequence, from.maxSequence);
    maxTombstoneSequence = Math.max(maxTombstoneSequence, from.maxTombstoneSequence);
    committedLength = Math.max(committedLength, length);
  }

  /** Records have come into the index here that were another segment's: none of them is swept. */
  void unswept() {
    sweptFor = CutOff.NONE;
    sweptTo = 0;
  }

  /** Whether its records are known to be in the order of their sequences. */
  boolean ascending() {
    return ascending;
  }

  /** The cut-off up to which nothing hidden of it is in the index. */
  CutOff sweptFor() {
    return sweptFor;
  }

  void sweptFor(CutOff cutOff) {
    sweptFor = cutOff;
  }

  /** If ascending: the offset before which everything is hidden and swept. */
  long sweptTo() {
    return sweptTo;
  }

  void sweptTo(long offset) {
    sweptTo = offset;
  }

  /** The keydir points to this record here now; its expiry is 0 if it has none. */
  void addLive(Location record, long expiresAtMs) {
    liveBytes.addAndGet(record.length());
    tombstoneBytes.addAndGet(record.tombstone() && expiresAtMs == 0 ? record.length() : 0);
    if (expiresAtMs != 0) {
      expiring().add(expiresAtMs, record.length());
    }
  }

  /** The keydir points elsewhere now, or nowhere; the expiry as when it was added. */
  void removeLive(Location record, long expiresAtMs) {
    liveBytes.addAndGet(-record.length());
    tombstoneBytes.addAndGet(record.tombstone() && expiresAtMs == 0 ? -record.length() : 0);
    if (expiresAtMs != 0) {
      expiring().remove(expiresAtMs, record.length());
    }
  }

  private ExpiringBytes expiring() {
    ExpiringBytes known = expiring.get();
    if (known == null) {
      ExpiringBytes fresh = new ExpiringBytes();
      known = expiring.compareAndExchange(null, fresh);
      return known == null ? fresh : known;
    }
    return known;
  }

  /** The part of the live bytes whose time is over by then. */
  long expiredBytes(long timeMs) {
    ExpiringBytes known = expiring.get();
    // What a compaction dropped is not taken out of its inputs, which are about to go.
    return known == null
        ? 0
        : Math.clamp(liveBytes.get() - tombstoneBytes.get(), 0, known.expiredBy(timeMs));
  }

  /** Bytes of records that the keydir points to. */
  long liveBytes() {
    return liveBytes.get();
  }

  /** The part of the live bytes that is tombstones. */
  long tombstoneBytes() {
    return tombstoneBytes.get();
  }

  /** The lowest sequence of a committed record; {@link Long#MAX_VALUE} without any. */
  long minSequence() {
    return minSequence;
  }

  long maxSequence() {
    return maxSequence;
  }

  /** The highest sequence of a committed tombstone; 0 without any. */
  long maxTombstoneSequence() {
    return maxTombstoneSequence;
  }

  /** Bytes up to the end of the last committed record. */
  long committedLength() {
    return committedLength;
  }

  void seal(long length) {
    committedLength = length;
    sealed = true;
  }

  /** Whether a committed roll closed it. */
  boolean sealed() {
    return sealed;
  }
}
