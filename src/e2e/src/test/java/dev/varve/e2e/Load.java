package dev.varve.e2e;

import com.google.protobuf.ByteString;
import dev.varve.protocol.v1.Mutation;
import dev.varve.protocol.v1.PutRequest;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.IntConsumer;

/** Readers and writers that go on until closed, and judge every answer. */
final class Load implements AutoCloseable {
  private static final int BATCH = 500;

  private final VersionedKeys keys;
  private final List<Cluster.HostAndPort> members;
  private final Duration patience;
  private final List<Thread> threads = new ArrayList<>();
  private final Queue<String> faults = new ConcurrentLinkedQueue<>();
  private final AtomicLong reads = new AtomicLong();
  private final AtomicLong writes = new AtomicLong();
  private final AtomicLong refusals = new AtomicLong();
  private volatile boolean stopping;

  /**
   * @param patience how long a call is tried again; zero: every failed call is a fault
   */
  Load(VersionedKeys keys, List<Cluster.HostAndPort> members, Duration patience) {
    this.keys = keys;
    this.members = members;
    this.patience = patience;
  }

  /**
   * Writes every key once and every second key twice more, in batches. Half of what the first
   * segments hold is dead then, so that a compaction has as much to move as to drop.
   */
  void fill() {
    try (ShardClient client = new ShardClient(members, Duration.ofSeconds(30))) {
      fill(client, 1);
      fill(client, 2);
      fill(client, 2);
    }
  }

  private void fill(ShardClient client, int every) {
    for (int from = 0; from < keys.count(); from += BATCH * every) {
      int to = Math.min(keys.count(), from + BATCH * every);
      List<Mutation> batch = new ArrayList<>();
      for (int index = from; index < to; index += every) {
        batch.add(
            Mutation.newBuilder()
                .setPut(
                    PutRequest.newBuilder()
                        .setKey(VersionedKeys.key(index))
                        .setValue(keys.nextValue(index)))
                .build());
      }
      client.write(batch);
      for (int index = from; index < to; index += every) {
        keys.acknowledge(index);
      }
    }
  }

  /** Starts threads that loop over all keys; each writer has keys of its own. */
  void start(int readers, int writers) {
    for (int i = 0; i < readers; i++) {
      int offset = keys.count() / readers * i;
      run("reader-" + i, client -> step -> read(client, (offset + step) % keys.count()));
    }
    for (int i = 0; i < writers; i++) {
      int first = i;
      int own = keys.count() / writers;
      run("writer-" + i, client -> step -> write(client, first + writers * (step % own)));
    }
  }

  private interface Loop {
    IntConsumer with(ShardClient client);
  }

  private void run(String name, Loop loop) {
    threads.add(
        Thread.ofPlatform()
            .name(name)
            .start(
                () -> {
                  try (ShardClient client = new ShardClient(members, patience)) {
                    findPrimary(client);
                    long refusedBefore = client.refusals();
                    IntConsumer body = loop.with(client);
                    for (int step = 0; !stopping; step = (step + 1) & Integer.MAX_VALUE) {
                      body.accept(step);
                    }
                    refusals.addAndGet(client.refusals() - refusedBefore);
                  } catch (RuntimeException e) {
                    faults.add(name + ": " + e);
                  }
                }));
  }

  /** Which member is primary is not known before the first answer: that search is no failure. */
  private void findPrimary(ShardClient client) {
    Await.until(
        "a member answers as primary",
        30,
        () -> {
          try {
            client.get(VersionedKeys.key(0));
          } catch (StatusRuntimeException e) {
            throw new AssertionError("not this one", e);
          }
        });
  }

  private void read(ShardClient client, int index) {
    long floor = keys.acknowledged(index);
    Optional<ByteString> value = client.get(VersionedKeys.key(index)).map(r -> r.getValue());
    keys.fault(index, floor, value).ifPresent(faults::add);
    reads.incrementAndGet();
  }

  private void write(ShardClient client, int index) {
    client.put(VersionedKeys.key(index), keys.nextValue(index));
    keys.acknowledge(index);
    writes.incrementAndGet();
  }

  /** Reads every key once and judges it; what this finds is in {@link #faults}. */
  void readAll() {
    try (ShardClient client = new ShardClient(members, Duration.ofSeconds(30))) {
      for (int index = 0; index < keys.count(); index++) {
        read(client, index);
      }
    }
  }

  long reads() {
    return reads.get();
  }

  long writes() {
    return writes.get();
  }

  /** Calls that were refused or failed and tried again, of threads that have ended. */
  long refusals() {
    return refusals.get();
  }

  List<String> faults() {
    return List.copyOf(faults);
  }

  /** Lets every thread finish its call, and returns when all have ended. */
  @Override
  public void close() {
    stopping = true;
    for (Thread thread : threads) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IllegalStateException("interrupted while the load ends", e);
      }
    }
  }
}
