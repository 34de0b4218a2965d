package dev.varve.bench.engine;

import dev.varve.bench.load.Dataset;
import java.io.IOException;
import java.nio.file.Path;
import java.util.function.LongConsumer;
import java.util.function.LongUnaryOperator;
import org.jspecify.annotations.Nullable;
import org.rocksdb.BlockBasedTableConfig;
import org.rocksdb.BloomFilter;
import org.rocksdb.Cache;
import org.rocksdb.CompressionType;
import org.rocksdb.FlushOptions;
import org.rocksdb.LRUCache;
import org.rocksdb.Options;
import org.rocksdb.ReadOptions;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.rocksdb.WriteBatch;
import org.rocksdb.WriteOptions;

/** RocksDB through its own JNI binding. */
final class RocksDbEngine implements Engine {
  private static final long BLOCK_CACHE_BYTES = 64L << 20;
  private static final int BATCH_ENTRIES = 500;

  static {
    RocksDB.loadLibrary();
  }

  private final Cache cache = new LRUCache(BLOCK_CACHE_BYTES);
  private final BloomFilter bloom = new BloomFilter(10, false);
  private final Options options;
  private final ReadOptions reading = new ReadOptions();
  private final WriteOptions durably = new WriteOptions().setSync(true);
  private final RocksDB db;

  RocksDbEngine(Path directory) throws IOException {
    options =
        new Options()
            .setCreateIfMissing(true)
            .setCompressionType(CompressionType.NO_COMPRESSION)
            .setTableFormatConfig(
                new BlockBasedTableConfig().setBlockCache(cache).setFilterPolicy(bloom));
    try {
      db = RocksDB.open(options, directory.toString());
    } catch (RocksDBException e) {
      closeOptions();
      throw new IOException(e);
    }
  }

  @Override
  public void put(byte[] key, byte[] value) throws IOException {
    try {
      db.put(durably, key, value);
    } catch (RocksDBException e) {
      throw new IOException(e);
    }
  }

  @Override
  public byte @Nullable [] get(byte[] key) throws IOException {
    try {
      return db.get(reading, key);
    } catch (RocksDBException e) {
      throw new IOException(e);
    }
  }

  @Override
  public void load(Dataset data, LongUnaryOperator versions, LongConsumer progress)
      throws IOException {
    try (WriteOptions unlogged = new WriteOptions().setDisableWAL(true);
        FlushOptions flush = new FlushOptions().setWaitForFlush(true)) {
      for (long first = 0; first < data.keys(); first += BATCH_ENTRIES) {
        try (WriteBatch batch = new WriteBatch()) {
          for (long i = first; i < Math.min(data.keys(), first + BATCH_ENTRIES); i++) {
            long version = versions.applyAsLong(i);
            if (version >= 0) {
              batch.put(data.key(i), data.value(i, version));
            }
          }
          db.write(unlogged, batch);
        }
        progress.accept(first);
      }
      db.flush(flush);
    } catch (RocksDBException e) {
      throw new IOException(e);
    }
  }

  @Override
  public void compact() throws IOException {
    try {
      db.compactRange();
    } catch (RocksDBException e) {
      throw new IOException(e);
    }
  }

  @Override
  public void close() throws IOException {
    try {
      db.closeE();
    } catch (RocksDBException e) {
      throw new IOException(e);
    } finally {
      closeOptions();
    }
  }

  private void closeOptions() {
    durably.close();
    reading.close();
    options.close();
    bloom.close();
    cache.close();
  }
}
