package dev.varve.store.manifest;

/** How the records of a store's keyspaces lie in its storage. */
public enum Layout {
  /** Each keyspace is a number of segments; compaction rewrites those that are worth it. */
  SEGMENTED,
  /**
   * Each keyspace is one file, of at most 2 GiB. Compaction copies what is live to a new file,
   * catches up with what was written meanwhile, and swaps the two; the old one is kept beside it as
   * {@code *.log.old}. For a store of its own: it is not replicated.
   */
  SINGLE_FILE,
  /**
   * As {@link #SEGMENTED}, but in memory: nothing survives the process. Compaction has nothing to
   * do, since dead segments are freed as they come about. A segment has at most a sixteenth of the
   * storage's capacity.
   */
  MEMORY
}
