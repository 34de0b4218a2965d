package dev.varve.store;

import dev.varve.store.compaction.CancelToken;
import dev.varve.store.compaction.CompactionOptions;
import dev.varve.store.manifest.KeyspaceType;
import dev.varve.store.manifest.Layout;
import dev.varve.store.storage.Storage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** What the tests of a whole store have in common: small segments, a clock, readable contents. */
final class StoreFixture {
  static final long SEGMENT_BYTES = 4096;

  final AtomicLong nowMs = new AtomicLong(1_000_000);
  final AtomicLong nanos = new AtomicLong();
  final StoreOptions options;
  private int runs;

  StoreFixture() {
    this(
        List.of(
            new KeyspaceOptions("main", KeyspaceType.KEY_VALUE, SEGMENT_BYTES),
            new KeyspaceOptions("objects", KeyspaceType.KEY_VALUE, SEGMENT_BYTES)));
  }

  StoreFixture(List<KeyspaceOptions> keyspaces) {
    this(StoreOptions.defaults().withKeyspaces(keyspaces));
  }

  private StoreFixture(StoreOptions options) {
    this.options = options;
  }

  /** The usual keyspaces in another layout. */
  static StoreFixture of(@Nullable Layout layout) {
    return new StoreFixture(new StoreFixture().options.withLayout(layout));
  }

  StoreFixture with(Layout layout) {
    return new StoreFixture(options.withLayout(layout));
  }

  StoreFixture with(ManifestBound bound) {
    return new StoreFixture(options.withManifestBound(bound));
  }

  StoreFixture withRunListBytesMax(long bytes) {
    return new StoreFixture(options.withRunListBytesMax(bytes));
  }

  /** Time goes by: both clocks go on. */
  void pass(long ms) {
    nowMs.addAndGet(ms);
    nanos.addAndGet(ms * 1_000_000);
  }

  private StoreRuntime runtime() {
    return Trampoline.runtime(nowMs::get, nanos::get);
  }

  Store open(Storage storage) throws IOException {
    return Store.open(options, storage, runtime());
  }

  Store standalone(Storage storage) throws IOException {
    return Store.openStandalone(options, storage, runtime());
  }

  static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  static String text(byte[] bytes) {
    return new String(bytes, StandardCharsets.UTF_8);
  }

  static String value(int seed, int length) {
    return (seed + "-" + "v".repeat(length)).substring(0, length);
  }

  static long put(Store store, String keyspace, String key, String value) throws IOException {
    return write(store, new WriteBatch().put(keyspace, bytes(key), bytes(value)));
  }

  static long delete(Store store, String keyspace, String key) throws IOException {
    return write(store, new WriteBatch().delete(keyspace, bytes(key)));
  }

  /** Writes and waits, throwing what the future failed with. */
  static long write(Store store, WriteBatch batch) throws IOException {
    try {
      return store.write(batch).join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof IOException cause) {
        throw cause;
      }
      throw e;
    }
  }

  static String get(Store store, String keyspace, String key) throws IOException {
    Versioned versioned = store.get(keyspace, bytes(key));
    return versioned == null ? "absent" : text(versioned.value());
  }

  /** All that reads see: {@code keyspace/key} to value. */
  static Map<String, String> contents(Store store) throws IOException {
    Map<String, String> contents = new TreeMap<>();
    for (KeyspaceStatus keyspace : store.status().keyspaces()) {
      try (Scan scan = store.scan(keyspace.name(), new byte[0], false)) {
        drain(keyspace.name(), scan, contents);
      }
    }
    return contents;
  }

  /** The same of one keyspace. */
  static Map<String, String> contents(Store store, String keyspace) throws IOException {
    Map<String, String> contents = new TreeMap<>();
    try (Scan scan = store.scan(keyspace, new byte[0], false)) {
      drain(keyspace, scan, contents);
    }
    return contents;
  }

  static void drain(String keyspace, Scan scan, Map<String, String> into) throws IOException {
    for (Scan.Entry entry = scan.next(); entry != null; entry = scan.next()) {
      String before = into.put(keyspace + '/' + text(entry.key()), text(entry.versioned().value()));
      if (before != null) {
        throw new AssertionError("scanned twice: " + text(entry.key()));
      }
    }
  }

  CompactionEvent compact(Store store, String keyspace, boolean forceDelete) throws IOException {
    return store.compact(request(keyspace, forceDelete), event -> {}, CancelToken.unbounded());
  }

  CompactionRequest request(String keyspace, boolean forceDelete) {
    return new CompactionRequest(
        "run-" + ++runs, CompactionOptions.defaults(keyspace).forced(), forceDelete, 0);
  }

  static KeyspaceStatus keyspace(Store store, String name) {
    return store.status().keyspaces().stream()
        .filter(k -> k.name().equals(name))
        .findFirst()
        .orElseThrow();
  }
}
