package dev.varve.bench.cluster;

import dev.varve.bench.load.ClientLoad;
import dev.varve.bench.load.Dataset;
import dev.varve.bench.load.Workers;
import dev.varve.bench.system.Clients;
import java.io.IOException;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.function.LongConsumer;

/**
 * Puts of a data set's keys to one system. Each client writes keys of its own, one after the other,
 * so the version that a key has once all puts were answered is known and can be read back.
 */
final class Puts {
  /** How many clients load a data set. */
  static final int LOADING_CLIENTS = 64;

  private static final long PROGRESS_EVERY = 500;

  private final Dataset data;
  private final AtomicLongArray versions;

  Puts(Dataset data) {
    this.data = data;
    this.versions = new AtomicLongArray(Math.toIntExact(data.keys()));
  }

  /** Puts version 0 of every key. */
  void load(Clients clients, LongConsumer progress) throws IOException {
    AtomicLong next = new AtomicLong();
    Workers.run(
        LOADING_CLIENTS,
        (client, running) -> {
          long index;
          while ((index = next.getAndIncrement()) < data.keys() && running.getAsBoolean()) {
            clients.put(client, data.key(index), data.value(index, 0));
            if (index % PROGRESS_EVERY == 0) {
              progress.accept(index);
            }
          }
        });
  }

  /** One put at a time by each of so many clients. */
  ClientLoad.Operation unary(Clients clients, int count) {
    return (client, random) -> {
      int index = ownKey(client, count, random);
      clients.put(client, data.key(index), data.value(index, versions.incrementAndGet(index)));
    };
  }

  /** Streams by each of so many clients; single puts where the system has no streams. */
  ClientLoad.Streaming streamed(Clients clients, int count) {
    ClientLoad.Operation unary = unary(clients, count);
    return (client, random, load) -> {
      Clients.PutStream opened = clients.stream(client);
      if (opened == null) {
        while (load.isRunning()) {
          long started = System.nanoTime();
          unary.run(client, random);
          load.took(started);
        }
        return;
      }
      try (Clients.PutStream stream = opened) {
        while (load.isRunning()) {
          int index = ownKey(client, count, random);
          byte[] value = data.value(index, versions.incrementAndGet(index));
          long started = System.nanoTime();
          stream.put(data.key(index), value, () -> load.took(started));
        }
      }
    };
  }

  /** Gets of any key; what is answered must have been written to that key at some time. */
  ClientLoad.Operation gets(Clients clients) {
    return (client, random) -> {
      long index = random.nextLong(data.keys());
      var _ = data.versionOf(index, clients.get(client, data.key(index)));
    };
  }

  private int ownKey(int client, int clients, SplittableRandom random) {
    long drawn = random.nextLong(data.keys());
    long own = drawn - drawn % clients + client;
    return (int) (own < data.keys() ? own : client);
  }

  /**
   * Reads keys back after all puts were answered.
   *
   * @param keysMax how many at most, spread over all
   * @throws IllegalStateException if one does not have the version that was put last
   */
  void verify(Clients clients, long keysMax) throws IOException {
    long step = Math.max(1, data.keys() / keysMax);
    for (long i = 0; i < data.keys(); i += step) {
      long version = data.versionOf(i, clients.get(0, data.key(i)));
      long wanted = versions.get((int) i);
      if (version != wanted) {
        throw new IllegalStateException(
            "key " + i + " has version " + version + ", but " + wanted + " was put last");
      }
    }
  }
}
