package dev.varve.bench.engine;

import dev.varve.bench.load.Dataset;
import java.io.IOException;
import java.util.function.LongConsumer;
import java.util.function.LongUnaryOperator;
import org.jspecify.annotations.Nullable;

/** An open store under test. Safe for any number of threads, apart from opening and closing. */
public interface Engine extends AutoCloseable {

  /** Sets a key. Synced to the disk on return; after an exception nothing is known. */
  void put(byte[] key, byte[] value) throws IOException;

  /** A key's value in an array of the caller's own; null if it has none. */
  byte @Nullable [] get(byte[] key) throws IOException;

  /**
   * Puts many entries the way that the store recommends for bulk loads. All of it is synced on
   * return.
   *
   * @param versions the version that each key gets, by the key's number; negative: left as it is
   * @param progress told now and then how many keys are done
   */
  void load(Dataset data, LongUnaryOperator versions, LongConsumer progress) throws IOException;

  /** Puts version 0 of every entry. */
  default void load(Dataset data, LongConsumer progress) throws IOException {
    load(data, index -> 0, progress);
  }

  /** Is told after how many nanoseconds a get was answered, for what goes by that. */
  default void gotWithin(long nanos) {}

  /** The same of a put. */
  default void putWithin(long nanos) {}

  /** Compacts all that is worth compacting, on the calling thread, beside other calls. */
  void compact() throws IOException;

  @Override
  void close() throws IOException;
}
