package dev.varve.store;

import dev.varve.store.compaction.CancelToken;
import dev.varve.store.compaction.CompactionOptions;
import dev.varve.store.compaction.CompactionPlan;
import dev.varve.store.compaction.Strategy;
import dev.varve.store.format.LogRecord;
import dev.varve.store.manifest.Edit;
import dev.varve.store.manifest.KeyspaceType;
import dev.varve.store.manifest.Layout;
import dev.varve.store.recovery.CorruptionException;
import dev.varve.store.recovery.DirectoryMarks;
import dev.varve.store.recovery.DurableMark;
import dev.varve.store.storage.BoundedStorage;
import dev.varve.store.storage.DiskFullException;
import dev.varve.store.storage.MemoryStorage;
import dev.varve.store.storage.Storage;
import java.io.Closeable;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * One shard's store in one directory. Safe for any number of threads.
 *
 * <p>A store that was only opened follows: it serves reads of what is committed and takes entries
 * through {@link #log}. It accepts writes while {@link ShardLog#lead} says so; {@link
 * #openStandalone} does that for a store of its own.
 *
 * <p>After a failed sync or write the store is poisoned: reads of what was visible go on,
 * everything else fails with {@link StorePoisonedException} until the store is closed and opened
 * again.
 */
public final class Store implements AutoCloseable {
  private static final int EVENTS_MAX = 1000;

  private final StoreParts parts;
  private final AtomicReference<@Nullable CompletableFuture<Void>> closing =
      new AtomicReference<>();

  private Store(StoreParts parts) {
    this.parts = parts;
  }

  /**
   * Opens a directory, recovering it if it was not closed. An empty one becomes an empty store.
   *
   * @throws dev.varve.store.storage.StoreLockedException if somebody has it open
   * @throws InstallingException if it holds half an image
   * @throws CorruptionException if committed or durable data is damaged, or a repair was not
   *     finished; nothing was changed
   * @throws LayoutMismatchException if the directory was made with another layout than the options
   *     want; nothing was changed
   * @throws IllegalArgumentException if the options' layout is not one for this storage
   */
  public static Store open(StoreOptions options, Storage storage, StoreRuntime runtime)
      throws IOException {
    if (options.layout() != Layout.MEMORY) {
      return openIn(options, storage, runtime);
    }
    if (storage instanceof MemoryStorage memory) {
      return openIn(MemoryReclaim.fitted(options, memory), storage, runtime);
    }
    throw new IllegalArgumentException(
        "layout: MEMORY goes with a MemoryStorage, not " + storage.getClass().getSimpleName());
  }

  private static Store openIn(StoreOptions options, Storage storage, StoreRuntime runtime)
      throws IOException {
    Closeable lock = storage.lock(ImageInstaller.LOCK);
    try {
      try {
        return recover(options, storage, runtime, lock);
      } catch (DiskFullException e) {
        if (!new Ballast(storage, options).release()) {
          throw e;
        }
        return recover(options, storage, runtime, lock);
      }
    } catch (IOException | RuntimeException e) {
      close(List.of(lock), e);
      throw e;
    }
  }

  private static Store recover(
      StoreOptions options, Storage storage, StoreRuntime runtime, Closeable lock)
      throws IOException {
    if (storage.exists(ImageInstaller.MARKER)) {
      throw new InstallingException();
    }
    if (storage.exists(DirectoryMarks.REPAIRING)) {
      throw new CorruptionException(
          DirectoryMarks.REPAIRING, 0, "a repair was begun and not finished; repair it again");
    }
    List<Closeable> opened = new ArrayList<>();
    try {
      MeteredStorage metered = new MeteredStorage(bounded(options, storage));
      EventLog events = EventLog.open(metered, EVENTS_MAX);
      opened.add(events);
      DurableMark mark = DurableMark.open(metered);
      opened.add(mark);
      Opening.Parts recovered = Opening.open(metered, mark, options);
      return new Store(StoreParts.join(options, metered, runtime, recovered, mark, events, lock));
    } catch (IOException | RuntimeException e) {
      close(opened.reversed(), e);
      throw e;
    }
  }

  /** Files in memory take no descriptors, and what frees memory must know its storage. */
  private static Storage bounded(StoreOptions options, Storage storage) {
    return storage instanceof MemoryStorage
        ? storage
        : new BoundedStorage(storage, options.openFilesMax());
  }

  private static void close(List<Closeable> opened, Exception cause) {
    for (Closeable closeable : opened) {
      try {
        closeable.close();
      } catch (IOException suppressed) {
        cause.addSuppressed(suppressed);
      }
    }
  }

  /**
   * Opens a directory and leads the next term alone: what is durable here is committed. Returns
   * when writes are accepted and everything the directory held is visible.
   */
  public static Store openStandalone(StoreOptions options, Storage storage, StoreRuntime runtime)
      throws IOException {
    Store store = open(options, storage, runtime);
    try {
      ShardLog log = store.log();
      await(log.lead(log.state().last().term() + 1, LogListener.commitWhenDurable(log)));
      // The commit was handed to the writer before that completed; what it applies is visible once
      // the writer gets to a later task.
      CompletableFuture<Void> visible = new CompletableFuture<>();
      runtime.writer().execute(() -> visible.complete(null));
      runtime.await(visible);
      return store;
    } catch (IOException | RuntimeException e) {
      store.close();
      throw e;
    }
  }

  /** Waits, turning a failure into the exception it was. */
  static <T> T await(CompletableFuture<T> future) throws IOException {
    try {
      return future.join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof IOException cause) {
        throw cause;
      }
      throw e;
    }
  }

  /**
   * Writes a batch. Completes with its sequence when it is durable, committed and visible. Fails
   * with {@link InvalidWriteException}, {@link VersionMismatchException}, {@link
   * NotLeaderException}, {@link StoreFullException}, {@link RequestForgottenException} (nothing was
   * written), {@link OutcomeUnknownException}, {@link StorePoisonedException} or {@link
   * StoreClosedException}. The future completes on the store's writer: dependents must not block.
   */
  public CompletableFuture<Long> write(WriteBatch batch) {
    CompletableFuture<Long> done = new CompletableFuture<>();
    if (checked(batch, done)) {
      parts.writer().submit(new Operation.Write(batch, done));
    }
    return done;
  }

  /**
   * Writes a batch and waits until it is durable, committed and visible. Faster than waiting for
   * {@link #write} where few write at once: while nobody else keeps the store's writer busy, this
   * thread does its work, but for a virtual thread. Dependents of other writes' futures may then
   * run on it.
   *
   * @return the batch's sequence
   * @throws IOException what {@link #write} fails with; an interrupt is none of it, and stays
   *     pending
   */
  public long writeAndWait(WriteBatch batch) throws IOException {
    CompletableFuture<Long> done = new CompletableFuture<>();
    if (checked(batch, done)) {
      parts.writer().submitAndServe(new Operation.Write(batch, done));
    }
    return parts.runtime().await(done);
  }

  private boolean checked(WriteBatch batch, CompletableFuture<Long> done) {
    try {
      if (parts.published().state().leading()) {
        BatchCheck.check(batch, parts.keyspaces());
      }
      return true;
    } catch (InvalidWriteException e) {
      done.completeExceptionally(e);
      return false;
    }
  }

  /**
   * Has requests remembered from now on, for good: see {@link RequestId}. Until then the ids of
   * batches are passed over. A version that does not know requests can no longer open the directory
   * once this is committed, nor follow its log. Leader only; completes when it is committed, at
   * once if it is already.
   */
  public CompletableFuture<Void> rememberRequests() {
    CompletableFuture<Long> done = new CompletableFuture<>();
    parts.writer().submit(new Operation.RememberRequests(done));
    return done.thenAccept(sequence -> {});
  }

  /** Whether requests are remembered, by what is committed here. */
  public boolean remembersRequests() {
    return parts.horizons().committed() > 0;
  }

  /**
   * The newest committed value of a key; null when it has none or it has expired. Takes no lock.
   *
   * @throws InvalidWriteException if there is no such keyspace, or it is a stream
   * @throws dev.varve.store.segment.CorruptRecordException if the record is damaged
   */
  public @Nullable Versioned get(String keyspace, byte[] key) throws IOException {
    LogRecord record;
    try {
      record = keyValue(keyspace).find(key);
    } catch (IllegalStateException e) {
      if (closing.get() != null) {
        throw new StoreClosedException(); // the index went while this was reading
      }
      throw e;
    }
    if (record == null || Visibility.hidden(record, parts.runtime().clock().nowMs())) {
      return null;
    }
    return new Versioned(record.value(), record.sequence(), record.expiresAtMs());
  }

  /** All entries whose keys begin with a prefix, as of what is committed now. Close it. */
  public Scan scan(String keyspace, byte[] prefix, boolean keysOnly) throws IOException {
    Keyspace scanned = keyValue(keyspace);
    Applied applied = parts.applied();
    applied.lock().lock();
    try {
      Snapshot snapshot =
          scanned.snapshots().open(applied.sequence(), scanned.keydir().partitions());
      return new SnapshotScan(scanned, snapshot, prefix.clone(), keysOnly, parts.runtime().clock());
    } finally {
      applied.lock().unlock();
    }
  }

  /**
   * Reads the changes of a keyspace that follow a sequence, batch by batch, and goes on with what
   * is committed later. Nothing is left out and nothing told twice: where changes may be gone, it
   * says so ({@link ChangesGoneException}). Close it.
   *
   * @param prefix changes of keys that begin otherwise are passed over
   * @param afterSequence 0 for all, or the {@link ChangeReader#position} of a reader of this
   *     keyspace on any member of the shard
   * @throws IllegalArgumentException if that is negative or not committed here
   * @throws InvalidWriteException if there is no such keyspace, or it is a stream
   */
  public ChangeReader changes(String keyspace, byte[] prefix, long afterSequence)
      throws StoreException {
    return parts.changes().read(keyValue(keyspace), prefix, afterSequence);
  }

  /**
   * A stream, to append to, read and trim.
   *
   * @throws InvalidWriteException if there is no such keyspace, or it is no stream
   */
  public EventStream stream(String name) throws StoreException {
    Keyspace stream = keyspace(name);
    stream.require(KeyspaceType.STREAM, "stream");
    return new EventStream(stream, parts.writer(), parts.cutOffs(), parts.applied(), parts.times());
  }

  /**
   * Hides what the retention limits of the options no longer keep, and returns a decision for each
   * keyspace that has any. Leader only; to be called once in a while, on a thread that may block:
   * on return what was decided is committed. Nothing is removed before a compaction.
   *
   * <p>Limits by age go by a clock that is only believed while it runs evenly ({@link
   * dev.varve.store.retention.TrustedClock}); what was not hidden for that reason is at a later
   * call.
   *
   * @throws NotLeaderException if nothing was decided since this store does not lead
   * @throws OutcomeUnknownException if the last decision may or may not happen
   */
  public List<RetentionDecision> retain() throws IOException {
    return parts.retention().run();
  }

  /**
   * Shift would leave a hole at a stream's beginning that no cut-off tells of: that is a trim's.
   */
  private void compacted(CompactionOptions options) throws StoreException {
    Keyspace keyspace = keyspace(options.keyspace());
    if (options.strategy() == Strategy.SHIFT) {
      keyspace.require(KeyspaceType.KEY_VALUE, "strategy Shift");
    }
  }

  StoreParts parts() {
    return parts;
  }

  private Keyspace keyValue(String name) throws StoreException {
    Keyspace keyspace = keyspace(name);
    keyspace.require(KeyspaceType.KEY_VALUE, "keyspace");
    return keyspace;
  }

  private Keyspace keyspace(String name) throws StoreException {
    if (closing.get() != null) {
      throw new StoreClosedException();
    }
    Keyspace keyspace = parts.keyspaces().get(name);
    if (keyspace == null) {
      throw InvalidWriteException.unknownKeyspace("keyspace", name);
    }
    return keyspace;
  }

  /**
   * Makes a durable recovery point; retired segments go with it. Leader only. Completes when the
   * checkpoint is committed; their files are deleted soon after, when nobody reads them.
   */
  public CompletableFuture<CheckpointResult> checkpoint() {
    return parts
        .ballast()
        .relieve(
            () -> {
              CompletableFuture<Long> done = new CompletableFuture<>();
              parts.writer().submit(new Operation.Propose(new Edit.Checkpoint(), done));
              return done;
            })
        .thenApply(parts.retirement()::result);
  }

  /** What a compaction would do and why, without doing it. */
  public CompactionPlan plan(CompactionOptions options) throws IOException {
    compacted(options);
    return parts.plans().plan(options);
  }

  /**
   * Compacts a keyspace on the calling thread and returns how that ended; the same call again (by
   * run id and keyspace) returns the first one's end. Leader only. A store in memory has nothing to
   * compact: it answers SKIPPED with reason {@link CompactionPlan#MEMORY_LAYOUT}.
   *
   * <p>A run ends early, rolled back, with reason {@code NotPrimary} when this store stops leading,
   * {@code StaleTerm} when it leads another term by then, and {@code ShuttingDown} when it closes.
   * Closing does not wait for it: a caller who lets others at the directory waits for its own runs.
   *
   * @param progress told of the start, of progress, and of the end
   * @throws NotLeaderException before anything began
   * @throws CompactionBusyException if a run of this keyspace is under way; nothing began
   */
  public CompactionEvent compact(
      CompactionRequest request, CompactionListener progress, CancelToken cancel)
      throws IOException {
    compacted(request.options());
    return parts.compactor().compact(request, progress, cancel);
  }

  /**
   * Compacts keyspaces on the runtime's thread for compactions, beside reads and writes, and
   * returns at once; one such call's turn comes after another's. Leader only. Cancelling and the
   * timeout roll back: of a run that has not reached its commit point nothing remains. Closing the
   * store cancels it and waits for it.
   *
   * @param listener told of each keyspace's start, progress and end (files, space saved, duration),
   *     on the thread that compacts
   * @throws InvalidWriteException if there is no such keyspace, or a stream is to be shifted
   * @throws java.util.concurrent.RejectedExecutionException if the runtime has no such thread
   */
  public HotSwap compactInBackground(HotSwapOptions options, CompactionListener listener)
      throws StoreException {
    for (CompactionOptions keyspace : options.keyspaces()) {
      compacted(keyspace);
    }
    return parts.hotSwaps().start(options, listener);
  }

  /** The last compaction events of this member, newest first, at most 1000. */
  public List<CompactionEvent> events(int last) {
    return parts.events().last(last);
  }

  /** How far the compactions are that are under way here: the latest event of each. */
  public List<CompactionEvent> running() {
    return parts.compactor().running();
  }

  /** How the records lie; known once the store has led, where the directory is new. */
  public Layout layout() {
    return parts.layout();
  }

  /**
   * What the store holds and does, of one moment for each part but not for all of them. Reads no
   * file.
   */
  public StoreStatus status() {
    return parts.status();
  }

  /** The shard's log, for replication. */
  public ShardLog log() {
    return parts.log();
  }

  /** {@link #closeAsync} and waits for it. */
  @Override
  public void close() throws IOException {
    await(closeAsync());
  }

  /**
   * Closes the store: rolls back compactions in the background, tells those on other threads to
   * stop, waits for the group under way, notes what is durable and lets the directory go. What
   * waits for a commit fails with {@link OutcomeUnknownException}. Idempotent.
   */
  public CompletableFuture<Void> closeAsync() {
    CompletableFuture<Void> done = new CompletableFuture<>();
    CompletableFuture<Void> earlier = closing.compareAndExchange(null, done);
    if (earlier != null) {
      return earlier;
    }
    parts.close(done);
    return done;
  }
}
