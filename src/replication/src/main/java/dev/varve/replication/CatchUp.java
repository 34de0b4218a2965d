package dev.varve.replication;

import dev.varve.replication.Response.AppendOutcome;
import dev.varve.store.Attachment;
import dev.varve.store.LogPosition;
import dev.varve.store.Store;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * Pulls the log of another member, after cutting what contradicts it, until this log reaches a
 * position. Whoever starts it knows that the other log may win: it is the most advanced of a fenced
 * majority, or the one this member merely copies.
 */
final class CatchUp {
  private static final int FETCH_BYTES = 1 << 20;

  /** The source no longer has the entries at hand. */
  static final class ImageNeededException extends IOException {
    private static final long serialVersionUID = 1L;

    ImageNeededException(String source) {
      super(source + " no longer has the missing entries at hand");
    }
  }

  private final MemberThread thread;
  private final Peers peers;
  private final Header header;
  private final FollowerLog log;
  private final Store store;
  private final String source;
  private final Duration timeout;
  private final CompletableFuture<Response.Entries> outcome = new CompletableFuture<>();

  CatchUp(
      MemberThread thread,
      Peers peers,
      Header header,
      FollowerLog log,
      Store store,
      String source,
      Duration timeout) {
    this.thread = thread;
    this.peers = peers;
    this.header = header;
    this.log = log;
    this.store = store;
    this.source = source;
    this.timeout = timeout;
  }

  /**
   * Completes on the scheduler with the source's last answer once this log is durable up to {@code
   * target} at least; exceptionally when the source does not answer, has not got it, or this log
   * cannot take it.
   */
  CompletableFuture<Response.Entries> upTo(LogPosition target) {
    TermStarts tail = log.tail();
    thread.when(
        peers.ask(
            source,
            new Request.FetchEntries(
                header.shard(), header.term(), tail.last(), tail.starts(), FETCH_BYTES),
            Response.Entries.class,
            timeout),
        answer -> take(answer, target),
        outcome::completeExceptionally);
    return outcome;
  }

  private void take(Response.Entries answer, LogPosition target) {
    if (answer.imageNeeded()) {
      outcome.completeExceptionally(new ImageNeededException(source));
      return;
    }
    if (answer.entries().isEmpty()) {
      if (log.tail().last().compareTo(target) >= 0) {
        outcome.complete(answer);
      } else {
        outcome.completeExceptionally(
            new IOException(source + " has nothing after " + log.tail().last()));
      }
      return;
    }
    List<Attachment> missing;
    try {
      missing = log.missingAttachments(answer.entries());
    } catch (IOException e) {
      outcome.completeExceptionally(e);
      return;
    }
    thread.when(
        new AttachmentFetch(thread, peers, header, store.log(), source, timeout).start(missing),
        fetched -> append(answer, target),
        outcome::completeExceptionally);
  }

  private void append(Response.Entries answer, LogPosition target) {
    thread.when(
        log.take(log.tail().positionAt(answer.common()), answer.entries()),
        taken -> {
          if (taken.outcome() != AppendOutcome.ACCEPTED) {
            outcome.completeExceptionally(new IOException(taken.detail()));
          } else if (log.tail().last().compareTo(target) >= 0) {
            outcome.complete(answer);
          } else {
            CompletableFuture<Response.Entries> _ = upTo(target);
          }
        },
        outcome::completeExceptionally);
  }
}
