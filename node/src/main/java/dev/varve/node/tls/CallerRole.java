package dev.varve.node.tls;

/** What a certificate lets its owner do. */
public enum CallerRole {
  /** Reads and writes: KeyValue and Streams. Every certificate but a member's has it. */
  DATA,
  /** All of Admin. */
  ADMIN,
  /** The members' own calls: Replication. */
  MEMBER
}
