package dev.varve.store;

import dev.varve.store.compaction.CancelToken;
import dev.varve.store.compaction.CompactionOptions;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;

/**
 * The compactions in the background, in the order in which they were asked for. They are the
 * store's own, so it rolls them back before it closes: a file written after the directory was let
 * go could meet another process there. Safe for several threads.
 */
final class HotSwaps {
  /** Why runs end when the store closes. */
  static final String SHUTTING_DOWN = "ShuttingDown";

  private final StoreRuntime runtime;
  private final Compactor compactor;
  private final Set<HotSwap> unfinished = new LinkedHashSet<>();
  private boolean closed;

  HotSwaps(StoreRuntime runtime, Compactor compactor) {
    this.runtime = runtime;
    this.compactor = compactor;
  }

  HotSwap start(HotSwapOptions options, CompactionListener listener) throws StoreException {
    CancelToken token =
        options.timeout().isZero()
            ? options.cancel().narrower()
            : options.cancel().narrower(runtime.monotonicNanos(), options.timeout().toNanos());
    HotSwap swap = new HotSwap(options.runId(), token);
    synchronized (this) {
      if (closed) {
        throw new StoreClosedException();
      }
      unfinished.add(swap);
    }
    try {
      runtime.compactions().execute(() -> run(swap, options, listener));
    } catch (RejectedExecutionException e) {
      finished(swap);
      throw e;
    }
    return swap;
  }

  private void run(HotSwap swap, HotSwapOptions options, CompactionListener listener) {
    List<CompactionEvent> ends = new ArrayList<>();
    try {
      for (CompactionOptions keyspace : options.keyspaces()) {
        ends.add(compactor.compact(options.request(keyspace), listener, swap.token()));
      }
    } catch (IOException | RuntimeException | Error e) {
      finished(swap);
      swap.ends().completeExceptionally(e);
      if (e instanceof Error error) {
        throw error;
      }
      return;
    }
    finished(swap);
    swap.ends().complete(List.copyOf(ends));
  }

  private synchronized void finished(HotSwap swap) {
    unfinished.remove(swap);
  }

  /** Takes no more, rolls back those that are not committed, and completes when all are over. */
  CompletableFuture<Boolean> close() {
    List<HotSwap> left;
    synchronized (this) {
      closed = true;
      left = List.copyOf(unfinished);
    }
    left.forEach(swap -> swap.token().cancel(SHUTTING_DOWN));
    CompletableFuture<?>[] ends =
        left.stream().map(HotSwap::ends).toArray(CompletableFuture<?>[]::new);
    return CompletableFuture.allOf(ends).handle((_, _) -> true);
  }
}
