package dev.varve.history;

import java.util.Arrays;

/**
 * How far an order that is tried has come: what the key holds, which of the operations under way
 * are already in the order, and what was used of those without an outcome.
 *
 * @param done a bit for the place of each operation under way that is in the order
 * @param unseen whether the last one had no outcome and was seen by nobody yet: then it might as
 *     well not have happened, so only who sees it may come next
 * @param used of each kind of operation without an outcome, how many are in the order; not changed
 */
@SuppressWarnings("ArrayRecordComponent") // compared by Position and isNoWorseThan alone
record Configuration(long done, Register register, boolean unseen, int[] used) {
  /** What two configurations must share to be compared. */
  record Position(long done, int value, long exactSequence, boolean unseen) {}

  Position position() {
    return new Position(
        done, register.value(), register.isExact() ? register.sequence() : -1, unseen);
  }

  /** Of the same position: whether all that can follow the other one can follow this one. */
  boolean isNoWorseThan(Configuration other) {
    if (register.sequence() > other.register.sequence()) {
      return false;
    }
    if (used != other.used) {
      for (int kind = 0; kind < used.length; kind++) {
        if (used[kind] > other.used[kind]) {
          return false;
        }
      }
    }
    return true;
  }

  boolean has(int place) {
    return (done & 1L << place) != 0;
  }

  /** With an operation under way put next. */
  Configuration then(int place, Register after) {
    return new Configuration(done | 1L << place, after, false, used);
  }

  /** With one of a kind of operations without an outcome put next. */
  Configuration thenUnknown(int kind, Register after) {
    int[] more = Arrays.copyOf(used, used.length);
    more[kind]++;
    return new Configuration(done, after, true, more);
  }

  /** With the place free again: its operation has ended. */
  Configuration without(int place) {
    return new Configuration(done & ~(1L << place), register, unseen, used);
  }
}
