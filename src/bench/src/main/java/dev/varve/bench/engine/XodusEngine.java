package dev.varve.bench.engine;

import dev.varve.bench.load.Dataset;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.function.LongConsumer;
import java.util.function.LongUnaryOperator;
import jetbrains.exodus.ArrayByteIterable;
import jetbrains.exodus.ByteIterable;
import jetbrains.exodus.env.Environment;
import jetbrains.exodus.env.EnvironmentConfig;
import jetbrains.exodus.env.Environments;
import jetbrains.exodus.env.Store;
import jetbrains.exodus.env.StoreConfig;
import jetbrains.exodus.env.Transaction;
import org.jspecify.annotations.Nullable;

/** JetBrains' Xodus. */
final class XodusEngine implements Engine {
  private static final int TRANSACTION_ENTRIES = 10_000;

  private final Environment environment;
  private final Store store;

  XodusEngine(Path directory) {
    environment =
        Environments.newInstance(
            directory.toFile(), new EnvironmentConfig().setLogDurableWrite(true));
    store =
        environment.computeInTransaction(
            transaction ->
                environment.openStore("main", StoreConfig.WITHOUT_DUPLICATES, transaction));
  }

  @Override
  public void put(byte[] key, byte[] value) {
    environment.executeInTransaction(
        transaction ->
            store.put(transaction, new ArrayByteIterable(key), new ArrayByteIterable(value)));
  }

  @Override
  public byte @Nullable [] get(byte[] key) {
    Transaction transaction = environment.beginReadonlyTransaction();
    try {
      ByteIterable found = store.get(transaction, new ArrayByteIterable(key));
      return found == null ? null : Arrays.copyOf(found.getBytesUnsafe(), found.getLength());
    } finally {
      transaction.abort();
    }
  }

  @Override
  public void load(Dataset data, LongUnaryOperator versions, LongConsumer progress) {
    for (long first = 0; first < data.keys(); first += TRANSACTION_ENTRIES) {
      long from = first;
      long to = Math.min(data.keys(), first + TRANSACTION_ENTRIES);
      environment.executeInTransaction(
          transaction -> {
            for (long i = from; i < to; i++) {
              long version = versions.applyAsLong(i);
              if (version >= 0) {
                store.put(
                    transaction,
                    new ArrayByteIterable(data.key(i)),
                    new ArrayByteIterable(data.value(i, version)));
              }
            }
          });
      progress.accept(first);
    }
  }

  @Override
  public void compact() {
    environment.gc();
  }

  @Override
  public void close() {
    environment.close();
  }
}
