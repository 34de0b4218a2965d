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
  private final RecentLatency foreground = new RecentLatency(() -> nowNanos);
  private final DataMetrics metrics = new DataMetrics(registry, foreground, () -> nowNanos);

  private void assertForeground(long nanos) {
    assertTrue(
        foreground.p99Nanos() >= nanos && foreground.p99Nanos() <= nanos + nanos / 8,
        "99th percentile " + foreground.p99Nanos());
    assertEquals(
        foreground.p99Nanos() / 1e9,
        registry.get("varve.foreground.latency.seconds").gauge().value());
  }

  /** Guard: the two calls of {@code foreground.record}. */
  @Test
  void readsAndWritesAreBothForeground() {
    assertForeground(0);
    for (int i = 0; i < RecentLatency.OPERATIONS_MIN; i++) {
      long arrived = metrics.now();
      nowNanos += 3 * MS;
      metrics.read(arrived, arrived);
    }
    assertForeground(3 * MS);
    for (int i = 0; i < RecentLatency.OPERATIONS_MIN; i++) {
      long arrived = metrics.now();
      nowNanos += 9 * MS;
      metrics.written(arrived);
    }
    assertForeground(9 * MS);
    nowNanos += TimeUnit.SECONDS.toNanos(3);
    assertForeground(0);
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
    assertForeground(2 * MS);
    assertEquals(22, registry.get("varve.read").timer().max(TimeUnit.MILLISECONDS), 0.1);
  }

  @Test
  void failuresAndWhatStreamsAnswerAreNot() {
    for (int i = 0; i < RecentLatency.OPERATIONS_MIN; i++) {
      metrics.failed(Errors.Described.of(Reason.QUORUM_UNAVAILABLE, "no quorum", Map.of()));
      metrics.scanned(100);
      metrics.streamed(100);
    }
    assertForeground(0);
  }
}
