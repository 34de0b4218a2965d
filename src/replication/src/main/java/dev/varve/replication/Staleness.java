package dev.varve.replication;

import java.time.Duration;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * How long ago what is applied here was all that had been acknowledged. Told by the primary when
 * asked, and counted from the asking by this member's own clock: a message that waited anywhere, or
 * a primary that was deposed and does not know it, makes nothing look newer than it is.
 */
final class Staleness {
  private final MemberThread thread;
  private final Peers peers;
  private final Header header;
  private final Duration timeout;
  private final Supplier<@Nullable String> primary;
  private final LongSupplier applied;
  private @Nullable String asked;
  private long awaitedSequence = -1;
  private long awaitedNanos;
  private boolean everLevel;
  private long levelNanos;

  /**
   * @param timeout after which a question that was not answered is given up
   * @param primary whom to ask; null: nobody is known. On the scheduler
   * @param applied what is applied here; -1 while no store is open. From any thread
   */
  Staleness(
      MemberThread thread,
      Peers peers,
      Header header,
      Duration timeout,
      Supplier<@Nullable String> primary,
      LongSupplier applied) {
    this.thread = thread;
    this.peers = peers;
    this.header = header;
    this.timeout = timeout;
    this.primary = primary;
    this.applied = applied;
  }

  /**
   * Asks the primary, unless it is being asked. From any thread; returns at once, and {@link
   * #staleMs} tells more once there is an answer.
   */
  void ask() {
    thread.run(this::askNow);
  }

  private void askNow() {
    String name = primary.get();
    if (name == null || name.equals(asked)) {
      return;
    }
    asked = name;
    long askedNanos = thread.nowNanos();
    thread.when(
        peers.ask(
            name,
            new Request.AskCommitted(header.shard(), header.term()),
            Response.CommittedAnswer.class,
            timeout),
        answer -> {
          answered(name);
          if (answer.staleMs() != Long.MAX_VALUE) {
            complete(
                answer.committed(), askedNanos - Duration.ofMillis(answer.staleMs()).toNanos());
          }
        },
        failure -> answered(name));
  }

  private void answered(String name) {
    if (name.equals(asked)) {
      asked = null;
    }
  }

  /**
   * All that was acknowledged before a moment is at or before a sequence.
   *
   * @param atNanos by {@link MemberThread#nowNanos}
   */
  synchronized void complete(long sequence, long atNanos) {
    settle();
    if (awaitedSequence < 0) {
      awaitedSequence = sequence;
      awaitedNanos = atNanos;
      settle();
    }
  }

  /** From any thread; {@link Long#MAX_VALUE} if that was never known. */
  synchronized long staleMs() {
    settle();
    if (!everLevel) {
      return Long.MAX_VALUE;
    }
    return Math.ceilDiv(Math.max(thread.nowNanos() - levelNanos, 0), 1_000_000);
  }

  private void settle() {
    if (awaitedSequence >= 0 && applied.getAsLong() >= awaitedSequence) {
      levelNanos = everLevel ? Math.max(levelNanos, awaitedNanos) : awaitedNanos;
      everLevel = true;
      awaitedSequence = -1;
    }
  }
}
