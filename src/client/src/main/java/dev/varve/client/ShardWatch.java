package dev.varve.client;

import dev.varve.protocol.v1.KeyValueGrpc;
import dev.varve.protocol.v1.WatchRequest;
import dev.varve.protocol.v1.WatchResponse;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import org.jspecify.annotations.Nullable;

/**
 * Follows one shard for a {@link WatchCursor}, on a thread of its own: watches on the primary from
 * the last sequence it handed on, and on the next one when that is lost.
 */
final class ShardWatch implements Runnable {
  /** A message may be of 16 MiB, so that few of them may wait. */
  private static final int WINDOW = 4;

  /** A primary says where it is each 2 s; one that says nothing for this long is given up. */
  private static final Duration SILENCE_LIMIT = Duration.ofSeconds(10);

  private final CallRunner runner;
  private final WatchOptions options;
  private final int shard;
  private final BlockingQueue<WatchCursor.Told> queue;
  private volatile boolean stopped;

  // Only its own thread touches these.
  private long position;
  private boolean begun;
  private Backoff backoff;
  private long outageNanos;
  private @Nullable Long behindNanos;

  /**
   * Does nothing before it is run.
   *
   * @param queue what it hears goes there, and waits while that is full
   */
  ShardWatch(
      CallRunner runner, WatchOptions options, int shard, BlockingQueue<WatchCursor.Told> queue) {
    this.runner = runner;
    this.options = options;
    this.shard = shard;
    this.queue = queue;
    this.position = options.after().getOrDefault(shard, 0L);
    this.backoff = runner.backoff();
  }

  /** Ends it without a word; to be followed by an interrupt of its thread. */
  void stop() {
    stopped = true;
  }

  @Override
  public void run() {
    try {
      follow();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // stopped: nobody listens any more
    } catch (RuntimeException e) {
      tell(e);
    }
  }

  private void tell(RuntimeException failure) {
    try {
      if (!stopped) {
        queue.put(new WatchCursor.Told.Failed(failure));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // stopped meanwhile
    }
  }

  private void follow() throws InterruptedException {
    outageNanos = System.nanoTime();
    while (!stopped) {
      @Nullable Address address = null;
      VarveException failure;
      try {
        address = runner.await(runner.finder().primary(shard, searchDeadline()), CallKind.READ);
        try (MessageStream<WatchResponse> stream = open(address)) {
          while (stream.hasNext()) {
            heard(stream.next());
          }
        }
        failure =
            new UnavailableException(
                Reason.UNREACHABLE, address + " ended the watch", Map.of(), null);
      } catch (VarveException e) {
        failure = e;
      }
      if (!stopped) {
        goOnAfter(failure, address);
      }
    }
  }

  private MessageStream<WatchResponse> open(Address address) {
    WatchRequest request =
        WatchRequest.newBuilder()
            .setKeyspace(options.keyspace())
            .setPrefix(options.prefix())
            .setAfterSequence(position)
            .build();
    return MessageStream.start(
        runner.channel(address),
        KeyValueGrpc.getWatchMethod(),
        request,
        CallKind.READ,
        null,
        SILENCE_LIMIT,
        WINDOW);
  }

  private void heard(WatchResponse message) throws InterruptedException {
    queue.put(
        new WatchCursor.Told.Changes(
            new ChangeBatch(shard, message.getSequence(), message.getMutationsList())));
    position = message.getSequence();
    if (!begun || backoff.isUsed()) {
      begun = true;
      backoff = runner.backoff();
      behindNanos = null;
    }
    // The reader may have taken its time: an outage begins now at the earliest.
    outageNanos = System.nanoTime();
  }

  /** Returns when it is time for the next attempt, or throws why there is none. */
  private void goOnAfter(VarveException failure, @Nullable Address address) {
    if (address != null && failure instanceof NotPrimaryException refusal) {
      runner.finder().redirect(shard, address, refusal);
    } else if (address != null && mayPass(failure)) {
      runner.finder().doubt(shard, address);
    }
    long pause = backoff.nextNanos();
    if (!mayPass(failure) || isBehindForLong(failure) || pause > outageLeft()) {
      throw failure;
    }
    runner.pause(pause);
  }

  private boolean mayPass(VarveException failure) {
    return switch (failure.reason()) {
      // Not by us, as we go on: the member, or something between us, ended the call.
      case CANCELLED -> true;
      // Watches that were lost with their primary meet at the next one, and some end later.
      case OVERLOADED -> begun;
      default -> Errors.mayRepeat(failure);
    };
  }

  /**
   * A primary that has just begun may not know yet that what we saw is committed. One that goes on
   * not knowing is another store's.
   */
  private boolean isBehindForLong(VarveException failure) {
    if (failure.reason() != Reason.REPLICA_BEHIND) {
      return false;
    }
    long now = System.nanoTime();
    if (behindNanos == null) {
      behindNanos = now;
    }
    return now - behindNanos > runner.repeatNanos();
  }

  private long searchDeadline() {
    return System.nanoTime() + Math.min(runner.repeatNanos(), outageLeft());
  }

  private long outageLeft() {
    Duration limit = options.outageLimit();
    return limit == null
        ? Long.MAX_VALUE
        : Math.max(0, outageNanos + limit.toNanos() - System.nanoTime());
  }
}
