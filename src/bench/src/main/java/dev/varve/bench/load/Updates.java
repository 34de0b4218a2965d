package dev.varve.bench.load;

import dev.varve.bench.engine.Engine;
import java.io.IOException;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.function.LongConsumer;

/**
 * Random updates of a loaded data set, with what was acknowledged: each worker writes keys of its
 * own, so the last acknowledged version of every key is known and can be read back.
 */
public final class Updates {
  private final Engine engine;
  private final Dataset data;
  private final Distribution distribution;
  private final AtomicLongArray acknowledged;
  private int halves;

  /** Updates of a store that holds version 0 of everything. */
  public Updates(Engine engine, Dataset data, Distribution distribution) {
    this.engine = engine;
    this.data = data;
    this.distribution = distribution;
    this.acknowledged = new AtomicLongArray(Math.toIntExact(data.keys()));
  }

  /** The work of one of {@code writers} threads. */
  public ClosedLoad.Work by(int writers) {
    return (worker, random) -> {
      int index = ownKey(worker, writers, random);
      long version = acknowledged.get(index) + 1;
      engine.put(data.key(index), data.value(index, version));
      acknowledged.set(index, version);
    };
  }

  private int ownKey(int worker, int writers, SplittableRandom random) {
    long drawn = distribution.next(random);
    long own = drawn - drawn % writers + worker;
    return (int) (own < data.keys() ? own : worker % data.keys());
  }

  /** Updates about half of the keys once, as a bulk load; another half each time. */
  public void half(LongConsumer progress) throws IOException {
    int bit = halves++ % Long.SIZE;
    engine.load(data, index -> chosen(index, bit) ? next(index) : -1, progress);
    for (long i = 0; i < data.keys(); i++) {
      if (chosen(i, bit)) {
        acknowledged.set((int) i, next(i));
      }
    }
  }

  private long next(long index) {
    return acknowledged.get((int) index) + 1;
  }

  private static boolean chosen(long index, int bit) {
    return (mixed(index) >>> bit & 1) == 1;
  }

  private static long mixed(long index) {
    long mixed = (index + 1) * 0x9E3779B97F4A7C15L;
    mixed = (mixed ^ (mixed >>> 32)) * 0xD6E8FEB86659FD93L;
    return mixed ^ (mixed >>> 32);
  }

  /**
   * Reads keys back while nobody writes.
   *
   * @param keysMax how many at most, spread over all
   * @throws IllegalStateException if one does not have the version that was acknowledged last
   */
  public void verify(long keysMax) throws IOException {
    verify(engine, keysMax);
  }

  /** The same through another engine, such as the same store opened again. */
  public void verify(Engine reader, long keysMax) throws IOException {
    long step = Math.max(1, data.keys() / keysMax);
    for (long i = 0; i < data.keys(); i += step) {
      long version = data.versionOf(i, reader.get(data.key(i)));
      long wanted = acknowledged.get((int) i);
      if (version != wanted) {
        throw new IllegalStateException(
            "key " + i + " has version " + version + ", but " + wanted + " was acknowledged last");
      }
    }
  }
}
