package dev.varve.store;

import dev.varve.store.compaction.CancelToken;
import dev.varve.store.compaction.CompactionCancelledException;
import dev.varve.store.compaction.ForegroundLatency;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;

/**
 * The threads and the clock a store runs on. Each executor must run its tasks one at a time and in
 * order; one executor may serve as the first three, as in a simulation that steps through tasks on
 * a single thread.
 */
public final class StoreRuntime implements AutoCloseable {
  /** How long a cancelled wait may go unnoticed. */
  private static final long CANCEL_CHECK_MS = 50;

  private final Executor writer;
  private final Executor syncer;
  private final Executor maintenance;
  private final Executor compactions;
  private final Executor copies;
  private final WallClock clock;
  private final LongSupplier monotonicNanos;
  private final List<ExecutorService> owned;
  private final Waiting waiting;
  private final Gathering gathering;
  private final List<ForegroundLatency> foregroundLatency;

  /**
   * @param writer appends, applies and completes futures; must never be blocked by others
   * @param syncer waits for syncs, so that the writer can gather the next group meanwhile
   * @param maintenance writes hints, adopts compactions, deletes retired files; may block long
   * @param monotonicNanos a clock that nobody sets, in nanoseconds: the wall clock is believed as
   *     far as it keeps step with it
   */
  public StoreRuntime(
      Executor writer,
      Executor syncer,
      Executor maintenance,
      WallClock clock,
      LongSupplier monotonicNanos) {
    this(
        writer,
        syncer,
        maintenance,
        StoreRuntime::refuseCompaction,
        Runnable::run,
        clock,
        monotonicNanos,
        List.of(),
        done -> {},
        Gathering.none(),
        List.of());
  }

  private StoreRuntime(
      Executor writer,
      Executor syncer,
      Executor maintenance,
      Executor compactions,
      Executor copies,
      WallClock clock,
      LongSupplier monotonicNanos,
      List<ExecutorService> owned,
      Waiting waiting,
      Gathering gathering,
      List<ForegroundLatency> foregroundLatency) {
    this.writer = writer;
    this.syncer = syncer;
    this.maintenance = maintenance;
    this.compactions = compactions;
    this.copies = copies;
    this.clock = clock;
    this.monotonicNanos = monotonicNanos;
    this.owned = owned;
    this.waiting = waiting;
    this.gathering = gathering;
    this.foregroundLatency = foregroundLatency;
  }

  /** Waits for a future on a thread that may block; a simulation runs other tasks meanwhile. */
  @FunctionalInterface
  public interface Waiting {
    /** Returns when the future is done, however it ended. */
    void until(CompletableFuture<?> done);
  }

  /** The same, but with another way to wait. */
  public StoreRuntime withWaiting(Waiting other) {
    return new StoreRuntime(
        writer,
        syncer,
        maintenance,
        compactions,
        copies,
        clock,
        monotonicNanos,
        owned,
        other,
        gathering,
        foregroundLatency);
  }

  /**
   * The same, with what tells how long operations take: compactions slow down while they take more
   * than a fifth longer than without, whatever their rate limit. {@link
   * dev.varve.store.compaction.RecentLatency} is one that a program tells of its own operations.
   *
   * @param kinds each is held against itself, and the one that suffers most decides
   */
  public StoreRuntime withForegroundLatency(ForegroundLatency... kinds) {
    return new StoreRuntime(
        writer,
        syncer,
        maintenance,
        compactions,
        copies,
        clock,
        monotonicNanos,
        owned,
        waiting,
        gathering,
        List.of(kinds));
  }

  /**
   * The same, with a thread for {@link Store#compactInBackground}: none of the other three, which a
   * compaction waits for, and one task at a time, in order.
   */
  public StoreRuntime withCompactions(Executor thread) {
    return new StoreRuntime(
        writer,
        syncer,
        maintenance,
        thread,
        copies,
        clock,
        monotonicNanos,
        owned,
        waiting,
        gathering,
        foregroundLatency);
  }

