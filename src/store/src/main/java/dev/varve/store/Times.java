package dev.varve.store;

import dev.varve.store.manifest.Edit;
import dev.varve.store.manifest.ManifestState;
import dev.varve.store.retention.TrustedClock;
import org.jspecify.annotations.Nullable;

/** What the store knows of time: its clocks, and the times that its log tells of. */
final class Times {
  private final TrustedClock clock;
  private final Applied applied;
  private final Published published;
  private volatile long aheadMs;

  Times(StoreRuntime runtime, Applied applied, Published published) {
    this.clock = new TrustedClock(runtime.clock()::nowMs, runtime.monotonicNanos());
    this.applied = applied;
    this.published = published;
  }

  TrustedClock.Reading read() {
    TrustedClock.Reading reading = clock.read(published.state().last().term(), newestKnownMs());
    aheadMs = reading.aheadMs();
    return reading;
  }

  /** {@link TrustedClock.Reading#hideMs} for figures; decisions use {@link #read}. */
  long hideMs() {
    return clock.hideMs();
  }

  /** How far off the wall clock was at the last reading while it was not believed; 0: it was. */
  long aheadMs() {
    return aheadMs;
  }

  private long newestKnownMs() {
    applied.lock().lock();
    try {
      Edit.@Nullable TimeMark mark = applied.manifest().timeMarks().last();
      long newest = mark == null ? 0 : mark.timeMs();
      for (ManifestState.KeyspaceState keyspace : applied.manifest().keyspaces().values()) {
        newest = Math.max(newest, keyspace.lastCompactionMs());
      }
      return newest;
    } finally {
      applied.lock().unlock();
    }
  }

  Edit.@Nullable TimeMark lastMark() {
    applied.lock().lock();
    try {
      return applied.manifest().timeMarks().last();
    } finally {
      applied.lock().unlock();
    }
  }

  /** The highest sequence certainly written by then; 0: none is. */
  long writtenBy(long timeMs) {
    applied.lock().lock();
    try {
      return applied.manifest().timeMarks().writtenBy(timeMs);
    } finally {
      applied.lock().unlock();
    }
  }
}
