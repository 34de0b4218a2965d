package dev.varve.node.rpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import dev.varve.node.Eventually;
import dev.varve.node.Failures;
import dev.varve.node.TestNode;
import dev.varve.protocol.v1.CompactRequest;
import dev.varve.protocol.v1.CompactionEvent;
import dev.varve.protocol.v1.EventsRequest;
import dev.varve.protocol.v1.KeyValueGrpc;
import dev.varve.protocol.v1.Mutation;
import dev.varve.protocol.v1.ScanRequest;
import dev.varve.protocol.v1.StreamAppendRequest;
import dev.varve.protocol.v1.StreamReadRequest;
import dev.varve.protocol.v1.StreamsGrpc;
import dev.varve.protocol.v1.WriteRequest;
import dev.varve.protocol.v1.WriteResponse;
import dev.varve.store.compaction.RecentLatency;
import io.micrometer.core.instrument.Gauge;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Compactions of a node yield to the operations that it serves. The clock that those are timed by
 * stands still but for a microsecond a look, so that they are recent until the test says otherwise.
 */
class ForegroundLatencyTest {
  private static final Duration SOON = Duration.ofSeconds(10);
  private static final ByteString VALUE = ByteString.copyFromUtf8("value");

  @TempDir Path directory;
  private final AtomicLong clock = new AtomicLong();

  private TestNode start(String... settings) throws IOException {
    return TestNode.standalone(directory, () -> clock.addAndGet(1_000), settings);
  }

  private static double foreground(TestNode node) {
    return node.metrics().get("varve.foreground.latency.seconds").gauges().stream()
        .mapToDouble(Gauge::value)
        .max()
        .orElseThrow();
  }

  private static double yielded(TestNode node) {
    return node.metrics().get("varve.compaction.yielded").functionCounter().count();
  }

  private void forget(TestNode node) {
    clock.addAndGet(TimeUnit.SECONDS.toNanos(10));
    assertEquals(0, foreground(node));
  }

  private void counts(TestNode node, String operation, Runnable call) {
    forget(node);
    for (int i = 0; i < RecentLatency.OPERATIONS_MIN; i++) {
      call.run();
    }
    // It is recorded after it was answered.
    Eventually.holds(SOON, () -> operation + " counts", () -> foreground(node) > 0);
    assertTrue(foreground(node) < 0.001, operation + " took " + foreground(node) + " s");
  }

  private static WriteRequest batch() {
    return WriteRequest.newBuilder()
        .addMutations(Mutation.newBuilder().setPut(TestNode.put("", "b", VALUE)))
        .build();
  }

  private static StreamsGrpc.StreamsBlockingStub streams(TestNode node) {
    return StreamsGrpc.newBlockingStub(node.channel()).withDeadlineAfter(30, TimeUnit.SECONDS);
  }

  private static StreamAppendRequest append() {
    return StreamAppendRequest.newBuilder().setStream("log").addPayloads(VALUE).build();
  }

  /** Guards: {@code metrics.read} and {@code metrics.written} in each service. */
  @Test
  void getsAndAllWaysToWriteCount() throws IOException, InterruptedException {
    try (TestNode node = start("VARVE_KEYSPACES", "main,log:Stream:4096")) {
      counts(node, "Get", () -> node.get("a"));
      counts(node, "Put", () -> node.put("a", "1"));
      counts(node, "Delete", () -> node.data().delete(TestNode.delete("a").build()));
      counts(node, "Write", () -> node.data().write(batch()));
      counts(node, "Append", () -> streams(node).append(append()));
      StreamClient<WriteRequest, WriteResponse> stream = new StreamClient<>(-1);
      var _ = KeyValueGrpc.newStub(node.channel()).writeStream(stream);
      counts(node, "WriteStream", () -> stream.call().onNext(batch()));
      stream.call().onCompleted();
      stream.awaitEnd();
    }
  }

  @Test
  void streamsAndFailuresDoNot() throws IOException {
    try (TestNode node = start("VARVE_KEYSPACES", "main,log:Stream:4096")) {
      node.put("a", "1");
      streams(node).append(append());
      forget(node);
      for (int i = 0; i < 2 * RecentLatency.OPERATIONS_MIN; i++) {
        node.data().scan(ScanRequest.getDefaultInstance()).forEachRemaining(entry -> {});
        streams(node)
            .read(StreamReadRequest.newBuilder().setStream("log").build())
            .forEachRemaining(entry -> {});
        Failures.refused(Reason.KEY_EMPTY, () -> node.get(""));
        Failures.refused(
            Reason.VERSION_MISMATCH,
            () -> node.data().put(TestNode.put("", "a", VALUE).setIfSequence(0).build()));
      }
      assertEquals(0, foreground(node));
    }
  }

  private static CompactionEvent compact(TestNode node) {
    CompactionEvent[] end = new CompactionEvent[1];
    node.admin()
        .compact(CompactRequest.newBuilder().setKeyspace("main").setMinBytes(0).build())
        .forEachRemaining(event -> end[0] = event);
    assertEquals(CompactionEvent.Type.COMPLETED, end[0].getType(), end[0].toString());
    return end[0];
  }

  private static void overwrite(TestNode node) {
    ByteString value = ByteString.copyFrom(new byte[64 << 10]);
    for (int i = 0; i < RecentLatency.OPERATIONS_MIN; i++) {
      node.data().put(TestNode.put("", "k" + i % 2, value).build());
    }
  }

  /** Guard: {@code withForegroundLatency} in {@code MemberProcess}. */
  @Test
  void aCompactionWithoutARateLimitYieldsToOperations() throws IOException {
    try (TestNode node = start()) {
      overwrite(node);
      forget(node);
      compact(node);
      assertEquals(0, yielded(node), "there was nobody to yield to");
      overwrite(node);
      CompactionEvent end = compact(node);
      assertTrue(yielded(node) > 0.5, "yielded " + yielded(node) + " s");
      assertTrue(end.getDurationMs() >= 500, end.toString());
    }
  }

  @Test
  void soDoesTheNodesOwn() throws IOException {
    try (TestNode node =
        start(
            "VARVE_MANAGED",
            "false",
            "COMPACTION_INTERVAL",
            "1",
            "COMPACTION_MIN_FILE_SIZE",
            "1MB")) {
      for (int i = 0; i < RecentLatency.OPERATIONS_MIN; i++) {
        node.get("a");
      }
      overwrite(node);
      Eventually.holds(Duration.ofSeconds(30), () -> "it yields", () -> yielded(node) > 0.5);
      CompactionEvent last =
          node.admin().events(EventsRequest.newBuilder().setLast(1).build()).next();
      assertTrue(last.getRunId().startsWith("own-"), last.toString());
    }
  }
}
