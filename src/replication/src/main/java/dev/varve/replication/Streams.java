package dev.varve.replication;

import dev.varve.store.Appended;
import dev.varve.store.Store;
import dev.varve.store.StoreException;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** Appends to a store's streams. */
final class Streams {
  private Streams() {}

  /** Fails the future, too, when there is no such stream. */
  static CompletableFuture<Appended> append(Store store, String stream, List<byte[]> payloads) {
    try {
      return store.stream(stream).append(payloads);
    } catch (StoreException e) {
      return CompletableFuture.failedFuture(e);
    }
  }
}
