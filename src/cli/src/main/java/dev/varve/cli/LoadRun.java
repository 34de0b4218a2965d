package dev.varve.cli;

import com.google.gson.JsonObject;
import com.google.protobuf.ByteString;
import dev.varve.cli.Workload.Operation;
import dev.varve.client.ReadOptions;
import dev.varve.client.ScanCursor;
import dev.varve.client.ScanOptions;
import dev.varve.client.VarveClient;
import dev.varve.client.VarveException;
import dev.varve.client.WriteOptions;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.HdrHistogram.ConcurrentHistogram;
import org.HdrHistogram.Histogram;

/**
 * One run of a workload: virtual threads in a closed loop, a histogram for each kind of operation.
 */
final class LoadRun {
  private static final long LONGEST_MICROS = TimeUnit.MINUTES.toMicros(2);
  private static final int LONGEST_SCAN = 100;

  private final VarveClient client;
  private final String keyspace;
  private final LoadItems items;
  private final Workload workload;
  private final ItemChooser chooser;
  private final int threads;
  private final Map<Operation, Histogram> latencies = new EnumMap<>(Operation.class);
  private final AtomicLong done = new AtomicLong();
  private final AtomicLong missing = new AtomicLong();
  private final AtomicLong failures = new AtomicLong();
  private final Map<String, Long> failuresByReason = new TreeMap<>();
  private double seconds;

  LoadRun(
      VarveClient client,
      String keyspace,
      LoadItems items,
      Workload workload,
      ItemChooser chooser,
      int threads) {
    this.client = client;
    this.keyspace = keyspace;
    this.items = items;
    this.workload = workload;
    this.chooser = chooser;
    this.threads = threads;
    for (Operation operation : Operation.values()) {
      latencies.put(operation, new ConcurrentHistogram(LONGEST_MICROS, 3));
    }
  }

  long failures() {
    return failures.get();
  }

  void run(Duration duration, Progress progress) throws InterruptedException {
    long start = System.nanoTime();
    long end = start + duration.toNanos();
    CountDownLatch finished = new CountDownLatch(threads);
    Thread[] workers = new Thread[threads];
    for (int i = 0; i < threads; i++) {
      workers[i] =
          Thread.startVirtualThread(
              () -> {
                try {
                  while (System.nanoTime() - end < 0 && !Thread.currentThread().isInterrupted()) {
                    step();
                  }
                } finally {
                  finished.countDown();
                }
              });
    }
    try {
      while (!finished.await(100, TimeUnit.MILLISECONDS)) {
        double elapsed = (System.nanoTime() - start) / 1e9;
        progress.show(
            elapsed * 1e9 / duration.toNanos(),
            () ->
                String.format(
                    Locale.ROOT,
                    "%,d operations, %,.0f/s, %,d failed",
                    done.get(),
                    done.get() / elapsed,
                    failures.get()));
      }
    } finally {
      for (Thread worker : workers) {
        worker.interrupt();
      }
      progress.clear();
      seconds = (System.nanoTime() - start) / 1e9;
    }
  }

  private void step() {
    Operation operation = workload.next();
    long start = System.nanoTime();
    try {
      perform(operation);
      long micros = TimeUnit.NANOSECONDS.toMicros(System.nanoTime() - start);
      record(operation, micros);
      done.incrementAndGet();
    } catch (VarveException e) {
      if (!Thread.currentThread().isInterrupted()) {
        failures.incrementAndGet();
        String kind = e.getClass().getSimpleName().replace("Exception", "") + " " + e.reason();
        synchronized (failuresByReason) {
          failuresByReason.merge(kind, 1L, Long::sum);
        }
      }
    }
  }

  private void record(Operation operation, long micros) {
    Histogram latency = latencies.get(operation);
    if (latency != null) { // the map has every operation
      latency.recordValue(Math.min(micros, LONGEST_MICROS));
    }
  }

