package dev.varve.replication;

import dev.varve.store.LogEntry;
import dev.varve.store.LogPosition;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Entries that overtook those before them on their way. Several messages are under way at a time,
 * and a small one often passes a large one, whose frames take turns with it. Refused, it and all
 * behind it would have to be sent again, one at a time at first; so it waits for a moment. On the
 * scheduler only.
 */
final class EarlyAppends {
  /** Entries that are offered, and who waits for what becomes of them. */
  record Offered(Request.Append append, CompletableFuture<Response> answer) {
    int bytes() {
      return append.entries().stream().mapToInt(LogEntry::bytes).sum();
    }
  }

  private record Waiting(Offered offered, long sinceNanos) {
    long afterSequence() {
      return offered.append().previous().sequence();
    }
  }

  /** What is lost is not waited for much longer than for what is late. */
  private static final Duration WAIT = Duration.ofMillis(100);

  // As much as a primary has under way to one member.
  private static final int MESSAGES_MAX = 64;
  private static final long BYTES_MAX = 8L << 20;

  private final MemberThread thread;
  private final Consumer<Offered> waitedLongEnough;
  private final PriorityQueue<Waiting> byPlace =
      new PriorityQueue<>(Comparator.comparingLong(Waiting::afterSequence));
  private final ArrayDeque<Waiting> byTime = new ArrayDeque<>();
  private Scheduler.@Nullable Cancellable timer;
  private long bytes;

  /**
   * @param waitedLongEnough told of those whose predecessors did not come
   */
  EarlyAppends(MemberThread thread, Consumer<Offered> waitedLongEnough) {
    this.thread = thread;
    this.waitedLongEnough = waitedLongEnough;
  }

  /**
   * Keeps entries that come too early; false if they do not, or too much waits.
   *
   * @param last the log's end. Before it is of the primary's own term nothing has been taken from
   *     it: then it is asking where the logs diverge, and waits for the answer
   */
  boolean keeps(Offered offered, LogPosition last) {
    LogPosition previous = offered.append().previous();
    long term = offered.append().term();
    boolean early =
        previous.sequence() > last.sequence() && previous.term() == term && last.term() == term;
    int more = offered.bytes();
    if (!early || byPlace.size() >= MESSAGES_MAX || bytes + more > BYTES_MAX) {
      return false;
    }
    Waiting waiting = new Waiting(offered, thread.nowNanos());
    byPlace.add(waiting);
    byTime.add(waiting);
    bytes += more;
    if (timer == null) {
      timer = thread.after(WAIT, this::expire);
    }
    return true;
  }

  /** Removes and returns one whose predecessors are here; null when there is none. */
  @Nullable Offered next(long lastSequence) {
    Waiting first = byPlace.peek();
    if (first == null || first.afterSequence() > lastSequence) {
      return null;
    }
    byPlace.remove();
    return left(first);
  }

  /** Removes and returns all. */
  List<Offered> removeAll() {
    List<Offered> all = new ArrayList<>();
    for (Waiting next = byPlace.poll(); next != null; next = byPlace.poll()) {
      all.add(left(next));
    }
    return all;
  }

  private Offered left(Waiting waiting) {
    byTime.remove(waiting);
    bytes -= waiting.offered().bytes();
    return waiting.offered();
  }

  private void expire() {
    timer = null;
    long now = thread.nowNanos();
    List<Offered> expired = new ArrayList<>();
    Waiting oldest = byTime.peek();
    while (oldest != null && now - oldest.sinceNanos() >= WAIT.toNanos()) {
      byPlace.remove(oldest);
      expired.add(left(oldest));
      oldest = byTime.peek();
    }
    if (oldest != null) {
      timer = thread.after(WAIT, this::expire);
    }
    expired.forEach(waitedLongEnough);
  }
}
