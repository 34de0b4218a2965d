package dev.varve.replication;

import java.util.concurrent.atomic.AtomicLong;

/**
 * Counts the work of one kind that is under way on a primary, and can be closed to new work. From
 * any thread.
 */
final class WorkGate {
  private final AtomicLong underWay = new AtomicLong();
  private volatile boolean closed;

  /** Whether the work may begin; then {@link #leave} must follow once nothing comes of it later. */
  boolean enter() {
    // Counted before the look: else a closer could find nobody between the two.
    underWay.incrementAndGet();
    if (closed) {
      underWay.decrementAndGet();
      return false;
    }
    return true;
  }

  void leave() {
    underWay.decrementAndGet();
  }

  /** Nothing new begins from now on. */
  void close() {
    closed = true;
  }

  void open() {
    closed = false;
  }

  boolean isClosed() {
    return closed;
  }

  /** Whether it is closed and nothing is under way. */
  boolean isQuiet() {
    return closed && underWay.get() == 0;
  }
}
