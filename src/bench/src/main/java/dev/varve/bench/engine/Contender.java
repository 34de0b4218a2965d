package dev.varve.bench.engine;

import java.io.IOException;
import java.nio.file.Path;

/** A store that takes part. */
public enum Contender {
  VARVE(
      "Varve",
      "main keyspace with 64 MiB segments, usual bounds; durable put: one batch; bulk load: batches of"
          + " 500 entries, at most 32 unanswered; compaction: Rewrite, forced, retired segments deleted at"
          + " once, no rate limit (but adaptive where latency is measured)") {
    @Override
    public Engine open(Path directory) throws IOException {
      return new VarveEngine(directory);
    }
  },
  ROCKSDB(
      "RocksDB",
      "block-based tables, 64 MiB block cache, Bloom filter of 10 bits a key, no compression, usual"
          + " write buffer (64 MiB) and background jobs; durable put: sync = true; bulk load: batches of 500"
          + " entries without log, then flush; compaction: compactRange") {
    @Override
    public Engine open(Path directory) throws IOException {
      return new RocksDbEngine(directory);
    }
  },
  LMDB(
      "LMDB",
      "64 GiB map, direct buffers, a read transaction a thread that is reset and renewed; durable put:"
          + " one write transaction; bulk load: transactions of 50,000 entries; compaction: compacting copy"
          + " to another file, which is then thrown away") {
    @Override
    public Engine open(Path directory) throws IOException {
      return new LmdbEngine(directory);
    }
  },
  MVSTORE(
      "MVStore",
      "usual cache (16 MiB), no compression, no commits by itself; durable put: put, commit, sync; bulk"
          + " load: a commit every 50,000 entries, then sync; compaction: compactFile for at most 60 s") {
    @Override
    public Engine open(Path directory) throws IOException {
      return new MvStoreEngine(directory);
    }
  },
  XODUS(
      "Xodus",
      "log.durableWrite, store without duplicates, else as it comes (cache: half the heap); durable put:"
          + " one transaction; bulk load: transactions of 10,000 entries; compaction: environment.gc(),"
          + " which only wakes the background collector") {
    @Override
    public Engine open(Path directory) throws IOException {
      return new XodusEngine(directory);
    }
  };

  private final String label;
  private final String configuration;

  Contender(String label, String configuration) {
    this.label = label;
    this.configuration = configuration;
  }

  /** Its name for people. */
  public String label() {
    return label;
  }

  /** How it is set up, for the report. */
  public String configuration() {
    return configuration;
  }

  /** Opens what a directory holds; an empty one becomes an empty store. */
  public abstract Engine open(Path directory) throws IOException;
}
