package dev.varve.replication;

import dev.varve.store.Appended;
import dev.varve.store.RequestId;
import dev.varve.store.Store;
import dev.varve.store.StoreException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** Appends to a store's streams. */
final class Streams {
  private Streams() {}

  /** Fails the future, too, when there is no such stream. */
  static CompletableFuture<Appended> append(
      Store store, String stream, List<byte[]> payloads, @Nullable RequestId request) {
    try {
      return store.stream(stream).append(payloads, request);
    } catch (StoreException e) {
      return CompletableFuture.failedFuture(e);
    }
  }
}
