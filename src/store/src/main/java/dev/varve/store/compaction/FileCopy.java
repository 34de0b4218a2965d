package dev.varve.store.compaction;

import dev.varve.store.format.RunListWriter;
import dev.varve.store.format.SegmentId;
import dev.varve.store.keydir.Hash;
import dev.varve.store.manifest.Edit;
import dev.varve.store.segment.CorruptRecordException;
import dev.varve.store.segment.ScanEnd;
import dev.varve.store.segment.SegmentScanner;
import dev.varve.store.segment.SegmentWriter;
import dev.varve.store.storage.Storage;
import dev.varve.store.storage.StorageFile;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Copies the live records of a file that is still appended to into a new one, in rounds, with a run
 * list of what came from where. One object a run, one thread at a time.
 *
 * <p>Life: {@link #copyFirst}, {@link #copyMore} until little is left, {@link #install}, {@link
 * #copyLast}; then {@link #close}, after {@link #discard} if the copy is not wanted. The copy keeps
 * the order of the records. Memory is bounded by the scanner's buffer and one of the same size.
 *
 * <p>Only the first round leaves tombstones and expired records out. What they hide was not live
 * when that round began, so it is not in the copy. A later tombstone may hide a value that the
 * first round has copied: left out, it would bring that value back (pitfalls 1 and 2).
 */
public final class FileCopy implements Closeable {
  private static final int BUFFER_BYTES = 256 << 10;
  private static final long PROGRESS_BYTES = 256 << 10;

  private final Storage storage;
  private final String keyspace;
  private final SegmentRewriter.Source source;
  private final SegmentId target;
  private final SegmentId runs;
  private final CancelToken token;
  private final SegmentRewriter.Progress progress;
  private final ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_BYTES);
  private final SegmentWriter writer;
  private final StorageFile runsFile;
  private final RunListWriter list;

  private long copiedTo;
  private long recordsScanned;
  private long recordsDropped;

  /**
   * Creates the copy and its run list under temporary names.
   *
   * @param source the file; its length is not used
   * @param target names the copy, never used before
   * @param runs names its run list, never used before
   */
  public FileCopy(
      Storage storage,
      String keyspace,
      SegmentRewriter.Source source,
      SegmentId target,
      SegmentId runs,
      CancelToken token,
      SegmentRewriter.Progress progress)
      throws IOException {
    this.storage = storage;
    this.keyspace = keyspace;
    this.source = source;
    this.target = target;
    this.runs = runs;
    this.token = token;
    this.progress = progress;
    SegmentWriter created = null;
    StorageFile createdRuns = null;
    try {
      created = new SegmentWriter(storage.create(temporary(target.logPath(keyspace))), 0, 0);
      createdRuns = storage.create(temporary(runs.runsPath(keyspace)));
      this.writer = created;
      this.runsFile = createdRuns;
      this.list = new RunListWriter(createdRuns, runs, List.of(source.id()));
    } catch (IOException | RuntimeException e) {
      closeQuietly(created, e);
      closeQuietly(createdRuns, e);
      deleteAll(e);
      throw e;
    }
  }

  /** Bytes of the source that have been gone through. */
  public long copiedTo() {
    return copiedTo;
  }

  /**
   * Copies what is live of the source up to a committed length, at a limited rate. Tombstones and
   * records that expired at or before {@code nowMs} are left out.
   *
   * @param liveness asked about each record once, in order; what was committed later may already
   *     count
   * @param requestHorizon requests of a higher sequence are copied, although they have expired
   * @throws CorruptRecordException if the source is damaged: nothing of it is skipped
   * @throws CompactionCancelledException if the token stopped the run
   * @throws dev.varve.store.storage.DiskFullException if the disk is full
   */
  public void copyFirst(
      long to,
      SegmentRewriter.Liveness liveness,
      long nowMs,
      long requestHorizon,
      RateLimiter limiter)
      throws IOException {
    copy(to, liveness, nowMs, requestHorizon, limiter, progress);
  }

  /**
   * Copies what is live of that which was committed meanwhile, and makes all of the copy so far
   * durable, so that little is left for the last round. Not at a limited rate: below that of the
   * writes it would never catch up.
   */
  public void copyMore(long to, SegmentRewriter.Liveness liveness) throws IOException {
    copy(to, liveness, Long.MIN_VALUE, 0, RateLimiter.unlimited(), progress);
    flush();
    writer.sync();
  }

  /** Gives copy and run list their names, durable on return. No edit names them yet. */
  public void install() throws IOException {
    for (String path : paths()) {
      storage.rename(temporary(path), path);
    }
    storage.syncDirectory(keyspace);
  }

  /**
   * Copies all that is left as it is, committed or not, and makes copy and run list durable.
   *
   * @param to the source's length; it must not grow any more
   * @return the copy
   */
  public OutputSegment copyLast(long to) throws IOException {
    copy(
        to,
        (index, hash, offset, length, tombstone) -> true,
        Long.MIN_VALUE,
        0,
        RateLimiter.unlimited(),
        (bytes, totalBytes) -> {}); // writes wait: nobody is told anything now
    flush();
    writer.sync();
    list.finish(writer.length(), writer.crc());
    runsFile.sync();
    return new OutputSegment(target, writer.length(), writer.crc());
  }

  /** What the run did; after {@link #copyLast}. */
  public SegmentRewriter.Result result(OutputSegment copy) {
    return new SegmentRewriter.Result(
        List.of(copy),
        runs,
        0,
        0,
        recordsScanned,
        recordsDropped,
        copy.length(),
        Edit.Compaction.DROPPED_UNKNOWN);
  }

  private void copy(
      long to,
      SegmentRewriter.Liveness liveness,
      long droppableMs,
      long requestHorizon,
      RateLimiter limiter,
      SegmentRewriter.Progress told)
      throws IOException {
    String path = source.id().logPath(keyspace);
    SegmentScanner scanner = SegmentScanner.offHeap(source.file(), path, copiedTo, to);
    long accounted = copiedTo;
    while (scanner.next()) {
      recordsScanned++;
      if (scanner.offset() - accounted >= PROGRESS_BYTES) {
        limiter.acquire(scanner.offset() - accounted, token);
        told.read(scanner.offset(), to);
        accounted = scanner.offset();
      }
      boolean tombstone = !scanner.kind().isPut();
      long hash =
          Hash.of(scanner.kind(), scanner.buffer(), scanner.keyPosition(), scanner.keyLength());
      if (!liveness.isLive(0, hash, scanner.offset(), scanner.length(), tombstone)) {
        recordsDropped++;
      } else if (droppableMs != Long.MIN_VALUE
          && SegmentRewriter.hidesOnly(scanner, droppableMs, requestHorizon)) {
        recordsDropped++;
        list.dropped(0, scanner.offset(), scanner.length(), tombstone, hash);
      } else {
        append(scanner.buffer(), scanner.position(), scanner.length());
        list.run(0, scanner.offset(), scanner.length());
      }
    }
    if (scanner.end().reason() != ScanEnd.Reason.END) {
      throw new CorruptRecordException(path, scanner.end().offset(), scanner.end().detail());
    }
    limiter.acquire(to - accounted, token);
    told.read(to, to);
    copiedTo = to;
  }

  private void append(ByteBuffer from, int at, int length) throws IOException {
    if (length > buffer.remaining()) {
      flush();
    }
    if (length > buffer.capacity()) {
      writer.append(from.duplicate().limit(at + length).position(at));
      return;
    }
    buffer.put(buffer.position(), from, at, length);
    buffer.position(buffer.position() + length);
  }

  private void flush() throws IOException {
    buffer.flip();
    if (buffer.hasRemaining()) {
      writer.append(buffer);
    }
    buffer.clear();
  }

  /**
   * Deletes what was written, under whichever name it has.
   *
   * @param cause gets what could not be deleted as suppressed: the next opening does it
   */
  public void discard(Throwable cause) {
    closeQuietly(this, cause);
    deleteAll(cause);
  }

  private void deleteAll(Throwable cause) {
    for (String path : paths()) {
      Outputs.delete(storage, temporary(path), cause);
      Outputs.delete(storage, path, cause);
    }
  }

  private List<String> paths() {
    return List.of(target.logPath(keyspace), runs.runsPath(keyspace));
  }

  private static String temporary(String path) {
    return path + SegmentId.TEMPORARY_SUFFIX;
  }

  private static void closeQuietly(@Nullable Closeable closeable, Throwable cause) {
    if (closeable != null) {
      try {
        closeable.close();
      } catch (IOException e) {
        cause.addSuppressed(e);
      }
    }
  }

  /** Closes the files; the copy stays. Idempotent. */
  @Override
  public void close() throws IOException {
    try (runsFile) {
      writer.close();
    }
  }
}
