package dev.varve.replication;

import dev.varve.store.Store;
import dev.varve.store.StoreOptions;
import dev.varve.store.StoreRuntime;
import dev.varve.store.storage.Storage;
import java.io.IOException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The store of the member's directory, while it is open. Opening and closing block; the rest may be
 * called from any thread.
 */
final class LocalStore {
  private final StoreOptions options;
  private final Storage storage;
  private final Supplier<StoreRuntime> runtimes;
  private final Scheduler scheduler;

  private volatile @Nullable Store store;
  private @Nullable StoreRuntime runtime;

  LocalStore(
      StoreOptions options, Storage storage, Supplier<StoreRuntime> runtimes, Scheduler scheduler) {
    this.options = options;
    this.storage = storage;
    this.runtimes = runtimes;
    this.scheduler = scheduler;
  }

  @Nullable Store store() {
    return store;
  }

  @FunctionalInterface
  private interface Opening {
    Store open(StoreOptions options, Storage storage, StoreRuntime runtime) throws IOException;
  }

  /** Recovers the store, to follow or to lead. */
  Store open() throws IOException {
    return open(Store::open);
  }

  /** Recovers the store and leads its next term alone. */
  Store openStandalone() throws IOException {
    return open(Store::openStandalone);
  }

  private synchronized Store open(Opening opening) throws IOException {
    StoreRuntime fresh = runtimes.get();
    try {
      Store opened = opening.open(options, storage, fresh);
      runtime = fresh;
      store = opened;
      return opened;
    } catch (IOException | RuntimeException e) {
      fresh.close();
      throw e;
    }
  }

  /** Closes the store if one is open. Writes under way end with an unknown outcome. */
  synchronized void close() throws IOException {
    Store closing = store;
    StoreRuntime ending = runtime;
    store = null;
    runtime = null;
    if (closing != null) {
      scheduler.await(closing.closeAsync());
    }
    if (ending != null) {
      ending.close();
    }
  }
}
