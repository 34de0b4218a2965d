package dev.varve.store.example;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.varve.store.CompactionEvent;
import dev.varve.store.CompactionRequest;
import dev.varve.store.HotSwap;
import dev.varve.store.HotSwapOptions;
import dev.varve.store.Scan;
import dev.varve.store.Store;
import dev.varve.store.StoreOptions;
import dev.varve.store.StoreRuntime;
import dev.varve.store.Versioned;
import dev.varve.store.WriteBatch;
import dev.varve.store.compaction.CancelToken;
import dev.varve.store.compaction.CompactionOptions;
import dev.varve.store.storage.PosixStorage;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** Orders by number, in a store of its own in one directory. */
public final class Orders implements AutoCloseable {
  private final StoreRuntime runtime = StoreRuntime.threads("orders");
  private final Store store;

  public Orders(Path directory) throws IOException {
    store = Store.openStandalone(StoreOptions.defaults(), new PosixStorage(directory), runtime);
  }

  /** All of them or none; completes when they are durable and every read sees them. */
  public CompletableFuture<Long> put(List<String> numbers, String text) {
    WriteBatch batch = new WriteBatch();
    for (String number : numbers) {
      batch.put("main", number.getBytes(UTF_8), text.getBytes(UTF_8));
    }
    return store.write(batch);
  }

  /** The order's text, or "none". */
  public String get(String number) throws IOException {
    Versioned found = store.get("main", number.getBytes(UTF_8));
    return found == null ? "none" : new String(found.value(), UTF_8);
  }

  /** The numbers that begin so, as of this moment, whatever is written meanwhile. */
  public List<String> numbers(String prefix) throws IOException {
    List<String> numbers = new ArrayList<>();
    try (Scan scan = store.scan("main", prefix.getBytes(UTF_8), true)) {
      for (Scan.Entry entry = scan.next(); entry != null; entry = scan.next()) {
        numbers.add(new String(entry.key(), UTF_8));
      }
    }
    return numbers;
  }

  /** Takes out what was overwritten, if it is worth it, and returns the bytes reclaimed. */
  public long compact(String runId) throws IOException {
    CompactionRequest request =
        new CompactionRequest(runId, CompactionOptions.defaults("main"), false, 0);
    CompactionEvent end = store.compact(request, progress -> {}, CancelToken.unbounded());
    store.checkpoint().join(); // lets the replaced segments go
    return end.spaceSaved();
  }

  /**
   * The same in the background, reading at most 64 MiB a second, and only if at least a fifth is
   * freed; rolled back if it takes longer than ten minutes.
   */
  public HotSwap compactInBackground(String runId) throws IOException {
    HotSwapOptions options =
        HotSwapOptions.of(runId, "main")
            .withMinSpaceSaving(0.2)
            .withRateLimitBytesPerSecond(64 << 20)
            .withTemporaryDirectory("_compacting")
            .withTimeout(Duration.ofMinutes(10));
    return store.compactInBackground(
        options,
        event -> {
          if (event.type().ends()) {
            System.out.printf(
                "%s of %s: %s, %d bytes in %d ms from %s%n",
                event.runId(),
                event.keyspace(),
                event.reason(),
                event.spaceSaved(),
                event.durationMs(),
                event.files());
          }
        });
  }

  @Override
  public void close() throws IOException {
    store.close();
    runtime.close();
  }
}
