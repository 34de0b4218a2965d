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
  private static final int CHUNK_BYTES = 256 << 10;
  private static final long LENGTH_MAX = 256L << 20;

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
    if (attachment.length() > LENGTH_MAX) {
      fail(new IOException(attachment + " is longer than any run list may be"));
      return;
    }
    receive(attachment, ByteBuffer.allocate((int) attachment.length()), left);
  }

  private void receive(Attachment attachment, ByteBuffer received, List<Attachment> left) {
    if (!received.hasRemaining()) {
      install(attachment, received.flip(), left);
      return;
    }
    int wanted = Math.min(CHUNK_BYTES, received.remaining());
    thread.when(
        peers.ask(
            source,
            new Request.GetFile(
                header.shard(), header.term(), "", attachment.path(), received.position(), wanted),
            Response.FileBytes.class,
            timeout),
        chunk -> {
          ByteBuffer bytes = chunk.bytes().duplicate();
          if (!bytes.hasRemaining() || bytes.remaining() > wanted) {
            fail(
                new IOException(
                    source + " answered " + bytes.remaining() + " bytes of " + attachment));
            return;
          }
          received.put(bytes);
          receive(attachment, received, left);
        },
        this::fail);
  }

  private void install(Attachment attachment, ByteBuffer bytes, List<Attachment> left) {
    thread.blocking(
        () -> {
          log.installAttachment(
              attachment,
              (offset, target) -> {
                int count = (int) Math.min(target.remaining(), bytes.limit() - offset);
                if (count > 0) {
                  target.put(bytes.slice((int) offset, count));
                }
                return Math.max(count, 0);
              });
          return attachment;
        },
        installed -> next(left),
        this::fail);
  }

  private void fail(Throwable failure) {
    outcome.completeExceptionally(failure);
  }
}
