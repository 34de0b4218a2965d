package dev.varve.store;

import dev.varve.store.compaction.CancelToken;
import dev.varve.store.compaction.OutputSegment;
import dev.varve.store.compaction.RateLimiter;
import dev.varve.store.compaction.RebuildMismatchException;
import dev.varve.store.compaction.Relocations;
import dev.varve.store.compaction.SegmentRebuilder;
import dev.varve.store.format.HintDamagedException;
import dev.varve.store.format.HintReader;
import dev.varve.store.format.RunListDamagedException;
import dev.varve.store.format.RunListReader;
import dev.varve.store.format.SegmentId;
import dev.varve.store.keydir.Location;
import dev.varve.store.manifest.Edit;
import dev.varve.store.recovery.HintFiles;
import dev.varve.store.segment.CorruptRecordException;
import dev.varve.store.segment.FileChecksum;
import dev.varve.store.segment.SegmentReader;
import dev.varve.store.storage.DiskFullException;
import dev.varve.store.storage.Storage;
import dev.varve.store.storage.StorageFile;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Takes over committed compactions, in the order of their edits: gets the outputs, moves the index
 * to them and retires the inputs. The same on the primary that compacted (its outputs are there
 * already), on replicas, and after a restart. Runs on the maintenance executor; a failure leaves
 * the compaction at the head of the queue.
 */
final class Adoption {
  private static final System.Logger LOG = System.getLogger(Adoption.class.getName());

  private final Storage storage;
  private final Keyspaces keyspaces;
  private final Applied applied;
  private final Retirement retirement;
  private final CutOffSweep sweep;
  private final Ballast ballast;
  private final ArrayDeque<Queued> queue = new ArrayDeque<>();
  private volatile @Nullable SegmentFetcher fetcher;
  private boolean closed;

  private record Queued(
      long sequence, Edit.Compaction edit, boolean swap, CompletableFuture<Void> done) {}

  Adoption(
      Storage storage,
      Keyspaces keyspaces,
      Applied applied,
      Retirement retirement,
      CutOffSweep sweep,
      Ballast ballast) {
    this.storage = storage;
    this.ballast = ballast;
    this.keyspaces = keyspaces;
    this.applied = applied;
    this.retirement = retirement;
    this.sweep = sweep;
  }

  void fetchWith(SegmentFetcher with) {
    fetcher = with;
  }

  @Nullable SegmentFetcher fetcher() {
    return fetcher;
  }

  /**
   * Takes the next compaction.
   *
   * @param swap whether it is a single file's, whose output is active already
   */
  void enqueue(long sequence, Edit.Compaction edit, boolean swap) {
    synchronized (queue) {
      queue.add(new Queued(sequence, edit, swap, new CompletableFuture<>()));
    }
  }

  int backlog() {
    synchronized (queue) {
      return queue.size();
    }
  }

  /** The sequence of the first compaction not adopted yet; {@link Long#MAX_VALUE}: all are. */
  long firstQueued() {
    synchronized (queue) {
      return queue.isEmpty() ? Long.MAX_VALUE : queue.getFirst().sequence();
    }
  }

  /** What is not adopted yet, in order. */
  List<Edit.Compaction> queued() {
    synchronized (queue) {
      return queue.stream().map(Queued::edit).toList();
    }
  }

  /** Completes when nothing that is queued now is left; fails when one of it fails. */
  CompletableFuture<Void> whenIdle() {
    synchronized (queue) {
      if (closed && !queue.isEmpty()) {
        return CompletableFuture.failedFuture(new StoreClosedException());
      }
      return CompletableFuture.allOf(
          queue.stream().map(Queued::done).toArray(CompletableFuture<?>[]::new));
    }
  }

  /** Nothing is adopted any more: tells those who wait. The next opening queues it again. */
  void close() {
    List<Queued> left;
    synchronized (queue) {
      closed = true;
      left = List.copyOf(queue);
    }
    left.forEach(queued -> queued.done().completeExceptionally(new StoreClosedException()));
  }

  /** Adopts what is queued. */
  void runQueued() throws IOException {
    Queued next = head();
    while (next != null) {
      try {
        adopt(next);
      } catch (IOException | RuntimeException e) {
        failHead(e);
        throw e;
      }
      synchronized (queue) {
        queue.remove();
      }
      next.done().complete(null);
      next = head();
    }
  }

