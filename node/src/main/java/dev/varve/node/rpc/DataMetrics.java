package dev.varve.node.rpc;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** Counts and times what clients ask for. */
public final class DataMetrics {
  private final MeterRegistry registry;
  private final Timer reads;
  private final Timer writes;
  private final Counter scanned;
  private final Counter streamed;

  public DataMetrics(MeterRegistry registry) {
    this.registry = registry;
    reads = timer("varve.read", "From a Get's arrival to its answer");
    writes = timer("varve.write", "From a batch's arrival to its acknowledgement");
    scanned =
        Counter.builder("varve.scan.entries")
            .description("Entries that scans have answered with")
            .register(registry);
    streamed =
        Counter.builder("varve.stream.entries")
            .description("Entries that reads of streams have answered with")
            .register(registry);
  }

  private Timer timer(String name, String description) {
    return Timer.builder(name)
        .description(description)
        .serviceLevelObjectives(
            Duration.ofNanos(250_000),
            Duration.ofMillis(1),
            Duration.ofMillis(2),
            Duration.ofMillis(5),
            Duration.ofMillis(10),
            Duration.ofMillis(25),
            Duration.ofMillis(50),
            Duration.ofMillis(100),
            Duration.ofMillis(250),
            Duration.ofSeconds(1),
            Duration.ofSeconds(5))
        .register(registry);
  }

  void read(long startNanos) {
    reads.record(System.nanoTime() - startNanos, TimeUnit.NANOSECONDS);
  }

  void written(long startNanos) {
    writes.record(System.nanoTime() - startNanos, TimeUnit.NANOSECONDS);
  }

  void scanned(long entries) {
    scanned.increment((double) entries);
  }

  void streamed(long entries) {
    streamed.increment((double) entries);
  }

  void failed(Errors.Described failure) {
    Counter.builder("varve.failures")
        .description("Requests and stream items that failed, by reason")
        .tag("reason", failure.reason().isEmpty() ? failure.code().name() : failure.reason())
        .register(registry)
        .increment();
  }
}
