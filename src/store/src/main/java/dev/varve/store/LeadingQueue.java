package dev.varve.store;

import java.util.Deque;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** A leader's operations that no group has taken yet, first come first. Any thread may add. */
final class LeadingQueue {
  private final Deque<Operation.Leading> operations = new ConcurrentLinkedDeque<>();

  /** Kept beside the deque, which would count its elements each time. */
  private final AtomicInteger size = new AtomicInteger();

  void add(Operation.Leading operation) {
    operations.add(operation);
    size.incrementAndGet();
  }

  /** The first one; null when there is none. */
  Operation.@Nullable Leading peek() {
    return operations.peekFirst();
  }

  /** Removes and returns the first one; null when there is none. */
  Operation.@Nullable Leading poll() {
    Operation.Leading first = operations.pollFirst();
    if (first != null) {
      size.decrementAndGet();
    }
    return first;
  }

  /** Puts what was taken before all others, in its order. */
  void putBack(List<Operation.Leading> taken) {
    taken.reversed().forEach(operations::addFirst);
    size.addAndGet(taken.size());
  }

  int size() {
    return size.get();
  }

  boolean isEmpty() {
    return operations.isEmpty();
  }
}