  /** On a full disk a second time without the ballast: what is adopted lets its inputs go. */
  private void adopt(Queued next) throws IOException {
    try {
      adoptOnce(next);
    } catch (DiskFullException e) {
      if (!ballast.release()) {
        throw e;
      }
      adoptOnce(next);
    }
  }

  private void adoptOnce(Queued next) throws IOException {
    if (next.swap()) {
      adoptSwap(next.sequence(), next.edit());
    } else {
      adopt(next.sequence(), next.edit());
    }
  }

  private @Nullable Queued head() {
    synchronized (queue) {
      return queue.peek();
    }
  }

  /** Tells those who wait, and keeps the compaction for another try. */
  private void failHead(Exception cause) {
    Queued failed;
    synchronized (queue) {
      failed = queue.remove();
      queue.addFirst(
          new Queued(failed.sequence(), failed.edit(), failed.swap(), new CompletableFuture<>()));
    }
    failed.done().completeExceptionally(cause);
  }

  private void adopt(long sequence, Edit.Compaction edit) throws IOException {
    Keyspace keyspace = keyspaces.existing(edit.keyspace());
    List<LiveSegment> inputs = inputs(keyspace, edit);
    // Of what is cut off the run list does not tell: it was no longer in the primary's index.
    sweep.sweep(keyspace);
    if (!outputsAreHere(edit)) {
      obtain(keyspace, edit, inputs);
    }
    List<LiveSegment> outputs = open(keyspace, edit);
    move(keyspace, edit, inputs, outputs); // after a failure another try goes on with the rest
    finish(keyspace, edit, swap(sequence, keyspace, edit, inputs, outputs));
  }

  /** The closed file is in the table alone, the opened one in its place and appended to. */
  private void adoptSwap(long sequence, Edit.Compaction edit) throws IOException {
    Keyspace keyspace = keyspaces.existing(edit.keyspace());
    Edit.SegmentFile copied = edit.outputs().getFirst();
    LiveSegment closed = known(keyspace, edit.inputs().getFirst());
    LiveSegment opened = known(keyspace, copied.id());
    if (closed == null || opened == null) {
      throw new NoSuchFileException(edit.inputs().getFirst().logPath(edit.keyspace()));
    }
    move(keyspace, edit, List.of(closed), copied.length() == 0 ? List.of() : List.of(opened));
    Retirement.Batch going;
    applied.lock().lock();
    try {
      opened.unswept();
      going =
          retirement.retire(
              new Retirement.Inputs(
                  sequence,
                  keyspace,
                  List.of(closed),
                  List.of(),
                  edit.runs(),
                  edit.forceDelete(),
                  true));
    } finally {
      applied.lock().unlock();
    }
    finish(keyspace, edit, going);
  }

  private void finish(Keyspace keyspace, Edit.Compaction edit, Retirement.@Nullable Batch going) {
    try {
      sweep.sweep(keyspace); // what was cut off while the run copied it
    } catch (IOException e) {
      LOG.log(System.Logger.Level.WARNING, "could not sweep the outputs of " + edit.runId(), e);
    }
    if (going != null) {
      try {
        retirement.delete(going);
      } catch (IOException e) {
        LOG.log(System.Logger.Level.WARNING, "could not delete the inputs of " + edit.runId(), e);
      }
    }
  }

  private List<LiveSegment> inputs(Keyspace keyspace, Edit.Compaction edit) throws IOException {
    List<LiveSegment> inputs = new ArrayList<>();
    applied.lock().lock();
    try {
      for (SegmentId id : edit.inputs()) {
        LiveSegment input = keyspace.segment(id);
        if (input == null) {
          throw new NoSuchFileException(id.logPath(edit.keyspace()));
        }
        inputs.add(input);
      }
    } finally {
      applied.lock().unlock();
    }
    return inputs;
  }

  private boolean outputsAreHere(Edit.Compaction edit) throws IOException {
    for (Edit.SegmentFile output : edit.outputs()) {
      String path = output.id().logPath(edit.keyspace());
      if (!storage.exists(path)) {
        return false;
      }
      try (StorageFile file = storage.open(path)) {
        if (file.size() != output.length()) {
          return false;
        }
      }
    }
    return true;
  }

