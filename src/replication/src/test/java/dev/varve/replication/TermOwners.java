package dev.varve.replication;

import java.util.HashMap;
import java.util.Map;

/** Who acknowledged writes in which term: one member at most. */
final class TermOwners {
  private final Map<Long, String> primaries = new HashMap<>();

  void acknowledged(Written written, String primary) {
    String other = primaries.putIfAbsent(written.term(), primary);
    if (other != null && !other.equals(primary)) {
      throw new AssertionError(
          "two primaries in term " + written.term() + ": " + other + " and " + primary);
    }
  }
}
