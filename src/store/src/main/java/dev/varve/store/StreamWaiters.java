package dev.varve.store;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.LongSupplier;

/**
 * Readers that wait for more: of a stream, by the id of the next entry, or of another keyspace's
 * changes, by sequence. Safe for several threads.
 */
final class StreamWaiters {
  private final List<Waiter> waiting = new ArrayList<>();
  private boolean closed;

  private record Waiter(long id, CompletableFuture<Void> more) {}

  /**
   * Completes when the stream has come to an id.
   *
   * @param lastId how far it is; asked after this waits, so that nothing is missed
   */
  CompletableFuture<Void> await(long id, LongSupplier lastId) {
    CompletableFuture<Void> more = new CompletableFuture<>();
    synchronized (waiting) {
      if (closed) {
        return CompletableFuture.failedFuture(new StoreClosedException());
      }
      waiting.removeIf(waiter -> waiter.more().isDone()); // whose reader was closed
      waiting.add(new Waiter(id, more));
    }
    if (lastId.getAsLong() >= id) {
      more.complete(null);
    }
    return more;
  }

  /** The stream has come to an id; on the writer. */
  void reached(long lastId) {
    List<Waiter> due = new ArrayList<>();
    synchronized (waiting) {
      if (waiting.isEmpty()) {
        return;
      }
      for (Iterator<Waiter> i = waiting.iterator(); i.hasNext(); ) {
        Waiter waiter = i.next();
        if (waiter.id() <= lastId || waiter.more().isDone()) {
          i.remove();
          due.add(waiter);
        }
      }
    }
    due.forEach(waiter -> waiter.more().complete(null));
  }

  void close() {
    List<Waiter> left;
    synchronized (waiting) {
      closed = true;
      left = List.copyOf(waiting);
      waiting.clear();
    }
    left.forEach(waiter -> waiter.more().completeExceptionally(new StoreClosedException()));
  }
}
