package dev.varve.store.compaction;

/**
 * How a compaction frees space. The names and what they mean for the oldest part of a log are
 * Garnet's (Microsoft Research, Garnet documentation, "Compaction").
 */
public enum Strategy {
  /** Copies what is live out of the segments with most to gain, and retires them. */
  REWRITE,
  /**
   * Copies what is live out of the oldest segments, asking the index for each record. Needs no
   * memory beyond its buffers.
   */
  LOOKUP,
  /**
   * Copies what is live out of the oldest segments, going through the index once beforehand. Takes
   * 8 bytes of memory a live record of theirs, and is the faster the more of their records are
   * dead.
   */
  SCAN,
  /**
   * Drops the oldest segments with everything in them: <b>live records are lost</b>. Only for data
   * whose oldest part nobody needs, and only as far as more segments exist than may remain.
   */
  SHIFT,
  /** Does nothing. */
  NONE
}
