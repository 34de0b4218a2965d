package dev.varve.node.rpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.store.compaction.RecentLatency;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class DataMetricsTest {
  private static final long MS = 1_000_000;

  private long nowNanos = 7_000_000_000L;
  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  private final ForegroundOperations foreground = ForegroundOperations.since(() -> nowNanos);
  private final DataMetrics metrics = new DataMetrics(registry, foreground, () -> nowNanos);

  private void assertForeground(long readNanos, long writeNanos) {
    assertForeground("read", foreground.reads(), readNanos);
    assertForeground("write", foreground.writes(), writeNanos);
  }

  private void assertForeground(String operation, RecentLatency latency, long nanos) {
    assertTrue(
        latency.p99Nanos() >= nanos && latency.p99Nanos() <= nanos + nanos / 8,
        operation + ": 99th percentile " + latency.p99Nanos());
    assertEquals(
        latency.p99Nanos() / 1e9,
        registry
            .get("varve.foreground.latency.seconds")
            .tag("operation", operation)
            .gauge()
            .value());
  }

  /** Guard: the two calls of {@code record}. */
  @Test
  void readsAndWritesAreBothForeground() {
    assertForeground(0, 0);
    for (int i = 0; i < RecentLatency.OPERATIONS_MIN; i++) {
      long arrived = metrics.now();
      nowNanos += 3 * MS;
      metrics.read(arrived, arrived);
    }
    assertForeground(3 * MS, 0);
    for (int i = 0; i < RecentLatency.OPERATIONS_MIN; i++) {
      long arrived = metrics.now();
      nowNanos += 9 * MS;
      metrics.written(arrived);
    }
    assertForeground(3 * MS, 9 * MS);
    nowNanos += TimeUnit.SECONDS.toNanos(3);
    assertForeground(0, 0);
  }

  /** Guard: {@code startedNanos} in {@code DataMetrics.read}. */
  @Test
  void whatAReadWaitsForBeforeItMayStartIsItsClients() {
    for (int i = 0; i < RecentLatency.OPERATIONS_MIN; i++) {
      long arrived = metrics.now();
      nowNanos += 20 * MS;
      long started = metrics.now();
      nowNanos += 2 * MS;
      metrics.read(arrived, started);
    }
    assertForeground(2 * MS, 0);
    assertEquals(22, registry.get("varve.read").timer().max(TimeUnit.MILLISECONDS), 0.1);
  }

  @Test
  void failuresAndWhatStreamsAnswerAreNot() {
    for (int i = 0; i < RecentLatency.OPERATIONS_MIN; i++) {
      metrics.failed(Errors.Described.of(Reason.QUORUM_UNAVAILABLE, "no quorum", Map.of()));
      metrics.scanned(100);
      metrics.streamed(100);
    }
    assertForeground(0, 0);
  }
}
