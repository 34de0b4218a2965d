package dev.varve.store.compaction;

/** How a compaction frees space. */
public enum Strategy {
  /** Copies what is live out of the segments with most to gain and retires them. */
  REWRITE,
  /** Does nothing. */
  NONE
}
