package dev.varve.bench.engine;

import dev.varve.bench.load.Dataset;
import java.nio.file.Path;
import java.util.function.LongConsumer;
import java.util.function.LongUnaryOperator;
import org.h2.mvstore.MVMap;
import org.h2.mvstore.MVStore;
import org.h2.mvstore.type.ByteArrayDataType;
import org.jspecify.annotations.Nullable;

/** H2's MVStore. */
final class MvStoreEngine implements Engine {
  private static final int COMMIT_ENTRIES = 50_000;
  private static final int COMPACT_MS_MAX = 60_000;

  private final MVStore store;
  private final MVMap<byte[], byte[]> map;

  MvStoreEngine(Path directory) {
    store =
        new MVStore.Builder()
            .fileName(directory.resolve("store.mv").toString())
            .autoCommitDisabled()
            .open();
    map =
        store.openMap(
            "main",
            new MVMap.Builder<byte[], byte[]>()
                .keyType(ByteArrayDataType.INSTANCE)
                .valueType(ByteArrayDataType.INSTANCE));
  }

  @Override
  public void put(byte[] key, byte[] value) {
    map.put(key, value);
    store.commit();
    store.sync();
  }

  @Override
  public byte @Nullable [] get(byte[] key) {
    byte[] cached = map.get(key);
    return cached == null ? null : cached.clone(); // the cache's own array is not the caller's
  }

  @Override
  public void load(Dataset data, LongUnaryOperator versions, LongConsumer progress) {
    for (long i = 0; i < data.keys(); i++) {
      long version = versions.applyAsLong(i);
      if (version >= 0) {
        map.put(data.key(i), data.value(i, version));
      }
      if (i % COMMIT_ENTRIES == 0) {
        store.commit();
        progress.accept(i);
      }
    }
    store.commit();
    store.sync();
  }

  @Override
  public void compact() {
    store.compactFile(COMPACT_MS_MAX);
  }

  @Override
  public void close() {
    store.close();
  }
}