  /** Rebuilds the outputs from this member's inputs, or fetches them where that does not work. */
  private void obtain(Keyspace keyspace, Edit.Compaction edit, List<LiveSegment> inputs)
      throws IOException {
    String path = edit.runs().runsPath(keyspace.name());
    List<OutputSegment> wanted =
        edit.outputs().stream()
            .map(output -> new OutputSegment(output.id(), output.length(), output.crc()))
            .toList();
    try (StorageFile file = storage.open(path)) {
      RunListReader runs = new RunListReader(file, path);
      SegmentRebuilder rebuilder =
          new SegmentRebuilder(
              storage, keyspace.name(), RateLimiter.unlimited(), CancelToken.unbounded());
      rebuilder.rebuild(runs, files(runs, inputs), wanted);
      rebuilder.install();
    } catch (RebuildMismatchException
        | CorruptRecordException
        | RunListDamagedException
        | NoSuchFileException e) {
      if (e instanceof CorruptRecordException met) {
        keyspaces.damaged().note(met);
      }
      fetch(keyspace, edit, e);
    }
  }

  private static List<StorageFile> files(RunListReader runs, List<LiveSegment> inputs)
      throws IOException {
    List<StorageFile> files = new ArrayList<>();
    for (SegmentId source : runs.sources()) {
      files.add(input(inputs, source).reader().file());
    }
    return files;
  }

  private static LiveSegment input(List<LiveSegment> inputs, SegmentId id) throws IOException {
    for (LiveSegment input : inputs) {
      if (input.id().equals(id)) {
        return input;
      }
    }
    throw new IOException("the run list names " + id + ", which is no input");
  }

  private void fetch(Keyspace keyspace, Edit.Compaction edit, IOException why) throws IOException {
    SegmentFetcher from = fetcher;
    if (from == null) {
      throw why;
    }
    String runs = edit.runs().runsPath(keyspace.name());
    fetchFile(from, runs, edit.runsLength(), edit.runsCrc());
    for (Edit.SegmentFile output : edit.outputs()) {
      fetchFile(from, output.id().logPath(keyspace.name()), output.length(), output.crc());
    }
    storage.syncDirectory(keyspace.name());
  }

  /**
   * Gets a file from another member, and puts it in its place once it is what it should be and
   * synced; its directory is not.
   *
   * @throws IOException if nobody could give it; nothing has changed then
   */
  void fetchFile(SegmentFetcher from, String path, long length, int crc) throws IOException {
    String temporary = path + SegmentId.TEMPORARY_SUFFIX;
    if (storage.exists(temporary)) {
      storage.delete(temporary);
    }
    try {
      try (StorageFile file = storage.create(temporary)) {
        from.fetch(path, length, crc, file);
        if (file.size() != length || FileChecksum.of(file, length) != crc) {
          throw new IOException(path + " arrived with another length or checksum");
        }
        file.sync();
      }
      storage.rename(temporary, path);
    } catch (IOException | RuntimeException e) {
      if (storage.exists(temporary)) {
        storage.delete(temporary);
      }
      throw e;
    }
  }

  private List<LiveSegment> open(Keyspace keyspace, Edit.Compaction edit) throws IOException {
    List<LiveSegment> outputs = new ArrayList<>();
    for (Edit.SegmentFile output : edit.outputs()) {
      LiveSegment known = known(keyspace, output.id());
      if (known == null) {
        String path = output.id().logPath(keyspace.name());
        known =
            keyspace.table().add(output.id(), () -> new SegmentReader(storage.open(path), path));
        known.seal(output.length());
      }
      outputs.add(known);
    }
    return outputs;
  }

  /** An output that an earlier try has opened. */
  private static @Nullable LiveSegment known(Keyspace keyspace, SegmentId id) {
    for (LiveSegment segment : keyspace.table().all()) {
      if (segment.id().equals(id)) {
        return segment;
      }
    }
    return null;
  }

