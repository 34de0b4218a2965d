package dev.varve.node.rpc;

import dev.varve.store.compaction.RecentLatency;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * Counts and times what clients ask for, and tells compactions how long operations take lately.
 *
 * <p>For compactions an operation is a Get, or a batch that is written: by Put, Delete, Write,
 * Append, or as an item of a WriteStream. Somebody waits for each of them, and a compaction makes
 * them longer by reading and writing beside them. What does not count:
 *
 * <ul>
 *   <li>Scan, Read, Watch, Backup and the like: they take as long as what they were asked for is
 *       long and their client is slow, so they say nothing about the store.
 *   <li>What fails. Refusals come before the disk is touched and would make operations look fast; a
 *       write without a quorum takes until its time is over, and slowing compactions down would
 *       bring no quorum back.
 *   <li>Of a Get, what it waits for until it may start: a sequence that it names, or a majority
 *       that confirms the term. It counts from then on, so with its wait for a reader's thread,
 *       which is the longer the slower reads are. A write counts from its arrival to its
 *       acknowledgement: all between is the store's work, on the replicas too, which adopt what a
 *       compaction makes.
 * </ul>
 */
public final class DataMetrics {
  private static final double SECOND_NANOS = 1e9;

  private final MeterRegistry registry;
  private final ForegroundOperations foreground;
  private final LongSupplier nanoTime;
  private final Timer reads;
  private final Timer writes;
  private final Counter scanned;
  private final Counter streamed;
  private final Counter watched;

  /**
   * @param foreground is told how long operations took, reads and writes apart
   * @param nanoTime a monotonic clock
   */
  public DataMetrics(
      MeterRegistry registry, ForegroundOperations foreground, LongSupplier nanoTime) {
    this.registry = registry;
    this.foreground = foreground;
    this.nanoTime = nanoTime;
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
    watched =
        Counter.builder("varve.watch.messages")
            .description("Messages with changes that watches have sent")
            .register(registry);
    foregroundGauge("read", foreground.reads());
    foregroundGauge("write", foreground.writes());
  }

  private void foregroundGauge(String operation, RecentLatency latency) {
    Gauge.builder(
            "varve.foreground.latency.seconds", latency, kind -> kind.p99Nanos() / SECOND_NANOS)
        .tag("operation", operation)
        .description("99th percentile of Gets or writes lately, as compactions see it; 0: none")
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

  /** The clock that the times below are of. */
  long now() {
    return nanoTime.getAsLong();
  }

  /** A Get has been answered that arrived at the first time and could start at the second. */
  void read(long arrivedNanos, long startedNanos) {
    long now = now();
    reads.record(now - arrivedNanos, TimeUnit.NANOSECONDS);
    foreground.reads().record(now - startedNanos);
  }

  /** A batch has been acknowledged that arrived then. */
  void written(long arrivedNanos) {
    long tookNanos = now() - arrivedNanos;
    writes.record(tookNanos, TimeUnit.NANOSECONDS);
    foreground.writes().record(tookNanos);
  }

  void scanned(long entries) {
    scanned.increment((double) entries);
  }

  void streamed(long entries) {
    streamed.increment((double) entries);
  }

  void watched(long messages) {
    watched.increment((double) messages);
  }

  /** How many watches there are, whenever somebody asks. */
  void watches(Supplier<Number> calls) {
    Gauge.builder("varve.watches", calls).description("Watch calls under way").register(registry);
  }

  void failed(Errors.Described failure) {
    Counter.builder("varve.failures")
        .description("Requests and stream items that failed, by reason")
        .tag("reason", failure.reason().isEmpty() ? failure.code().name() : failure.reason())
        .register(registry)
        .increment();
  }
}
