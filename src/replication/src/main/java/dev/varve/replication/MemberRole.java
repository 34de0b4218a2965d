package dev.varve.replication;

/** What a member is to its shard. */
public enum MemberRole {
  /** Serves writes and fresh reads, or is about to: see {@link MemberStatus#serving()}. */
  PRIMARY,
  /** Follows a primary, waits for one, or cannot do either yet. */
  REPLICA,
  /** Asks for votes, or fences a majority. */
  CANDIDATE
}
