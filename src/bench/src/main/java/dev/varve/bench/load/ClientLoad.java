package dev.varve.bench.load;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.HdrHistogram.ConcurrentHistogram;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/**
 * The load that all replicated systems get: so many clients, each a virtual thread that waits for
 * its answers. The first of them to fail ends all.
 */
public final class ClientLoad {
  private static final long LATENCY_NANOS_MAX = TimeUnit.MINUTES.toNanos(10);

  private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
  private final Histogram latencies = new ConcurrentHistogram(LATENCY_NANOS_MAX, 3);
  private final long beginNanos;
  private final long endNanos;

  private ClientLoad(Duration warmUp, Duration length) {
    beginNanos = System.nanoTime() + warmUp.toNanos();
    endNanos = beginNanos + length.toNanos();
  }

  /**
   * What came of it.
   *
   * @param perSecond operations answered within the measured time, a second
   * @param latencies of those, in nanoseconds
   */
  public record Result(double perSecond, Histogram latencies) {
    /** A percentile in microseconds. */
    public double micros(double percentile) {
      return latencies.getValueAtPercentile(percentile) / 1e3;
    }
  }

  /** One operation of one client. */
  @FunctionalInterface
  public interface Operation {
    /** Does it and waits for its answer. */
    void run(int client, SplittableRandom random) throws IOException;
  }

  /** A client that has several operations unanswered. */
  @FunctionalInterface
  public interface Streaming {
    /** Goes on until {@link ClientLoad#isRunning} says no, telling {@link ClientLoad#took}. */
    void run(int client, SplittableRandom random, ClientLoad load) throws IOException;
  }

  /** Each client begins its next operation when the one before is answered. */
  public static Result closed(int clients, Duration warmUp, Duration length, Operation operation)
      throws IOException {
    return streaming(
        clients,
        warmUp,
        length,
        (client, random, load) -> {
          while (load.isRunning()) {
            long started = System.nanoTime();
            operation.run(client, random);
            load.took(started);
          }
        });
  }

  /** Each client decides itself when it begins another operation. */
  public static Result streaming(int clients, Duration warmUp, Duration length, Streaming body)
      throws IOException {
    ClientLoad load = new ClientLoad(warmUp, length);
    load.run(clients, client -> body.run(client, random(client), load));
    return new Result(load.latencies.getTotalCount() / (length.toNanos() / 1e9), load.latencies);
  }

  /**
   * So many operations a second over all clients, each with a time at which it is meant to start
   * and from which its latency counts, however late it starts.
   */
  public static Result offered(int clients, double perSecond, Duration length, Operation operation)
      throws IOException {
    ClientLoad load = new ClientLoad(Duration.ofMillis(10), length);
    double intervalNanos = 1e9 * clients / perSecond;
    load.run(
        clients,
        client -> {
          SplittableRandom random = random(client);
          for (long n = 0; load.failure.get() == null; n++) {
            long intended =
                load.beginNanos + (long) (intervalNanos * n + intervalNanos * client / clients);
            if (intended - load.endNanos >= 0) {
              return;
            }
            long left;
            while ((left = intended - System.nanoTime()) > 0) {
              LockSupport.parkNanos(left);
            }
            operation.run(client, random);
            load.record(System.nanoTime() - intended);
          }
        });
    return new Result(load.latencies.getTotalCount() / (length.toNanos() / 1e9), load.latencies);
  }

  private static SplittableRandom random(int client) {
    return new SplittableRandom(9_000_011L * client + 41);
  }

  /** Whether clients may begin another operation. */
  public boolean isRunning() {
    return failure.get() == null && System.nanoTime() - endNanos < 0;
  }

  /** An operation that began then was answered now; counts unless outside the measured time. */
  public void took(long startedNanos) {
    long now = System.nanoTime();
    if (now - beginNanos >= 0 && now - endNanos < 0) {
      record(now - startedNanos);
    }
  }

  private void record(long nanos) {
    latencies.recordValue(Math.min(nanos, LATENCY_NANOS_MAX));
  }

  private interface Body {
    void run(int client) throws IOException;
  }

  private void run(int clients, Body body) throws IOException {
    CountDownLatch start = new CountDownLatch(1);
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < clients; i++) {
      int client = i;
      threads.add(
          Thread.ofVirtual()
              .name("client-" + client)
              .start(
                  () -> {
                    try {
                      start.await();
                      body.run(client);
                    } catch (IOException | InterruptedException | RuntimeException | Error e) {
                      failure.compareAndSet(null, e);
                    }
                  }));
    }
    start.countDown();
    threads.forEach(Workers::join);
    Throwable first = failure.get();
    if (first instanceof IOException e) {
      throw e;
    }
    if (first != null) {
      throw new IllegalStateException("a client failed: " + first, first);
    }
  }
}
