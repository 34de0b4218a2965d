package dev.varve.node.compaction;

import dev.varve.store.CompactionEvent;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.Locale;

/** Counts how compactions ended and what they freed, by keyspace. */
public final class CompactionMetrics {
  private final MeterRegistry registry;

  public CompactionMetrics(MeterRegistry registry) {
    this.registry = registry;
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
  }
}
