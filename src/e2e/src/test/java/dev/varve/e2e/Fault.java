package dev.varve.e2e;

/** What may happen to a member of a shard, or to all of it. */
enum Fault {
  /** kill -9; the kubelet starts the process again. */
  KILLED,
  /** SIGSTOP for longer than the Lease is valid. */
  FROZEN,
  /** No network but to its clients: neither to the members nor to the API server. */
  CUT_OFF,
  /** Nothing that it sends reaches the other members. */
  CUT_OUTWARDS,
  /** Nothing that the other members send reaches it. */
  CUT_INWARDS,
  /** It and one other do not reach each other, the third reaches both. */
  LINK_CUT,
  /** Not a byte of room on its volume. */
  DISK_FULL,
  /** The primary hands over, as asked. */
  STEPPED_DOWN
}
