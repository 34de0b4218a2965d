package dev.varve.bench.cluster;

import com.google.protobuf.ByteString;
import dev.varve.bench.load.Workers;
import dev.varve.bench.system.VarveSystem;
import dev.varve.bench.system.Waiting;
import dev.varve.client.VarveClient;
import dev.varve.client.VarveException;
import dev.varve.client.WriteOptions;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Clients of the product's own that put without a pause and follow the primary, and for how long
 * they went without an acknowledgement. A put whose outcome stays unknown is no acknowledgement.
 */
final class PutGaps implements AutoCloseable {
  private static final int CLIENTS = 16;
  private static final int VALUE_BYTES = 1024;
  private static final int ACKNOWLEDGEMENTS = 20;
  private static final Duration LIMIT = Duration.ofMinutes(1);

  private final VarveClient client;
  private final List<Thread> threads = new ArrayList<>();
  private volatile boolean stopping;

  // Guarded by this.
  private final long[] lastNanos = new long[CLIENTS];
  private final long[] gapNanos = new long[CLIENTS];
  private final int[] acknowledged = new int[CLIENTS];
  private long lastOfAnyNanos;
  private long gapOfAllNanos;
  private long failures;

  PutGaps(VarveSystem system) {
    client = system.client();
    begin();
    for (int i = 0; i < CLIENTS; i++) {
      int number = i;
      threads.add(Thread.ofVirtual().name("gap-client-" + i).start(() -> putOn(number)));
    }
  }

  /** Forgets the gaps so far; those that go on now are counted from now. */
  synchronized void begin() {
    long now = System.nanoTime();
    Arrays.fill(lastNanos, now);
    Arrays.fill(gapNanos, 0);
    lastOfAnyNanos = now;
    gapOfAllNanos = 0;
    countAnew();
  }

  private synchronized void countAnew() {
    Arrays.fill(acknowledged, 0);
  }

  private synchronized boolean allGoOn() {
    return Arrays.stream(acknowledged).allMatch(count -> count >= ACKNOWLEDGEMENTS);
  }

  /** Waits until each client has had twenty acknowledgements from now on. */
  void awaitGoingOn() throws IOException {
    countAnew();
    Waiting.until(LIMIT, () -> "puts of every client: " + failures(), this::allGoOn);
  }

  /** The longest time without an acknowledgement to any client, in nanoseconds. */
  synchronized long gapOfAllNanos() {
    return gapOfAllNanos;
  }

  /** The longest time that one client went without, in nanoseconds. */
  synchronized long longestGapNanos() {
    return Arrays.stream(gapNanos).max().orElse(0);
  }

  /** Puts that were not acknowledged, since the beginning. */
  synchronized long failures() {
    return failures;
  }

  private void putOn(int number) {
    for (long n = 0; !stopping; n++) {
      byte[] value = new byte[VALUE_BYTES];
      ByteBuffer.wrap(value).putLong(n);
      ByteString key = ByteString.copyFromUtf8("gap-" + number + "-" + n % 1000);
      try {
        var _ = client.put(key, VarveSystem.bytes(value), WriteOptions.DEFAULT);
        acknowledged(number);
      } catch (VarveException e) {
        failed(); // what this is about: the gap goes on until the next one that succeeds
      }
    }
  }

  private synchronized void acknowledged(int number) {
    long now = System.nanoTime();
    gapNanos[number] = Math.max(gapNanos[number], now - lastNanos[number]);
    gapOfAllNanos = Math.max(gapOfAllNanos, now - lastOfAnyNanos);
    lastNanos[number] = now;
    lastOfAnyNanos = now;
    acknowledged[number]++;
  }

  private synchronized void failed() {
    failures++;
  }

  @Override
  public void close() {
    stopping = true;
    threads.forEach(Workers::join);
    client.close();
  }
}
