package dev.varve.replication;

import dev.varve.store.Attachment;
import dev.varve.store.ShardLog;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * Brings the run lists that entries name from the member that sent the entries, before the entries
 * are taken: an acknowledged compaction can be adopted from what is durable here. On the scheduler.
 */
final class AttachmentFetch {

  private final MemberThread thread;
  private final Peers peers;
  private final Header header;
  private final ShardLog log;
  private final String source;
  private final Duration timeout;
  private final CompletableFuture<Void> outcome = new CompletableFuture<>();

  AttachmentFetch(
      MemberThread thread,
      Peers peers,
      Header header,
      ShardLog log,
      String source,
      Duration timeout) {
    this.thread = thread;
    this.peers = peers;
    this.header = header;
    this.log = log;
    this.source = source;
    this.timeout = timeout;
  }

  /** Completes on the scheduler when all of them are durable here. */
  CompletableFuture<Void> start(List<Attachment> attachments) {
    next(new ArrayList<>(attachments));
    return outcome;
  }

  private void next(List<Attachment> left) {
    if (left.isEmpty()) {
      outcome.complete(null);
      return;
    }
    Attachment attachment = left.removeFirst();
    thread.blocking(
        () -> {
          // Straight to its file: a list of many megabytes must not pass through the heap whole.
          log.installAttachment(attachment, (offset, target) -> read(attachment, offset, target));
          return attachment;
        },
        installed -> next(left),
        outcome::completeExceptionally);
  }

  private int read(Attachment attachment, long offset, ByteBuffer target) throws IOException {
    int wanted = target.remaining();
    Response.FileBytes chunk =
        thread.await(
            peers.ask(
                source,
                new Request.GetFile(
                    header.shard(), header.term(), "", attachment.path(), offset, wanted),
                Response.FileBytes.class,
                timeout));
    ByteBuffer bytes = chunk.bytes().duplicate();
    if (!bytes.hasRemaining() || bytes.remaining() > wanted) {
      throw new IOException(source + " answered " + bytes.remaining() + " bytes of " + attachment);
    }
    int count = bytes.remaining();
    target.put(bytes);
    return count;
  }
}