  private void perform(Operation operation) {
    switch (operation) {
      case READ -> read(items.key(chooser.next()));
      case UPDATE -> write(items.key(chooser.next()));
      case INSERT -> write(items.key(items.insert()));
      case SCAN -> scan(items.scanPrefix(chooser.next()));
      case READ_MODIFY_WRITE -> {
        ByteString key = items.key(chooser.next());
        read(key);
        write(key);
      }
    }
  }

  private void read(ByteString key) {
    if (client.get(key, ReadOptions.DEFAULT.in(keyspace)).isEmpty()) {
      missing.incrementAndGet();
    }
  }

  private void write(ByteString key) {
    client.put(key, items.newValue(), WriteOptions.DEFAULT.in(keyspace));
  }

  private void scan(ByteString prefix) {
    int limit = ThreadLocalRandom.current().nextInt(LONGEST_SCAN) + 1;
    try (ScanCursor cursor = client.scan(new ScanOptions(keyspace, prefix, false, limit, false))) {
      while (cursor.hasNext()) {
        cursor.next();
      }
    }
  }

  void print(VarveCommand varve) {
    if (varve.json()) {
      varve.invocation().out().println(json());
      return;
    }
    varve
        .invocation()
        .out()
        .println(
            String.format(
                Locale.ROOT,
                "workload %s: %,d operations in %.1f s with %d threads: %,.0f/s; %,d failed, %,d reads found nothing",
                workload,
                done.get(),
                seconds,
                threads,
                done.get() / seconds,
                failures.get(),
                missing.get()));
    Table table =
        new Table("OPERATION", "COUNT>", "MEAN>", "P50>", "P95>", "P99>", "P99.9>", "MAX>");
    for (Map.Entry<Operation, Histogram> entry : latencies.entrySet()) {
      Histogram histogram = entry.getValue();
      if (histogram.getTotalCount() > 0) {
        table.row(
            entry.getKey().name().toLowerCase(Locale.ROOT).replace('_', '-'),
            String.format(Locale.ROOT, "%,d", histogram.getTotalCount()),
            millis(histogram.getMean()),
            millis((double) histogram.getValueAtPercentile(50)),
            millis((double) histogram.getValueAtPercentile(95)),
            millis((double) histogram.getValueAtPercentile(99)),
            millis((double) histogram.getValueAtPercentile(99.9)),
            millis((double) histogram.getMaxValue()));
      }
    }
    table.print(varve.invocation().out());
    synchronized (failuresByReason) {
      failuresByReason.forEach(
          (reason, count) -> varve.invocation().out().println("failed: " + count + " x " + reason));
    }
  }

  private static String millis(double micros) {
    return String.format(Locale.ROOT, "%.2fms", micros / 1000);
  }

  private JsonObject json() {
    JsonObject json = new JsonObject();
    json.addProperty("workload", workload.name());
    json.addProperty("threads", threads);
    json.addProperty("seconds", Math.round(seconds * 1000) / 1000.0);
    json.addProperty("operations", done.get());
    json.addProperty("operationsPerSecond", Math.round(done.get() / seconds));
    json.addProperty("failures", failures.get());
    json.addProperty("missing", missing.get());
    JsonObject byReason = new JsonObject();
    synchronized (failuresByReason) {
      failuresByReason.forEach(byReason::addProperty);
    }
    json.add("failuresByReason", byReason);
    JsonObject kinds = new JsonObject();
    latencies.forEach(
        (operation, histogram) -> {
          if (histogram.getTotalCount() > 0) {
            JsonObject kind = new JsonObject();
            kind.addProperty("count", histogram.getTotalCount());
            kind.addProperty("meanMicros", Math.round(histogram.getMean()));
            kind.addProperty("p50Micros", histogram.getValueAtPercentile(50));
            kind.addProperty("p95Micros", histogram.getValueAtPercentile(95));
            kind.addProperty("p99Micros", histogram.getValueAtPercentile(99));
            kind.addProperty("p999Micros", histogram.getValueAtPercentile(99.9));
            kind.addProperty("maxMicros", histogram.getMaxValue());
            kinds.add(operation.name().toLowerCase(Locale.ROOT), kind);
          }
        });
    json.add("latency", kinds);
    return json;
  }
}
