package dev.varve.replication;

import dev.varve.store.Attachment;
import dev.varve.store.ByteSource;
import dev.varve.store.Chunk;
import dev.varve.store.LogEntry;
import dev.varve.store.LogListener;
import dev.varve.store.LogPosition;
import dev.varve.store.LogState;
import dev.varve.store.SegmentFetcher;
import dev.varve.store.ShardLog;
import dev.varve.store.StoreImage;
import dev.varve.store.manifest.Edit;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** A log of terms only, whose operations end when the test lets them. */
final class FakeShardLog implements ShardLog {
  private record Queued(Runnable work, CompletableFuture<LogState> done) {}

  private final List<Queued> queue = new ArrayList<>();
  private TermStarts durable = TermStarts.EMPTY;
  private long committed;

  static LogEntry entry(long sequence, long term) {
    return new LogEntry(
        sequence, term, List.of(new Chunk("main/a.log", sequence, ByteBuffer.allocate(1))));
  }

  static List<LogEntry> entries(long term, long from, long to) {
    List<LogEntry> entries = new ArrayList<>();
    for (long sequence = from; sequence <= to; sequence++) {
      entries.add(entry(sequence, term));
    }
    return entries;
  }

  /** Does what is queued, in order. */
  void drain() {
    while (!queue.isEmpty()) {
      Queued next = queue.removeFirst();
      next.work.run();
      next.done.complete(state());
    }
  }

  /** What is queued first fails, and changes nothing. */
  void failNext(Throwable failure) {
    queue.removeFirst().done.completeExceptionally(failure);
  }

  TermStarts durable() {
    return durable;
  }

  @Override
  public LogState state() {
    return new LogState(
        durable.last(), committed, committed, durable.starts(), List.of(), false, false);
  }

  @Override
  public CompletableFuture<LogState> append(List<LogEntry> entries) {
    return queued(
        () -> {
          for (LogEntry entry : entries) {
            durable = durable.extended(entry.term(), entry.sequence());
          }
        });
  }

  @Override
  public CompletableFuture<LogState> cut(long lastSequenceKept) {
    return queued(() -> durable = durable.cutTo(lastSequenceKept));
  }

  @Override
  public void commit(long sequence) {
    committed = Math.max(committed, Math.min(sequence, durable.last().sequence()));
  }

  private CompletableFuture<LogState> queued(Runnable work) {
    Queued queued = new Queued(work, new CompletableFuture<>());
    queue.add(queued);
    return queued.done;
  }

  @Override
  public List<Attachment> missingAttachments(List<LogEntry> entries) {
    return List.of();
  }

  @Override
  public int adoptionBacklog() {
    return 0;
  }

  @Override
  public void fetchWith(SegmentFetcher fetcher) {}

  @Override
  public CompletableFuture<LogState> lead(long term, LogListener listener) {
    throw new AssertionError("a follower leads nothing");
  }

  @Override
  public CompletableFuture<Void> resign() {
    throw new AssertionError("a follower leads nothing");
  }

  @Override
  public CompletableFuture<Long> propose(Edit.Membership change) {
    throw new AssertionError("a follower proposes nothing");
  }

  @Override
  public @Nullable List<LogEntry> read(long afterSequence, int maxBytes) {
    throw new AssertionError("nobody reads from this log");
  }

  @Override
  public StoreImage image() {
    throw new AssertionError("nobody copies this log");
  }

  @Override
  public int read(String path, long offset, ByteBuffer target) {
    throw new AssertionError("nobody reads from this log");
  }

  @Override
  public int crc(String path, long length) {
    throw new AssertionError("nobody reads from this log");
  }

  @Override
  public void noteDamage(String path, String reason) {
    throw new AssertionError("this log has no files");
  }

  @Override
  public void repair(String path) {
    throw new AssertionError("this log has no files");
  }

  @Override
  public boolean poisonedByDamage() {
    return false;
  }

  @Override
  public Map<String, String> damaged() {
    return Map.of();
  }

  @Override
  public void installAttachment(Attachment attachment, ByteSource source) {
    throw new AssertionError("this log needs none");
  }

  static LogPosition at(long term, long sequence) {
    return new LogPosition(term, sequence);
  }
}