  private void move(
      Keyspace keyspace, Edit.Compaction edit, List<LiveSegment> inputs, List<LiveSegment> outputs)
      throws IOException {
    List<StorageFile> open = new ArrayList<>();
    try {
      List<HintReader> hints = new ArrayList<>();
      for (int i = 0; i < outputs.size(); i++) {
        hints.add(openHint(keyspace, edit.outputs().get(i), outputs.get(i), open));
      }
      boolean[] tombstones = moved(keyspace, edit, inputs, outputs, hints);
      for (int i = 0; i < outputs.size(); i++) {
        HintReader hint = hints.get(i);
        if (!outputs.get(i).sealed()) {
          continue; // a single file: what was copied to it was noted when it became active
        }
        outputs.get(i).noteAll(hint.minSequence(), hint.maxSequence(), tombstones[i]);
      }
    } finally {
      for (StorageFile hint : open) {
        hint.close();
      }
    }
  }

  /**
   * By the run list; without a whole one by what is in the files. To leave it would bring back what
   * {@code Shift} dropped, and hold up every later adoption.
   *
   * @return which outputs have tombstones
   */
  private boolean[] moved(
      Keyspace keyspace,
      Edit.Compaction edit,
      List<LiveSegment> inputs,
      List<LiveSegment> outputs,
      List<HintReader> hints)
      throws IOException {
    String path = edit.runs().runsPath(keyspace.name());
    if (storage.exists(path)) {
      try (StorageFile file = storage.open(path)) {
        RunListReader runs = new RunListReader(file, path); // verified whole before its first item
        List<LiveSegment> sources = new ArrayList<>();
        for (SegmentId source : runs.sources()) {
          sources.add(input(inputs, source));
        }
        Mover mover = new Mover(keyspace, sources, outputs);
        Relocations.read(runs, hints, mover);
        return mover.tombstones;
      } catch (RunListDamagedException e) {
        LOG.log(System.Logger.Level.WARNING, "goes by the segments of " + edit.runId(), e);
      }
    }
    return new UnlistedMove(storage, keyspace, inputs).to(outputs, hints);
  }

  private HintReader openHint(
      Keyspace keyspace, Edit.SegmentFile sealed, LiveSegment segment, List<StorageFile> open)
      throws IOException {
    String path = sealed.id().hintPath(keyspace.name());
    if (storage.exists(path)) {
      StorageFile file = storage.open(path);
      open.add(file);
      try {
        HintReader hint = new HintReader(file, path);
        if (hint.segmentLength() == sealed.length() && hint.segmentCrc() == sealed.crc()) {
          return hint;
        }
      } catch (HintDamagedException e) {
        storage.delete(path); // written again from the segment below
      }
    }
    HintFiles.write(storage, keyspace.name(), sealed, segment.reader().file());
    StorageFile file = storage.open(path);
    open.add(file);
    return new HintReader(file, path);
  }

  private static final class Mover implements Relocations.Visitor {
    private final Keyspace keyspace;
    private final List<LiveSegment> sources;
    private final List<LiveSegment> outputs;
    private final boolean[] tombstones;

    Mover(Keyspace keyspace, List<LiveSegment> sources, List<LiveSegment> outputs) {
      this.keyspace = keyspace;
      this.sources = sources;
      this.outputs = outputs;
      this.tombstones = new boolean[outputs.size()];
    }

    @Override
    public void moved(
        long hash,
        int source,
        long sourceOffset,
        int output,
        long outputOffset,
        int length,
        boolean tombstone,
        long expiresAtMs) {
      tombstones[output] |= tombstone && expiresAtMs == 0; // with an expiry it is a request
      keyspace.move(
          hash,
          new Location(sources.get(source).slot(), sourceOffset, length, tombstone),
          new Location(outputs.get(output).slot(), outputOffset, length, tombstone),
          expiresAtMs);
    }

    @Override
    public void dropped(long hash, int source, long offset, int length, boolean tombstone) {
      keyspace.drop(hash, new Location(sources.get(source).slot(), offset, length, tombstone));
    }
  }

  private Retirement.@Nullable Batch swap(
      long sequence,
      Keyspace keyspace,
      Edit.Compaction edit,
      List<LiveSegment> inputs,
      List<LiveSegment> outputs) {
    applied.lock().lock();
    try {
      List<LiveSegment> segments = keyspace.segments();
      int at = inputs.isEmpty() ? segments.size() : segments.indexOf(inputs.getFirst());
      segments.addAll(at, outputs);
      segments.removeAll(inputs);
      return retirement.retire(
          new Retirement.Inputs(
              sequence, keyspace, inputs, List.of(), edit.runs(), edit.forceDelete(), false));
    } finally {
      applied.lock().unlock();
    }
  }
}
