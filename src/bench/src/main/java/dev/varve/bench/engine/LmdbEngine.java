package dev.varve.bench.engine;

import dev.varve.bench.load.Dataset;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.LongConsumer;
import java.util.function.LongUnaryOperator;
import org.jspecify.annotations.Nullable;
import org.lmdbjava.CopyFlags;
import org.lmdbjava.Dbi;
import org.lmdbjava.DbiFlags;
import org.lmdbjava.Env;
import org.lmdbjava.EnvFlags;
import org.lmdbjava.Txn;

/** LMDB through lmdbjava, which brings the native library. */
@SuppressWarnings("ThreadLocalUsage") // buffers belong to one environment and one thread each
final class LmdbEngine implements Engine {
  private static final long MAP_BYTES = 64L << 30;
  private static final int READERS_MAX = 4096;
  private static final int TRANSACTION_ENTRIES = 50_000;

  private final Path directory;
  private final Env<ByteBuffer> env;
  private final Dbi<ByteBuffer> dbi;
  private final List<Txn<ByteBuffer>> readers = new CopyOnWriteArrayList<>();
  private final ThreadLocal<Reader> reader = ThreadLocal.withInitial(Reader::new);

  /** A thread's read transaction and key buffer. */
  private final class Reader {
    private final ByteBuffer key = ByteBuffer.allocateDirect(Dataset.KEY_BYTES);
    private final Txn<ByteBuffer> transaction = env.txnRead();

    Reader() {
      transaction.reset();
      readers.add(transaction);
    }
  }

  LmdbEngine(Path directory) {
    this.directory = directory;
    // Without thread-local reader slots, so that closing can end the transactions of dead threads.
    env =
        Env.create()
            .setMapSize(MAP_BYTES)
            .setMaxDbs(1)
            .setMaxReaders(READERS_MAX)
            .open(directory.toFile(), EnvFlags.MDB_NOTLS);
    dbi = env.openDbi("main", DbiFlags.MDB_CREATE);
  }

  @Override
  public void put(byte[] key, byte[] value) {
    ByteBuffer directKey = direct(key);
    ByteBuffer directValue = direct(value);
    try (Txn<ByteBuffer> transaction = env.txnWrite()) {
      dbi.put(transaction, directKey, directValue);
      transaction.commit();
    }
  }

  @Override
  public byte @Nullable [] get(byte[] key) {
    Reader mine = reader.get();
    mine.key.clear().put(key).flip();
    mine.transaction.renew();
    try {
      ByteBuffer found = dbi.get(mine.transaction, mine.key);
      if (found == null) {
        return null;
      }
      byte[] value = new byte[found.remaining()];
      found.get(value);
      return value;
    } finally {
      mine.transaction.reset();
    }
  }

  @Override
  public void load(Dataset data, LongUnaryOperator versions, LongConsumer progress) {
    ByteBuffer key = ByteBuffer.allocateDirect(Dataset.KEY_BYTES);
    ByteBuffer value = ByteBuffer.allocateDirect(data.valueBytes());
    for (long first = 0; first < data.keys(); first += TRANSACTION_ENTRIES) {
      try (Txn<ByteBuffer> transaction = env.txnWrite()) {
        for (long i = first; i < Math.min(data.keys(), first + TRANSACTION_ENTRIES); i++) {
          long version = versions.applyAsLong(i);
          if (version >= 0) {
            dbi.put(
                transaction,
                key.clear().put(data.key(i)).flip(),
                value.clear().put(data.value(i, version)).flip());
          }
        }
        transaction.commit();
      }
      progress.accept(first);
    }
  }

  @Override
  public void compact() throws IOException {
    Path copy = directory.resolve("copy");
    Files.createDirectories(copy);
    env.copy(copy.toFile(), CopyFlags.MDB_CP_COMPACT);
    Files.delete(copy.resolve("data.mdb"));
  }

  @Override
  public void close() {
    readers.forEach(Txn::close);
    env.close();
  }

  private static ByteBuffer direct(byte[] bytes) {
    return ByteBuffer.allocateDirect(bytes.length).put(bytes).flip();
  }
}
