package dev.varve.store.manifest;

/** How the records of a store's keyspaces lie in its storage. */
public enum Layout {
  /** Each keyspace is a number of segments; compaction rewrites those that are worth it. */
  SEGMENTED,
  /**
   * As {@link #SEGMENTED}, but in memory: nothing survives the process. Compaction has nothing to
   * do, since dead segments are freed as they come about. A segment has at most a sixteenth of the
   * storage's capacity.
   */
  MEMORY
}
