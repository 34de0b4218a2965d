package dev.varve.store.compaction;

import dev.varve.store.format.Crc32c;
import dev.varve.store.format.RecordKind;
import dev.varve.store.format.RunListWriter;
import dev.varve.store.format.SegmentId;
import dev.varve.store.format.TemporaryFolder;
import dev.varve.store.keydir.Hash;
import dev.varve.store.manifest.Edit;
import dev.varve.store.segment.CorruptRecordException;
import dev.varve.store.segment.FileChecksum;
import dev.varve.store.segment.ScanEnd;
import dev.varve.store.segment.SegmentScanner;
import dev.varve.store.storage.Storage;
import dev.varve.store.storage.StorageFile;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Copies the live records of sealed segments into new ones, with hints, and writes down as a run
 * list what it copied from where. One object a run.
 *
 * <p>Phases: {@link #rewrite} reads the inputs and writes temporary files; everything is synced on
 * its return. {@link #install} gives the files their names, durably. Neither changes what the store
 * is: that is the manifest's, and until its edit is durable {@link #discard} leaves the directory
 * as it was. After an exception from {@code rewrite} or {@code install} the files are already
 * discarded.
 *
 * <p>Memory is bounded by the scanner's buffer and two of the same size for output, whatever the
 * segments' sizes (pitfall 16).
 */
public final class SegmentRewriter {

  /** Whether the keydir points at exactly this record of the input with this index. */
  @FunctionalInterface
  public interface Liveness {
    /** Asked once for every record, in the inputs' order. */
    boolean isLive(int source, long hash, long offset, int length, boolean tombstone);

    /** Whether the hash is looked at; otherwise it may be 0. */
    default boolean needsHash() {
      return true;
    }
  }

  /** Told how far the run is. */
  @FunctionalInterface
  public interface Progress {
    /** Called about once every 256 KiB with bytes read so far and in all. */
    void read(long bytes, long totalBytes);
  }

  /** One input. */
  public record Source(SegmentId id, StorageFile file, long length) {}

  /**
   * What a run made.
   *
   * @param outputs the new segments in order; empty if nothing was live
   * @param runs names the run list's file
   * @param runsLength its bytes
   * @param runsCrc CRC32C of the whole file
   * @param recordsScanned records read
   * @param recordsDropped those of them that were not copied
   * @param bytesCopied bytes of those that were
   * @param droppedUpTo the highest sequence of one that was not copied, requests left out; 0: all
   *     were
   */
  public record Result(
      List<OutputSegment> outputs,
      SegmentId runs,
      long runsLength,
      int runsCrc,
      long recordsScanned,
      long recordsDropped,
      long bytesCopied,
      long droppedUpTo) {

    /** The outputs as an edit names them. */
    public List<Edit.SegmentFile> files() {
      return outputs.stream()
          .map(output -> new Edit.SegmentFile(output.id(), output.length(), output.crc()))
          .toList();
    }
  }

  private static final long PROGRESS_BYTES = 256 << 10;

  private final Storage storage;
  private final String keyspace;
  private final long segmentBytesMax;
  private final Supplier<SegmentId> ids;
  private final RateLimiter limiter;
  private final CancelToken token;
  private final Progress progress;
  private final long runListBytesMax;
  private final Outputs outputs;

  private long recordsScanned;
  private long recordsDropped;
  private long droppedUpTo;
  private long bytesCopied;
  private long bytesRead;
  private boolean dropsAll;

  /**
   * @param segmentBytesMax an output is sealed before it would grow beyond this
   * @param ids gives names never used before
   * @param folder where files are written until {@link #install}
   * @param runListBytesMax the run list is not longer
   * @param writer writes what was copied, while more is; the caller's own thread will do
   */
  public SegmentRewriter(
      Storage storage,
      String keyspace,
      long segmentBytesMax,
      Supplier<SegmentId> ids,
      TemporaryFolder folder,
      RateLimiter limiter,
      CancelToken token,
      Progress progress,
      long runListBytesMax,
      Executor writer) {
    this.runListBytesMax = runListBytesMax;
    this.storage = storage;
    this.keyspace = keyspace;
    this.segmentBytesMax = segmentBytesMax;
    this.ids = ids;
    this.limiter = limiter;
    this.token = token;
    this.progress = progress;
    this.outputs = new Outputs(storage, keyspace, folder, writer);
  }

  /**
   * Copies what is live.
   *
   * @param droppableBelow tombstones and expired records of a lower sequence are not copied, since
   *     no segment outside the inputs can hold anything they hide; {@link
   *     CompactionPlanner#lowestOutside}
   * @param nowMs records that expired at or before this count as expired
   * @throws CorruptRecordException if an input is damaged: nothing of it is skipped
   * @throws RunListTooLongException if the run list would be longer than it may be
   * @throws CompactionCancelledException if the token stopped the run
   * @throws dev.varve.store.storage.DiskFullException if the disk is full
   */
  public Result rewrite(List<Source> sources, Liveness liveness, long droppableBelow, long nowMs)
      throws IOException {
    return rewrite(sources, liveness, droppableBelow, nowMs, 0);
  }

  /**
   * {@link #rewrite(List, Liveness, long, long)} of a store that remembers requests.
   *
   * @param requestHorizon requests of a higher sequence are copied, although they have expired
   */
  public Result rewrite(
      List<Source> sources, Liveness liveness, long droppableBelow, long nowMs, long requestHorizon)
      throws IOException {
    try {
      SegmentId runs = ids.get();
      String runsPath = runs.runsPath(keyspace);
      try (StorageFile file = outputs.createTemporary(runsPath)) {
        RunListWriter list =
            new RunListWriter(file, runs, sources.stream().map(Source::id).toList());
        long total = sources.stream().mapToLong(Source::length).sum();
        for (int i = 0; i < sources.size(); i++) {
          copy(i, sources.get(i), list, liveness, droppableBelow, nowMs, requestHorizon, total);
        }
        if (outputs.isOpen()) {
          outputs.seal();
        }
        List<OutputSegment> made = outputs.sealed();
        int crc = 0;
        for (OutputSegment output : made) {
          crc = Crc32c.combine(crc, output.crc(), output.length());
        }
        list.finish(bytesCopied, crc);
        file.sync();
        token.check();
        return new Result(
            made,
            runs,
            file.size(),
            FileChecksum.of(file, file.size()),
            recordsScanned,
            recordsDropped,
            bytesCopied,
            droppedUpTo);
      }
    } catch (IOException | RuntimeException e) {
      outputs.discard(e);
      throw e;
    }
  }

  /**
   * Copies nothing and writes down every live record as dropped: the data is lost when the edit
   * commits. Otherwise like {@link #rewrite}.
   */
  public Result drop(List<Source> sources, Liveness liveness) throws IOException {
    dropsAll = true;
    return rewrite(sources, liveness, Long.MAX_VALUE, 0);
  }

  /** Gives the files their names, durable on return. */
  public void install() throws IOException {
    try {
      outputs.install();
    } catch (IOException | RuntimeException e) {
      outputs.discard(e);
      throw e;
    }
  }

  private void copy(
      int index,
      Source source,
      RunListWriter list,
      Liveness liveness,
      long droppableBelow,
      long nowMs,
      long requestHorizon,
      long total)
      throws IOException {
    String path = source.id().logPath(keyspace);
    SegmentScanner scanner = SegmentScanner.offHeap(source.file(), path, 0, source.length());
    long accounted = 0;
    boolean hashes = liveness.needsHash();
    while (scanner.next()) {
      recordsScanned++;
      if (scanner.offset() - accounted >= PROGRESS_BYTES) {
        account(scanner.offset() - accounted, total);
        accounted = scanner.offset();
      }
      boolean tombstone = !scanner.kind().isPut();
      long hash = hashes ? hash(scanner) : 0;
      if (!liveness.isLive(index, hash, scanner.offset(), scanner.length(), tombstone)) {
        dropped(scanner);
      } else if (dropsAll
          || (scanner.sequence() < droppableBelow && hidesOnly(scanner, nowMs, requestHorizon))) {
        dropped(scanner);
        list.dropped(index, scanner.offset(), scanner.length(), tombstone, hash(scanner));
      } else {
        keep(index, scanner, list);
      }
      if (list.lengthMost(index + 1) > runListBytesMax) {
        throw new RunListTooLongException(path, index, runListBytesMax);
      }
    }
    if (scanner.end().reason() != ScanEnd.Reason.END) {
      throw new CorruptRecordException(path, scanner.end().offset(), scanner.end().detail());
    }
    account(source.length() - accounted, total);
  }

  private void dropped(SegmentScanner scanner) {
    recordsDropped++;
    if (scanner.kind() != RecordKind.REQUEST) {
      droppedUpTo = Math.max(droppedUpTo, scanner.sequence()); // a request is no change to watch
    }
  }

  private static long hash(SegmentScanner scanner) {
    return Hash.of(scanner.kind(), scanner.buffer(), scanner.keyPosition(), scanner.keyLength());
  }

  /** Whether the scanner's record is there only to hide older ones of its key. */
  static boolean hidesOnly(SegmentScanner scanner, long nowMs, long requestHorizon) {
    boolean expired = scanner.expiresAtMs() != 0 && scanner.expiresAtMs() <= nowMs;
    return switch (scanner.kind()) {
      case PUT -> expired;
      case TOMBSTONE -> true;
      case REQUEST -> expired && scanner.sequence() <= requestHorizon;
      case EDIT -> false;
    };
  }

  private void keep(int index, SegmentScanner scanner, RunListWriter list) throws IOException {
    if (outputs.isOpen() && outputs.length() + scanner.length() > segmentBytesMax) {
      outputs.seal();
    }
    if (!outputs.isOpen()) {
      outputs.begin(ids.get());
    }
    outputs.appendRecord(scanner.buffer(), scanner.position(), scanner.length());
    list.run(index, scanner.offset(), scanner.length());
    bytesCopied += scanner.length();
  }

  private void account(long bytes, long total) throws CompactionCancelledException {
    bytesRead += bytes;
    limiter.acquire(bytes, token);
    progress.read(bytesRead, total);
  }

  /**
   * Deletes what the run made, for when the commit point was not reached after {@link #install}.
   *
   * @param cause gets what could not be deleted as suppressed
   */
  public void discard(@Nullable Result result, Throwable cause) {
    outputs.discard(cause);
    if (result != null) {
      for (OutputSegment output : result.outputs()) {
        Outputs.delete(storage, output.id().logPath(keyspace), cause);
        Outputs.delete(storage, output.id().hintPath(keyspace), cause);
      }
      Outputs.delete(storage, result.runs().runsPath(keyspace), cause);
    }
  }
}
