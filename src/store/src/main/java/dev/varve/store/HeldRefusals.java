package dev.varve.store;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/**
 * Conditions that do not hold, whose callers are not told yet. A condition is compared with what is
 * staged before it, and its refusal names a version of the key: it is a read of something that is
 * not committed, which nobody else sees yet and a crash may undo. So it is answered once what it
 * was compared with is applied. For the writer.
 */
final class HeldRefusals {
  /**
   * A refused operation.
   *
   * @param after the last sequence that was staged before it
   */
  record Held(Operation.Leading operation, VersionMismatchException refusal, long after) {
    void answer(StoreException answer) {
      operation.done().completeExceptionally(answer);
    }
  }

  /** By sequence, since groups are written in order. */
  private final Deque<Held> waiting = new ArrayDeque<>();

  /** Takes refusals of a group that is written, or of one that has nothing to write. */
  void add(List<Held> refused, long appliedSequence) {
    waiting.addAll(refused);
    applied(appliedSequence);
  }

  /** Answers those who waited for what is applied and published now. */
  void applied(long sequence) {
    Held next = waiting.peek();
    while (next != null && next.after() <= sequence) {
      waiting.remove();
      next.answer(next.refusal());
      next = waiting.peek();
    }
  }

  /** Nothing more is applied for those who wait: tells them so instead. */
  void fail(StoreException cause) {
    for (Held next = waiting.poll(); next != null; next = waiting.poll()) {
      next.answer(cause);
    }
  }
}
