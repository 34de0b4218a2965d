package dev.varve.store.compaction;

/** How long foreground operations take lately: what a compaction must not make much longer. */
@FunctionalInterface
public interface ForegroundLatency {
  /** Nobody measures, or nobody asks anything of the store. */
  ForegroundLatency NONE = () -> 0;

  /**
   * The 99th percentile of at most the last two seconds, in nanoseconds; 0: there were no
   * operations. Asked about ten times a second by each run, on its thread.
   */
  long p99Nanos();

  /** A run has waited so long for the sake of operations. Told by each run, on its thread. */
  default void yielded(long nanos) {}
}
