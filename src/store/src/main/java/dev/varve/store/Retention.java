package dev.varve.store;

import dev.varve.store.manifest.CutOff;
import dev.varve.store.manifest.KeyspaceType;
import dev.varve.store.retention.RetentionRules;
import dev.varve.store.retention.SequenceSearch;
import dev.varve.store.retention.TrustedClock;
import dev.varve.store.storage.Storage;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * Decides on a leader what the limits of its keyspaces hide, and has it replicated as a cut-off:
 * nobody else decides, and nothing is removed here.
 */
final class Retention {
  private static final System.Logger LOG = System.getLogger(Retention.class.getName());

  private final StoreOptions options;
  private final Storage storage;
  private final Keyspaces keyspaces;
  private final Applied applied;
  private final Published published;
  private final RequestHorizons horizons;
  private final CutOffs cutOffs;
  private final Times times;

  Retention(
      StoreOptions options,
      Storage storage,
      Keyspaces keyspaces,
      Applied applied,
      Published published,
      RequestHorizons horizons,
      CutOffs cutOffs,
      Times times) {
    this.options = options;
    this.storage = storage;
    this.keyspaces = keyspaces;
    this.applied = applied;
    this.published = published;
    this.horizons = horizons;
    this.cutOffs = cutOffs;
    this.times = times;
  }

  /** One decision for each keyspace with limits; on the calling thread, which may block. */
  List<RetentionDecision> run() throws IOException {
    if (!published.state().leading()) {
      throw new NotLeaderException();
    }
    TrustedClock.Reading now = times.read();
    mark(now);
    horizons.advance(now);
    List<RetentionDecision> decisions = new ArrayList<>();
    for (KeyspaceOptions wanted : options.keyspaces()) {
      Keyspace keyspace = keyspaces.get(wanted.name());
      if (wanted.retention().any() && keyspace != null) {
        decisions.add(decide(keyspace, wanted.retention(), now));
      }
    }
    return decisions;
  }

  /** Notes that what is applied was written by now, if an age will be asked for. */
  private void mark(TrustedClock.Reading now) throws IOException {
    long shortest = Long.MAX_VALUE;
    for (KeyspaceOptions wanted : options.keyspaces()) {
      if (wanted.retention().maxAgeMs() > 0 && wanted.type() == KeyspaceType.KEY_VALUE) {
        shortest = Math.min(shortest, wanted.retention().maxAgeMs());
      }
    }
    if (shortest != Long.MAX_VALUE) {
      horizons.mark(now, shortest);
    }
  }

  private RetentionDecision decide(
      Keyspace keyspace, RetentionRules rules, TrustedClock.Reading now) throws IOException {
    String[] reason = {RetentionDecision.WITHIN_LIMITS};
    CutOffs.Raised raised =
        cutOffs.raise(
            keyspace,
            () -> {
              CutOff[] aims = {
                byAge(keyspace, rules, now), byBytes(keyspace, rules), byRecords(keyspace, rules)
              };
              String[] reasons = {
                RetentionDecision.MAX_AGE,
                RetentionDecision.MAX_BYTES,
                RetentionDecision.MAX_RECORDS
              };
              CutOff highest = keyspace.cutOff();
              for (int i = 0; i < aims.length; i++) {
                CutOff next = highest.raisedTo(aims[i]);
                if (!next.equals(highest)) {
                  highest = next;
                  reason[0] = reasons[i];
                }
              }
              return highest;
            });
    RetentionDecision decision =
        new RetentionDecision(
            keyspace.name(), raised.after().sequence(), raised.bytes(), reason[0], now.aheadMs());
    if (!raised.after().equals(raised.before())) {
      LOG.log(
          System.Logger.Level.INFO,
          "{0}: hid {1} bytes below sequence {2}: {3}",
          keyspace.name(),
          Long.toString(raised.bytes()),
          Long.toString(raised.after().sequence()),
          reason[0]);
    } else if (now.aheadMs() != 0 && rules.maxAgeMs() > 0) {
      LOG.log(
          System.Logger.Level.WARNING,
          "{0}: hid nothing by age that only the clock, off by {1} ms, calls old",
          keyspace.name(),
          Long.toString(now.aheadMs()));
    }
    return decision;
  }

  private CutOff byAge(Keyspace keyspace, RetentionRules rules, TrustedClock.Reading now)
      throws IOException {
    if (rules.maxAgeMs() == 0) {
      return CutOff.NONE;
    }
    long olderThanMs = now.hideMs() - rules.maxAgeMs();
    if (keyspace.type() == KeyspaceType.STREAM) {
      return new StreamTrim(keyspace, applied).youngerThan(olderThanMs);
    }
    long written = times.writtenBy(olderThanMs);
    return written == 0 ? CutOff.NONE : new CutOff(written + 1, 0);
  }

  private CutOff byBytes(Keyspace keyspace, RetentionRules rules) throws IOException {
    long excess = keyspace.liveBytes() - rules.maxBytes();
    if (rules.maxBytes() == 0 || excess <= 0) {
      return CutOff.NONE;
    }
    long sequence = reach(keyspace, excess, true);
    return keyspace.type() == KeyspaceType.STREAM
        ? new StreamTrim(keyspace, applied).fromSequence(sequence)
        : new CutOff(sequence, 0);
  }

  private CutOff byRecords(Keyspace keyspace, RetentionRules rules) throws IOException {
    if (rules.maxRecords() == 0) {
      return CutOff.NONE;
    }
    if (keyspace.type() == KeyspaceType.STREAM) {
      return new StreamTrim(keyspace, applied).longest(rules.maxRecords());
    }
    long excess = keyspace.liveKeys() - rules.maxRecords();
    return excess <= 0 ? CutOff.NONE : new CutOff(reach(keyspace, excess, false), 0);
  }

  /** The lowest sequence below which live records have so many bytes, or are so many. */
  private long reach(Keyspace keyspace, long excess, boolean bytes) throws IOException {
    List<LiveSegment> pinned = new ArrayList<>();
    long end;
    applied.lock().lock();
    try {
      end = applied.sequence() + 1;
      for (LiveSegment segment : keyspace.segments()) {
        if (segment.reader().tryAcquire()) {
          pinned.add(segment);
        }
      }
    } finally {
      applied.lock().unlock();
    }
    try {
      return SequenceSearch.reach(
          keyspace.cutOff().sequence(),
          end,
          excess,
          (from, to, scale) -> {
            for (LiveSegment segment : pinned) {
              if (segment.minSequence() < to && segment.maxSequence() >= from) {
                weigh(keyspace, segment, from, to, bytes, scale);
              }
            }
          });
    } finally {
      pinned.forEach(segment -> segment.reader().release());
    }
  }

  private void weigh(
      Keyspace keyspace,
      LiveSegment segment,
      long from,
      long to,
      boolean bytes,
      SequenceSearch.Scale scale)
      throws IOException {
    new SegmentEntries(storage, keyspace, segment)
        .visit(
            (kind, hash, sequence, id, expiresAtMs, location) -> {
              if (sequence >= from
                  && sequence < to
                  && (bytes || !location.tombstone())
                  && keyspace.keydir().holds(hash, location)) {
                scale.weigh(sequence, bytes ? location.length() : 1);
              }
              return true;
            });
  }
}
