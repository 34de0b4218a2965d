package dev.varve.node.compaction;

import dev.varve.store.CompactionEvent;
import dev.varve.store.compaction.RecentLatency;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/** Counts what compactions looked at, how they ended and what they did, by keyspace. */
public final class CompactionMetrics {
  private static final double SECOND_NANOS = 1e9;

  private final MeterRegistry registry;
  private final Map<String, AtomicLong> lastSuccess = new ConcurrentHashMap<>();

  /**
   * @param foreground one of what compactions yield to: each is told how long they wait for all
   */
  public CompactionMetrics(MeterRegistry registry, RecentLatency foreground) {
    this.registry = registry;
    FunctionCounter.builder(
            "varve.compaction.yielded",
            foreground,
            latency -> latency.yieldedNanos() / SECOND_NANOS)
        .baseUnit("seconds")
        .description("How long compactions have waited so that operations do not take longer")
        .register(registry);
  }

  void ended(CompactionEvent end) {
    Counter.builder("varve.compaction.runs")
        .description("Compactions by how they ended")
        .tag("keyspace", end.keyspace())
        .tag("outcome", end.type().name().toLowerCase(Locale.ROOT))
        .tag("reason", end.reason())
        .register(registry)
        .increment();
    Counter.builder("varve.compaction.reclaimed")
        .baseUnit("bytes")
        .description("Bytes that compactions have freed")
        .tag("keyspace", end.keyspace())
        .register(registry)
        .increment((double) Math.max(0, end.spaceSaved()));
    count(
        "varve.compaction.records.scanned",
        "Records that compactions read",
        end.recordsScanned(),
        end);
    count(
        "varve.compaction.records.dropped",
        "Records that were not copied",
        end.recordsDropped(),
        end);
    count(
        "varve.compaction.files.rewritten",
        "Segments that were replaced",
        end.filesRewritten(),
        end);
    Timer.builder("varve.compaction.duration")
        .description("How long compactions took that were let in")
        .tag("keyspace", end.keyspace())
        .register(registry)
        .record(Duration.ofMillis(end.durationMs()));
    if (end.type() == CompactionEvent.Type.COMPLETED) {
      lastSuccess.computeIfAbsent(end.keyspace(), this::lastSuccessGauge).set(end.timeMs());
    }
  }

  /** The node's own look at a keyspace. */
  void looked(String keyspace, boolean compacts, String reason) {
    Counter.builder("varve.compaction.looks")
        .description("Looks of the node's own at a keyspace, by what they led to")
        .tag("keyspace", keyspace)
        .tag("decision", compacts ? "compact" : "skip")
        .tag("reason", reason)
        .register(registry)
        .increment();
  }

  private void count(String name, String description, long by, CompactionEvent end) {
    Counter.builder(name)
        .description(description)
        .tag("keyspace", end.keyspace())
        .register(registry)
        .increment((double) by);
  }

  private AtomicLong lastSuccessGauge(String keyspace) {
    AtomicLong timeMs = new AtomicLong();
    Gauge.builder("varve.compaction.last.success", timeMs, time -> time.get() / 1000.0)
        .baseUnit("seconds")
        .description("When a compaction last completed here, in seconds since 1970")
        .tag("keyspace", keyspace)
        .register(registry);
    return timeMs;
  }
}
