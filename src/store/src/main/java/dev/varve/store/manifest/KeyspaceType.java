package dev.varve.store.manifest;

/** What a keyspace holds; never changes after its creation. */
public enum KeyspaceType {
  /** Keys with their latest values. */
  KEY_VALUE,
  /** Entries in the order of their ids, trimmed from the front. */
  STREAM
}
