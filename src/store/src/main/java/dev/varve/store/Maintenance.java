package dev.varve.store;

import dev.varve.store.manifest.Edit;
import dev.varve.store.recovery.HintFiles;
import dev.varve.store.storage.Storage;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * What committed edits set off, done in order on the maintenance executor: hints of sealed
 * segments, adoption of compactions, deletion of retired segments. Failures are logged; what they
 * leave undone is done later, after the next open at the latest.
 */
final class Maintenance implements Applier.EditEffects {
  private static final System.Logger LOG = System.getLogger(Maintenance.class.getName());

  private final Storage storage;
  private final Executor executor;
  private final Adoption adoption;
  private final Retirement retirement;
  private final CutOffSweep sweep;
  private final KeydirCheckpoints keydirs;
  private final Ballast ballast;
  private final AtomicBoolean closed = new AtomicBoolean();
  private volatile @Nullable MemoryReclaim reclaim;

  /** Something that may fail without harm to the log. */
  interface Task {
    void run() throws IOException;
  }

  Maintenance(
      Storage storage,
      Executor executor,
      Adoption adoption,
      Retirement retirement,
      CutOffSweep sweep,
      KeydirCheckpoints keydirs,
      Ballast ballast) {
    this.storage = storage;
    this.ballast = ballast;
    this.executor = executor;
    this.adoption = adoption;
    this.retirement = retirement;
    this.sweep = sweep;
    this.keydirs = keydirs;
  }

  /** For a store in memory: its segments need no hints, but to be freed. */
  void reclaimWith(MemoryReclaim with) {
    reclaim = with;
  }

  /** Whether nothing is ever opened again from what is written here. */
  boolean isInMemory() {
    return reclaim != null;
  }

  @Override
  public void rolled(Keyspace keyspace, LiveSegment closedSegment, Edit.SegmentFile file) {
    MemoryReclaim memory = reclaim;
    if (memory == null) {
      writeHint(keyspace, closedSegment, file);
    } else {
      submit("free memory", memory::look);
    }
  }

  @Override
  public void full() {
    MemoryReclaim memory = reclaim;
    if (memory != null && memory.press()) {
      submit("free memory", memory::look);
    }
  }

  /** Writes a sealed segment's hint, unless it is gone by then. */
  void writeHint(Keyspace keyspace, LiveSegment segment, Edit.SegmentFile file) {
    submit(
        "write the hint of " + file.id(),
        () -> {
          if (segment.reader().tryAcquire()) {
            try {
              HintFiles.write(storage, keyspace.name(), file, segment.reader().file());
            } finally {
              segment.reader().release();
            }
          }
        });
  }

  @Override
  public void compacted(long sequence, Edit.Compaction compaction, boolean swap) {
    adoption.enqueue(sequence, compaction, swap);
    submit("adopt " + compaction.runId(), adoption::runQueued);
    MemoryReclaim memory = reclaim;
    if (memory != null) {
      submit("free memory", memory::look); // once more: room may have been short
    }
  }

  @Override
  public void checkpointed(long sequence) {
    Retirement.Batch batch = retirement.take(sequence);
    submit("delete retired segments", () -> retirement.delete(batch));
    buildBallast();
    if (adoption.backlog() > 0) {
      submit("adopt", adoption::runQueued);
    }
    if (!isInMemory()) {
      submit("write the keydir's checkpoint", keydirs::writeDue);
    }
  }

  @Override
  public void durable(long sequence) {
    if (retirement.waitsFor(sequence)) {
      submit("delete retired segments", retirement::deleteWaiting);
    }
  }

  @Override
  public void cutOff(Keyspace keyspace) {
    submit("take out of the index what is cut off", () -> sweep.sweep(keyspace));
  }

  /**
   * Completes when nothing that is cut off now is in the keyspace's index, so that its bytes count
   * as dead; fails if that could not be read.
   */
  CompletableFuture<Void> swept(Keyspace keyspace) {
    if (!sweep.isDue(keyspace)) {
      return CompletableFuture.completedFuture(null);
    }
    CompletableFuture<Void> done = new CompletableFuture<>();
    executor.execute(
        () -> {
          try {
            if (closed.get()) {
              throw new StoreClosedException();
            }
            sweep.sweep(keyspace);
            done.complete(null);
          } catch (IOException | RuntimeException e) {
            done.completeExceptionally(e);
          }
        });
    return done;
  }

  /** There may be room for the ballast again. */
  void buildBallast() {
    submit("make the ballast", ballast::build);
  }

  /** Tries again what adoption could not do. */
  void retryAdoption() {
    submit("adopt", adoption::runQueued);
  }

  void submit(String what, Task task) {
    executor.execute(
        () -> {
          if (closed.get()) {
            return;
          }
          try {
            task.run();
          } catch (IOException e) {
            LOG.log(System.Logger.Level.WARNING, "could not {0}; it is tried again: {1}", what, e);
          } catch (RuntimeException e) {
            LOG.log(System.Logger.Level.ERROR, "could not " + what, e);
          }
        });
  }

  /** Skips all tasks from now on; {@code then} runs after the one under way. */
  void close(Runnable then) {
    closed.set(true);
    executor.execute(then);
  }
}
