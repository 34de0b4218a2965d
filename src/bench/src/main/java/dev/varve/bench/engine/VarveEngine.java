package dev.varve.bench.engine;

import dev.varve.bench.load.Dataset;
import dev.varve.store.CompactionEvent;
import dev.varve.store.CompactionRequest;
import dev.varve.store.KeyspaceStatus;
import dev.varve.store.Store;
import dev.varve.store.StoreOptions;
import dev.varve.store.StoreRuntime;
import dev.varve.store.Versioned;
import dev.varve.store.WriteBatch;
import dev.varve.store.compaction.CancelToken;
import dev.varve.store.compaction.CompactionOptions;
import dev.varve.store.compaction.RecentLatency;
import dev.varve.store.storage.PosixStorage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.LongConsumer;
import java.util.function.LongUnaryOperator;
import org.jspecify.annotations.Nullable;

/** The store of this project, embedded. */
public final class VarveEngine implements Engine {
  private static final String KEYSPACE = "main";
  private static final int BATCH_ENTRIES = 500;
  private static final int UNANSWERED_MAX = 32;

  private final StoreRuntime runtime;
  private final Store store;
  private final RecentLatency gets = new RecentLatency(System::nanoTime);
  private final RecentLatency puts = new RecentLatency(System::nanoTime);

  /** Opens the store and leads it. */
  public VarveEngine(Path directory) throws IOException {
    runtime = StoreRuntime.threads("varve").withForegroundLatency(gets, puts);
    try {
      store = Store.openStandalone(StoreOptions.defaults(), new PosixStorage(directory), runtime);
    } catch (IOException | RuntimeException e) {
      runtime.close();
      throw e;
    }
  }

  @Override
  public void put(byte[] key, byte[] value) throws IOException {
    store.writeAndWait(new WriteBatch().put(KEYSPACE, key, value));
  }

  @Override
  public byte @Nullable [] get(byte[] key) throws IOException {
    Versioned found = store.get(KEYSPACE, key);
    return found == null ? null : found.value();
  }

  @Override
  public void load(Dataset data, LongUnaryOperator versions, LongConsumer progress)
      throws IOException {
    Queue<CompletableFuture<Long>> unanswered = new ArrayDeque<>();
    for (long first = 0; first < data.keys(); first += BATCH_ENTRIES) {
      WriteBatch batch = new WriteBatch();
      for (long i = first; i < Math.min(data.keys(), first + BATCH_ENTRIES); i++) {
        long version = versions.applyAsLong(i);
        if (version >= 0) {
          batch.put(KEYSPACE, data.key(i), data.value(i, version));
        }
      }
      progress.accept(first);
      if (batch.mutations().isEmpty()) {
        continue;
      }
      if (unanswered.size() == UNANSWERED_MAX) {
        await(unanswered.remove());
      }
      unanswered.add(store.write(batch));
    }
    for (CompletableFuture<Long> write : unanswered) {
      await(write);
    }
  }

  @Override
  public void compact() throws IOException {
    compactNow(true);
  }

  /**
   * Compacts and tells how it ended: completed, or skipped where nothing was dead.
   *
   * @param deletesAtOnce whether retired segments are deleted by the run, not by the next {@link
   *     #checkpoint}
   */
  public CompactionEvent compactNow(boolean deletesAtOnce) throws IOException {
    CompactionEvent end =
        store.compact(
            new CompactionRequest(
                UUID.randomUUID().toString(),
                CompactionOptions.defaults(KEYSPACE).forced(),
                deletesAtOnce,
                0),
            event -> {},
            CancelToken.unbounded());
    if (end.type() == CompactionEvent.Type.FAILED) {
      throw new IOException("compaction failed: " + end.reason() + ", " + end.message());
    }
    return end;
  }

  /** Deletes retired segments. */
  public void checkpoint() throws IOException {
    await(store.checkpoint());
  }

  @Override
  public void gotWithin(long nanos) {
    gets.record(nanos);
  }

  @Override
  public void putWithin(long nanos) {
    puts.record(nanos);
  }

  /** The keyspace's figures. */
  public KeyspaceStatus status() {
    return store.status().keyspaces().stream()
        .filter(keyspace -> keyspace.name().equals(KEYSPACE))
        .findFirst()
        .orElseThrow();
  }

  @Override
  public void close() throws IOException {
    try {
      store.close();
    } finally {
      runtime.close();
    }
  }

  private static void await(CompletableFuture<?> write) throws IOException {
    try {
      write.join();
    } catch (CompletionException e) {
      throw e.getCause() instanceof IOException cause ? cause : new IOException(e);
    }
  }
}