  /**
   * The same, with a thread that writes what a compaction has copied while that copies more;
   * without one the compaction's own thread does both. None of the others, one task at a time, in
   * order.
   */
  public StoreRuntime withCopies(Executor thread) {
    return new StoreRuntime(
        writer,
        syncer,
        maintenance,
        compactions,
        thread,
        clock,
        monotonicNanos,
        owned,
        waiting,
        gathering,
        foregroundLatency);
  }

  private static void refuseCompaction(Runnable task) {
    throw new RejectedExecutionException(
        "this runtime has no thread for compactions: StoreRuntime.withCompactions");
  }

  <T> T await(CompletableFuture<T> future) throws IOException {
    waiting.until(future);
    return Store.await(future);
  }

  /**
   * Waits as {@link #await(CompletableFuture)} does, but no longer than the token lets it.
   *
   * @throws CompactionCancelledException if the token stopped first
   */
  <T> T await(CompletableFuture<T> future, CancelToken token) throws IOException {
    waiting.until(future);
    boolean interrupted = false;
    while (!future.isDone()) {
      try {
        token.check();
        future.get(CANCEL_CHECK_MS, TimeUnit.MILLISECONDS);
      } catch (TimeoutException | ExecutionException e) {
        // Time to look at the token again, or done: Store.await says how, as for all others.
      } catch (InterruptedException e) {
        interrupted = true; // stopping is by the token; whoever owns the thread learns it below
      } catch (CompactionCancelledException e) {
        restoreInterrupt(interrupted);
        throw e;
      }
    }
    restoreInterrupt(interrupted);
    return Store.await(future);
  }

  private static void restoreInterrupt(boolean interrupted) {
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** Five threads of its own, named after {@code name}, and the system's clock. */
  public static StoreRuntime threads(String name) {
    ExecutorService writer = thread(name + "-writer");
    ExecutorService syncer = thread(name + "-sync");
    ExecutorService maintenance = thread(name + "-maintenance");
    ExecutorService compactions = thread(name + "-compaction"); // started when first needed
    ExecutorService copies = thread(name + "-copy"); // this one too
    return new StoreRuntime(
        new WriterThread(writer),
        syncer,
        maintenance,
        compactions,
        copies,
        System::currentTimeMillis,
        System::nanoTime,
        List.of(compactions, copies, writer, syncer, maintenance),
        done -> {},
        new Gathering(System::nanoTime, LockSupport::parkNanos),
        List.of());
  }

  private static ExecutorService thread(String name) {
    return Executors.newSingleThreadExecutor(Thread.ofPlatform().daemon().name(name).factory());
  }

  /** Where the log is written: one task at a time. */
  public Executor writer() {
    return writer;
  }

  /** Hands a task to the writer, of which this thread may do the work until {@code done}. */
  void executeOnWriter(Runnable task, BooleanSupplier done) {
    if (writer instanceof WriterThread here) {
      here.executeHere(task, done);
    } else {
      writer.execute(task);
    }
  }

  /** For the writer's tasks: whether one of them keeps a thread that has waited long enough. */
  boolean writerKeepsCaller() {
    return writer instanceof WriterThread here && here.keepsCaller();
  }

  /** Where files are synced: one task at a time, beside the writer. */
  public Executor syncer() {
    return syncer;
  }

  /** Where checkpoints, deletions and adoption run: one task at a time. */
  public Executor maintenance() {
    return maintenance;
  }

  /** Where compactions in the background run. */
  public Executor compactions() {
    return compactions;
  }

  /** Where what a compaction has copied is written. */
  Executor copies() {
    return copies;
  }

  /** The time of expiry and of retention. */
  public WallClock clock() {
    return clock;
  }

  Gathering gathering() {
    return gathering;
  }

  List<ForegroundLatency> foregroundLatency() {
    return foregroundLatency;
  }

  LongSupplier monotonicNanos() {
    return monotonicNanos;
  }

  /**
   * Ends the threads that {@link #threads} made, after their tasks; close the store first. Never
   * interrupts them.
   */
  @Override
  public void close() {
    for (ExecutorService service : owned) {
      service.shutdown();
    }
    boolean interrupted = false;
    for (ExecutorService service : owned) {
      boolean done = false;
      while (!done) {
        try {
          done = service.awaitTermination(1, TimeUnit.MINUTES);
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    }
    restoreInterrupt(interrupted);
  }
}
