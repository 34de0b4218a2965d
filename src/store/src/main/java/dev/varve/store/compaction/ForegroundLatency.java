package dev.varve.store.compaction;

/**
 * How long foreground operations of one kind take lately: what a compaction must not make much
 * longer. A kind is operations that take about as long as each other, such as reads: of a mixture
 * the percentile tells how much there is of each rather than how long either takes.
 */
@FunctionalInterface
public interface ForegroundLatency {
  /**
   * The 99th percentile of at most the last two seconds, in nanoseconds; 0: there were no
   * operations. Asked about ten times a second by each run, on its thread.
   */
  long p99Nanos();

  /** A run has waited so long for the sake of operations. Told by each run, on its thread. */
  default void yielded(long nanos) {}
}
