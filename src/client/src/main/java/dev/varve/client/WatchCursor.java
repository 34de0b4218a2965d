package dev.varve.client;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The committed changes of a keyspace: of each shard in the order of its sequences, none left out
 * and none told twice, also when the primary changes meanwhile. There is no order between shards.
 * It has no end of its own: {@link #hasNext} waits for the next change.
 *
 * <p>What is read is bounded: while nobody takes anything, a few messages a shard wait here, the
 * rest with the server. For one reading thread, platform or virtual; {@link #close} may come from
 * any. An interrupt of the reading thread ends the wait with {@link CallCancelledException}, and
 * the cursor can be read on.
 *
 * <p>The reading methods throw {@link VarveException} when the watch cannot go on, and again at
 * each further call: {@link SequenceTooOldException} when what comes next may be gone, {@link
 * UnavailableException} or {@link NotPrimaryException} when no primary was found within the limit
 * of an outage. What was delivered before stands, and {@link #position} says where to go on.
 */
public final class WatchCursor implements Iterator<ChangeBatch>, AutoCloseable {
  /** Messages that wait for the reader, of all shards together. */
  private static final int WAITING = 4;

  /** What a shard's follower has to tell. */
  sealed interface Told {
    /** A message of the server; without mutations it tells only how far the watch is. */
    record Changes(ChangeBatch batch) implements Told {}

    record Failed(RuntimeException failure) implements Told {}

    record Closed() implements Told {}
  }

  private final BlockingQueue<Told> queue = new ArrayBlockingQueue<>(WAITING);
  private final List<ShardWatch> watches = new ArrayList<>();
  private final List<Thread> threads = new ArrayList<>();
  private final long[] positions;
  private volatile boolean closed;
  private @Nullable ChangeBatch head;
  private @Nullable RuntimeException failure;

  private WatchCursor(int shards) {
    this.positions = new long[shards];
  }

  /**
   * Starts to follow every shard.
   *
   * @param threads makes one thread a shard, which mostly waits
   */
  static WatchCursor start(
      CallRunner runner, WatchOptions options, int shards, ThreadFactory threads) {
    for (int shard : options.after().keySet()) {
      if (shard >= shards) {
        throw new IllegalArgumentException(
            "no shard " + shard + ": the store has shards 0 to " + (shards - 1));
      }
    }
    WatchCursor cursor = new WatchCursor(shards);
    for (int shard = 0; shard < shards; shard++) {
      cursor.positions[shard] = options.after().getOrDefault(shard, 0L);
      ShardWatch watch = new ShardWatch(runner, options, shard, cursor.queue);
      cursor.watches.add(watch);
      cursor.threads.add(threads.newThread(watch));
    }
    cursor.threads.forEach(Thread::start);
    return cursor;
  }

  /** Waits for the next changes; false only once the cursor is closed. */
  @Override
  public boolean hasNext() {
    while (head == null) {
      if (!readable()) {
        return false;
      }
      accept(take(null));
    }
    return true;
  }

  /**
   * Waits for the next changes.
   *
   * @throws NoSuchElementException when the cursor is or gets closed
   */
  @Override
  public ChangeBatch next() {
    ChangeBatch batch = hasNext() ? head : null;
    if (batch == null) {
      throw new NoSuchElementException("the watch is closed");
    }
    head = null;
    positions[batch.shard()] = batch.sequence();
    return batch;
  }

  /** The next changes, or empty when there are none within that time, or the cursor is closed. */
  public Optional<ChangeBatch> poll(Duration wait) {
    long deadline = System.nanoTime() + wait.toNanos();
    while (head == null) {
      if (!readable()) {
        return Optional.empty();
      }
      Told told = take(Math.max(0, deadline - System.nanoTime()));
      if (told == null) {
        return Optional.empty();
      }
      accept(told);
    }
    return Optional.of(next());
  }

  /**
   * The sequence of a shard up to which all was delivered, for the reading thread to ask: another
   * watch of the same keyspace and prefix goes on after it. It also moves while there are no
   * changes to deliver and somebody waits for them.
   */
  public long position(int shard) {
    return positions[shard];
  }

  private boolean readable() {
    RuntimeException known = failure;
    if (known != null) {
      throw known;
    }
    return !closed;
  }

  private @Nullable Told take(@Nullable Long nanos) {
    try {
      return nanos == null ? queue.take() : queue.poll(nanos, TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CallCancelledException(
          Reason.CANCELLED, "interrupted while waiting for a change", Map.of(), e);
    }
  }

  private void accept(@Nullable Told told) {
    switch (told) {
      case Told.Changes(ChangeBatch batch) when batch.mutations().isEmpty() ->
          positions[batch.shard()] = batch.sequence();
      case Told.Changes(ChangeBatch batch) -> head = batch;
      case Told.Failed(RuntimeException why) -> {
        failure = why;
        stop();
      }
      case Told.Closed _ -> {
        // The flag says so.
      }
      case null -> throw new AssertionError("waited without a limit for nothing");
    }
  }

  private void stop() {
    watches.forEach(ShardWatch::stop);
    threads.forEach(Thread::interrupt);
  }

  /**
   * Ends the watch, on the server as well. A thread waiting in {@link #hasNext} gets false. What
   * was not yet taken is dropped.
   */
  @Override
  public void close() {
    closed = true;
    stop();
    while (!queue.offer(new Told.Closed())) {
      queue.clear(); // the reader must hear of it, and wants nothing else any more
    }
  }
}
