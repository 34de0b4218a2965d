package dev.varve.store;

import dev.varve.store.format.Limits;
import dev.varve.store.format.StreamEntryCodec;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * A keyspace that holds entries in the order of their ids. Ids begin with 1, grow by one and are
 * never given twice, also not after everything was trimmed. Safe for any number of threads.
 */
public final class EventStream {
  private final Keyspace keyspace;
  private final GroupCommit writer;
  private final CutOffs cutOffs;
  private final Applied applied;
  private final Times times;

  EventStream(
      Keyspace keyspace, GroupCommit writer, CutOffs cutOffs, Applied applied, Times times) {
    this.keyspace = keyspace;
    this.writer = writer;
    this.cutOffs = cutOffs;
    this.applied = applied;
    this.times = times;
  }

  /** The keyspace. */
  public String name() {
    return keyspace.name();
  }

  /** The first id that is not trimmed, whether that entry exists yet or not. */
  public long firstId() {
    return keyspace.firstId();
  }

  /** The highest id that a committed entry ever had; 0 before the first. */
  public long lastId() {
    return keyspace.lastId();
  }

  /**
   * Appends entries that are there together or not at all. Completes when they are durable,
   * committed and visible, on the store's writer: dependents must not block. Fails as {@link
   * Store#write} does; an append whose outcome is unknown may be repeated, and is then there twice
   * if it was not lost, but for {@link #append(List, RequestId)}.
   *
   * @param payloads 1 to 10,000, together up to 16 MiB; the arrays are not copied
   */
  public CompletableFuture<Appended> append(List<byte[]> payloads) {
    return append(payloads, null);
  }

  /**
   * {@link #append(List)} of entries that are appended once, however often they are sent.
   *
   * @param request by what they are recognized; null: they are not
   */
  public CompletableFuture<Appended> append(List<byte[]> payloads, @Nullable RequestId request) {
    CompletableFuture<Long> done = new CompletableFuture<>();
    try {
      check(payloads);
    } catch (InvalidWriteException e) {
      return CompletableFuture.failedFuture(e);
    }
    AtomicLong firstId = new AtomicLong();
    List<byte[]> copy = List.copyOf(payloads);
    writer.submit(new Operation.AppendEntries(keyspace.name(), copy, request, firstId, done));
    return done.thenApply(
        sequence -> new Appended(firstId.get(), firstId.get() + copy.size() - 1, sequence));
  }

  private static void check(List<byte[]> payloads) throws InvalidWriteException {
    if (payloads.isEmpty()) {
      throw new InvalidWriteException(
          InvalidWriteException.Reason.BATCH_EMPTY, "payloads", "payloads: no entry");
    }
    if (payloads.size() > Limits.BATCH_MUTATIONS_MAX) {
      throw tooLarge(payloads.size() + " entries, at most " + Limits.BATCH_MUTATIONS_MAX);
    }
    long bytes = 0;
    for (int i = 0; i < payloads.size(); i++) {
      int length = payloads.get(i).length;
      if (length > StreamEntryCodec.PAYLOAD_BYTES_MAX) {
        String field = "payloads[" + i + "]";
        throw new InvalidWriteException(
            InvalidWriteException.Reason.VALUE_TOO_LARGE,
            field,
            field + ": " + length + " bytes, at most " + StreamEntryCodec.PAYLOAD_BYTES_MAX);
      }
      bytes += StreamEntryCodec.KEY_BYTES + StreamEntryCodec.VALUE_HEADER_BYTES + length;
    }
    if (payloads.size() > 1 && bytes > Limits.BATCH_BYTES_MAX) {
      throw tooLarge(
          bytes + " bytes with 16 for each entry's id and time, at most " + Limits.BATCH_BYTES_MAX);
    }
  }

  private static InvalidWriteException tooLarge(String message) {
    return new InvalidWriteException(
        InvalidWriteException.Reason.BATCH_TOO_LARGE, "payloads", "payloads: " + message);
  }

  /**
   * Reads from an id on what is committed. Close it.
   *
   * @param fromId a trimmed one or 0 means the first that is there
   */
  public StreamReader read(long fromId) {
    return new StreamReader(keyspace, Math.max(1, fromId));
  }

  /**
   * Hides entries from the front, for good; which ones is decided here and replicated as an id.
   * Leader only; blocks until that is committed. Nothing is freed before a compaction.
   *
   * @param approximate hides fewer, so that only whole segments go and compaction copies nothing
   * @throws NotLeaderException if nothing was hidden since this store does not lead
   * @throws OutcomeUnknownException if it may or may not happen
   */
  public TrimResult trim(TrimBound bound, boolean approximate) throws IOException {
    StreamTrim trim = new StreamTrim(keyspace, applied);
    long nowMs = times.read().hideMs();
    long[] first = new long[1];
    CutOffs.Raised raised =
        cutOffs.raise(
            keyspace,
            () -> {
              first[0] = keyspace.firstId();
              var exact = trim.at(bound, nowMs);
              return approximate ? trim.wholeSegments(exact) : exact;
            });
    long firstId = Math.max(1, raised.after().firstId());
    return new TrimResult(firstId - first[0], firstId, raised.bytes());
  }
}
