package dev.varve.replication;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What clients did and were told, checked as it grows. Each key is a register. Sequences give the
 * order that the shard claims; the history is linearizable if that order explains every answer
 * (each read returns the write it names) and never contradicts real time (what was answered before
 * an operation began is not after it).
 */
final class History {
  /** An operation under way; what was known when it began. */
  record Operation(
      String key, @Nullable String written, boolean isRead, long floor, long begunNanos) {}

  private record Attempt(@Nullable String value, boolean known, long sequence) {}

  private final Map<String, List<Attempt>> attempts = new HashMap<>();
  private final Map<String, Long> floors = new HashMap<>();
  private final Map<Long, String> primaryOfTerm = new HashMap<>();
  private final Set<Long> sequences = new HashSet<>();
  private int acknowledged;
  private int reads;

  int acknowledgedWrites() {
    return acknowledged;
  }

  int reads() {
    return reads;
  }

  /** A read begins. */
  Operation reading(String key, long nowNanos) {
    return new Operation(key, null, true, floors.getOrDefault(key, 0L), nowNanos);
  }

  /** A write begins; a null value deletes. */
  Operation writing(String key, @Nullable String value, long nowNanos) {
    attempts.computeIfAbsent(key, k -> new ArrayList<>()).add(new Attempt(value, false, 0));
    return new Operation(key, value, false, floors.getOrDefault(key, 0L), nowNanos);
  }

  /** The write was certainly not done: whoever reads it is wrong. */
  void notApplied(Operation write) {
    if (!attempts
        .getOrDefault(write.key(), List.of())
        .remove(new Attempt(write.written(), false, 0))) {
      throw new AssertionError("unknown " + write);
    }
  }

  void acknowledged(Operation write, Written written, String primary) {
    String other = primaryOfTerm.putIfAbsent(written.term(), primary);
    if (other != null && !other.equals(primary)) {
      throw new AssertionError(
          "two primaries in term " + written.term() + ": " + other + " and " + primary);
    }
    if (!sequences.add(written.sequence())) {
      throw new AssertionError("sequence " + written.sequence() + " acknowledged twice");
    }
    if (written.sequence() <= write.floor()) {
      throw new AssertionError(
          write + " became " + written + ", before what was answered when it began");
    }
    notApplied(write);
    attempts
        .computeIfAbsent(write.key(), k -> new ArrayList<>())
        .add(new Attempt(write.written(), true, written.sequence()));
    floors.merge(write.key(), written.sequence(), Math::max);
    acknowledged++;
  }

  /**
   * @param sequence of the value that was read; 0 if there was none
   */
  void answered(Operation read, @Nullable String value, long sequence) {
    reads++;
    List<Attempt> all = attempts.getOrDefault(read.key(), List.of());
    if (value == null) {
      boolean explained =
          read.floor() == 0
              || all.stream()
                  .anyMatch(a -> a.value() == null && (!a.known() || a.sequence() >= read.floor()));
      if (!explained) {
        throw new AssertionError(read + " found nothing, and nothing explains it: " + all);
      }
      return;
    }
    if (sequence < read.floor()) {
      throw new AssertionError(read + " went back: found " + value + " of sequence " + sequence);
    }
    boolean explained =
        all.stream()
            .anyMatch(a -> value.equals(a.value()) && (!a.known() || a.sequence() == sequence));
    if (!explained) {
      throw new AssertionError(
          read
              + " found "
              + value
              + " of sequence "
              + sequence
              + ", which nobody wrote so: "
              + all);
    }
    floors.merge(read.key(), sequence, Math::max);
  }
}
