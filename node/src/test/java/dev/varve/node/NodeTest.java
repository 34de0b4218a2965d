package dev.varve.node;

import static java.util.Comparator.naturalOrder;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import dev.varve.node.rpc.Reason;
import dev.varve.protocol.v1.CompactionEvent;
import dev.varve.protocol.v1.EventsRequest;
import dev.varve.protocol.v1.GetRequest;
import dev.varve.protocol.v1.KeyValueGrpc;
import dev.varve.protocol.v1.KeyspaceStatus;
import dev.varve.protocol.v1.StatusRequest;
import dev.varve.protocol.v1.Strategy;
import dev.varve.protocol.v1.WriteRequest;
import dev.varve.protocol.v1.WriteResponse;
import dev.varve.store.manifest.ManifestState;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.reflection.v1.ServerReflectionGrpc;
import io.grpc.reflection.v1.ServerReflectionRequest;
import io.grpc.reflection.v1.ServerReflectionResponse;
import io.grpc.stub.StreamObserver;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NodeTest {
  @TempDir Path directory;

  @Test
  void whatWasAcknowledgedIsThereAfterARestartInAHigherTerm() throws IOException {
    long term;
    try (TestNode node = TestNode.standalone(directory)) {
      term = node.put("kept", "1").getTerm();
    }
    try (TestNode node = TestNode.standalone(directory)) {
      assertEquals("1", node.get("kept").getValue().toStringUtf8());
      assertTrue(node.put("kept", "2").getTerm() > term);
    }
  }

  @Test
  void aDirectoryIsForOneNodeAtATime() throws IOException {
    try (TestNode node = TestNode.standalone(directory)) {
      IOException refusal = assertThrows(IOException.class, () -> TestNode.standalone(directory));
      assertTrue(
          String.valueOf(refusal.getMessage()).contains(directory.toString()), refusal.toString());
      assertFalse(node.get("any").getFound());
    }
  }

  @Test
  void tellsItsHealthOverGrpcAndReflectsItsServices() throws Exception {
    try (TestNode node = TestNode.standalone(directory)) {
      HealthGrpc.HealthBlockingStub health = HealthGrpc.newBlockingStub(node.channel());
      Eventually.holds(
          Duration.ofSeconds(5),
          () -> "SERVING",
          () ->
              health.check(HealthCheckRequest.getDefaultInstance()).getStatus()
                  == HealthCheckResponse.ServingStatus.SERVING);
      CompletableFuture<ServerReflectionResponse> answer = new CompletableFuture<>();
      StreamObserver<ServerReflectionRequest> asks =
          ServerReflectionGrpc.newStub(node.channel())
              .serverReflectionInfo(
                  new StreamObserver<>() {
                    @Override
                    public void onNext(ServerReflectionResponse response) {
                      answer.complete(response);
                    }

                    @Override
                    public void onError(Throwable failure) {
                      answer.completeExceptionally(failure);
                    }

                    @Override
                    public void onCompleted() {}
                  });
      asks.onNext(ServerReflectionRequest.newBuilder().setListServices("*").build());
      List<String> services =
          answer.get(10, TimeUnit.SECONDS).getListServicesResponse().getServiceList().stream()
              .map(service -> service.getName())
              .toList();
      asks.onCompleted();
      assertTrue(services.contains("varve.v1.KeyValue"), services.toString());
      assertTrue(services.contains("varve.v1.Admin"), services.toString());
    }
  }

  @Test
  void whileItStopsNewCallsAreToldSoAndOpenStreamsEnd() throws Exception {
    TestNode node = TestNode.standalone(directory);
    CompletableFuture<Throwable> ended = new CompletableFuture<>();
    CompletableFuture<Void> first = new CompletableFuture<>();
    StreamObserver<WriteRequest> stream =
        KeyValueGrpc.newStub(node.channel())
            .writeStream(
                new StreamObserver<>() {
                  @Override
                  public void onNext(WriteResponse answer) {
                    first.complete(null);
                  }

                  @Override
                  public void onError(Throwable failure) {
                    ended.complete(failure);
                  }

                  @Override
                  public void onCompleted() {
                    ended.completeExceptionally(new AssertionError("ended without a reason"));
                  }
                });
    stream.onNext(
        WriteRequest.newBuilder()
            .addMutations(
                dev.varve.protocol.v1.Mutation.newBuilder()
                    .setPut(TestNode.put("", "a", ByteString.copyFromUtf8("1"))))
            .build());
    first.get(10, TimeUnit.SECONDS);
    Thread stopping = Thread.ofPlatform().start(() -> node.node().close());
    io.grpc.StatusRuntimeException failure =
        (io.grpc.StatusRuntimeException) ended.get(20, TimeUnit.SECONDS);
    assertEquals(Reason.SHUTTING_DOWN.name(), Failures.info(failure).getReason());
    assertTrue(stopping.join(Duration.ofSeconds(20)));
    node.channel().shutdownNow();
  }

  @Test
  void callsAfterTheGateClosedAreRefusedWithShuttingDown() throws Exception {
    try (TestNode node = TestNode.standalone(directory)) {
      node.put("a", "1");
      // A scan that its client does not take keeps the node from stopping for its period of grace.
      ByteString value = ByteString.copyFrom(new byte[1 << 20]);
      for (int i = 0; i < 16; i++) {
        node.data().put(TestNode.put("objects", "k" + i, value).build());
      }
      var scan =
          node.data()
              .scan(dev.varve.protocol.v1.ScanRequest.newBuilder().setKeyspace("objects").build());
      assertTrue(scan.hasNext());
      Thread stopping = Thread.ofPlatform().start(() -> node.node().close());
      Eventually.holds(
          Duration.ofSeconds(5),
          () -> "a refusal",
          () -> {
            try {
              return !node.data()
                  .get(GetRequest.newBuilder().setKey(ByteString.copyFromUtf8("a")).build())
                  .getFound();
            } catch (io.grpc.StatusRuntimeException e) {
              assertEquals(Reason.SHUTTING_DOWN.name(), Failures.info(e).getReason());
              return true;
            }
          });
      int entries = 0;
      while (scan.hasNext()) {
        scan.next();
        entries++;
      }
      assertEquals(16, entries);
      assertTrue(stopping.join(Duration.ofSeconds(20)));
    }
  }

  @Test
  void compactsByItselfWhereNobodyElseDoes() throws IOException {
    try (TestNode node =
        TestNode.standalone(
            directory,
            "VARVE_MANAGED",
            "false",
            "COMPACTION_INTERVAL",
            "1",
            "COMPACTION_MIN_FILE_SIZE",
            "1MB",
            "CHECKPOINT_INTERVAL",
            "1",
            "SEGMENT_SIZE",
            "1MB")) {
      ByteString value = ByteString.copyFrom(new byte[64 << 10]);
      for (int i = 0; i < 100; i++) {
        node.data().put(TestNode.put("", "k" + i % 4, value).build());
      }
      Eventually.holds(
          Duration.ofSeconds(30),
          () -> "a compaction: " + main(node),
          () -> main(node).getTotalBytes() < 1 << 20 && main(node).getRetiredSegments() == 0);
      CompactionEvent event =
          node.admin().events(EventsRequest.newBuilder().setLast(1).build()).next();
      assertTrue(event.getRunId().startsWith("own-"), event.toString());
      assertEquals(value, node.get("k3").getValue());
    }
  }

  /** COMPACTION_TYPE, COMPACTION_MAX_SEGMENTS and COMPACTION_FORCE_DELETE take effect. */
  @Test
  void itsOwnCompactionIsAsTheSettingsSay() throws IOException {
    try (TestNode node =
        TestNode.standalone(
            directory,
            "VARVE_MANAGED",
            "false",
            "COMPACTION_INTERVAL",
            "1",
            "COMPACTION_TYPE",
            "Lookup",
            "COMPACTION_MIN_FILE_SIZE", // never reached: only the number of segments triggers
            "1Gi",
            "COMPACTION_MAX_SEGMENTS",
            "2",
            "COMPACTION_FORCE_DELETE",
            "true",
            "CHECKPOINT_INTERVAL", // none comes: what was replaced goes by force
            "3600",
            "SEGMENT_SIZE",
            "1MB")) {
      ByteString value = ByteString.copyFrom(new byte[64 << 10]);
      for (int i = 0; i < 100; i++) {
        node.data().put(TestNode.put("", "k" + i % 4, value).build());
      }
      Eventually.holds(
          Duration.ofSeconds(30),
          () -> "two segments: " + main(node),
          () -> main(node).getSegments() <= 2 && main(node).getRetiredSegments() == 0);
      CompactionEvent event =
          node.admin().events(EventsRequest.newBuilder().setLast(1).build()).next();
      assertEquals(Strategy.STRATEGY_LOOKUP, event.getStrategy());
      assertTrue(counted(node, "varve.compaction.looks", "reason", "TooManySegments") >= 1);
    }
  }

  /** Of the two keyspaces, with the same writes, one has a bound. */
  @Test
  void theBoundOnSegmentsOfObjectsIsTheirOwn() throws IOException {
    try (TestNode node =
        TestNode.standalone(
            directory,
            "VARVE_MANAGED",
            "false",
            "COMPACTION_INTERVAL",
            "1",
            "COMPACTION_MIN_FILE_SIZE", // never reached: only the number of segments triggers
            "1Gi",
            "OBJECT_STORE_COMPACTION_MAX_SEGMENTS",
            "3",
            "OBJECT_STORE_SEGMENT_SIZE",
            "1MB",
            "SEGMENT_SIZE",
            "1MB")) {
      ByteString value = ByteString.copyFrom(new byte[64 << 10]);
      for (int i = 0; i < 100; i++) {
        node.data().put(TestNode.put("", "k" + i % 4, value).build());
        node.data().put(TestNode.put("objects", "k" + i % 4, value).build());
      }
      Eventually.holds(
          Duration.ofSeconds(30),
          () -> "three segments: " + keyspace(node, "objects"),
          () -> keyspace(node, "objects").getSegments() <= 3);
      assertTrue(main(node).getSegments() > 3, () -> "compacted: " + main(node));
      assertTrue(counted(node, "varve.compaction.looks", "reason", "TooManySegments") >= 1);
    }
  }

  /**
   * Guards pitfalls 8 and 15: {@code OwnCompaction.look} asks {@code LowYieldBackoff} before a run
   * and tells it how it ended. A damaged segment makes each run fail.
   */
  @Test
  void aRunThatFailsIsNotRepeatedAtEveryLook() throws IOException {
    ByteString value = ByteString.copyFrom(new byte[64 << 10]);
    try (TestNode node = TestNode.standalone(directory, "SEGMENT_SIZE", "1MB")) {
      for (int i = 0; i < 100; i++) {
        node.data().put(TestNode.put("", "k" + i % 4, value).build());
      }
    }
    Path segment;
    try (var files = Files.list(directory.resolve("main"))) {
      segment = files.filter(f -> f.toString().endsWith(".log")).min(naturalOrder()).orElseThrow();
    }
    try (var file = FileChannel.open(segment, StandardOpenOption.WRITE)) {
      file.write(ByteBuffer.wrap("damaged".getBytes(StandardCharsets.UTF_8)), 1000);
    }
    try (TestNode node =
        TestNode.standalone(
            directory,
            "VARVE_MANAGED",
            "false",
            "COMPACTION_INTERVAL",
            "1",
            "COMPACTION_MIN_FILE_SIZE",
            "1MB",
            "SEGMENT_SIZE",
            "1MB")) {
      Eventually.holds(
          Duration.ofSeconds(30),
          () ->
              "looks that pass over: "
                  + counted(node, "varve.compaction.looks", "reason", "BackingOff"),
          () -> counted(node, "varve.compaction.looks", "reason", "BackingOff") >= 3);
      double failed = counted(node, "varve.compaction.runs", "outcome", "failed");
      assertTrue(failed >= 2 && failed <= 3, "failed: " + failed);
    }
  }

  private static double counted(TestNode node, String name, String tag, String value) {
    return node.metrics().find(name).tag(tag, value).counters().stream()
        .mapToDouble(Counter::count)
        .sum();
  }

  private static KeyspaceStatus main(TestNode node) {
    return keyspace(node, "main");
  }

  private static KeyspaceStatus keyspace(TestNode node, String name) {
    return node.admin().status(StatusRequest.getDefaultInstance()).getKeyspacesList().stream()
        .filter(status -> status.getName().equals(name))
        .findFirst()
        .orElseThrow();
  }

  /** CAPACITY and BALLAST take effect. */
  @Test
  void aFullStoreRefusesPutsAndTakesDeletes() throws IOException {
    try (TestNode node = TestNode.standalone(directory, "CAPACITY", "64Ki", "BALLAST", "100Ki")) {
      String value = "v".repeat(1000);
      Failures.refused(
          Reason.STORE_FULL,
          () -> {
            for (int i = 0; i < 100; i++) {
              node.put("key-" + i, value);
            }
          });
      assertEquals(value, node.get("key-0").getValue().toStringUtf8());
      node.data().delete(TestNode.delete("key-0").build());
      Path ballast = directory.resolve("_ballast");
      Eventually.holds(
          Duration.ofSeconds(10),
          () -> "the ballast",
          () -> ballast.toFile().length() == 100 << 10);
    }
  }

  /** OPEN_FILES_MAX takes effect. */
  @Test
  void hasFewFilesOpenAtATime() throws IOException {
    try (TestNode node =
        TestNode.standalone(directory, "SEGMENT_SIZE", "4096", "OPEN_FILES_MAX", "12")) {
      String value = "v".repeat(1000);
      for (int i = 0; i < 100; i++) {
        node.put("key-" + i, value);
      }
      for (int i = 0; i < 100; i++) {
        assertEquals(value, node.get("key-" + i).getValue().toStringUtf8());
      }
      Eventually.holds(
          Duration.ofSeconds(10),
          () -> "segments in the metrics",
          () -> gauge(node, "varve.keyspace.segments", "keyspace", "main") > 24);
      double open = node.metrics().get("varve.open.files").gauge().value();
      assertTrue(open > 0 && open <= 12, "open: " + open);
    }
  }

  /** SEGMENTS_MAX takes effect. */
  @Test
  void refusesPutsBeyondItsSegmentsAndTakesDeletes() throws IOException {
    try (TestNode node =
        TestNode.standalone(directory, "SEGMENT_SIZE", "4096", "SEGMENTS_MAX", "3")) {
      String value = "v".repeat(1000);
      Failures.refused(
          Reason.STORE_FULL,
          () -> {
            for (int i = 0; i < 20; i++) {
              node.put("key-" + i, value);
            }
          });
      assertEquals(value, node.get("key-0").getValue().toStringUtf8());
      node.data().delete(TestNode.delete("key-0").build());
      Eventually.holds(
          Duration.ofSeconds(10),
          () -> "three full segments in the metrics",
          () ->
              gauge(node, "varve.keyspace.segments", "keyspace", "main") == 3
                  && gauge(node, "varve.keyspace.total.bytes", "keyspace", "main") > 3 * 3000);
    }
  }

  @Test
  void measuresWhatItHolds() throws IOException {
    try (TestNode node = TestNode.standalone(directory)) {
      node.put("a", "1");
      node.get("a");
      Failures.refused(Reason.KEY_EMPTY, () -> node.put("", "1"));
      Eventually.holds(
          Duration.ofSeconds(10),
          () -> "a key in the metrics",
          () -> gauge(node, "varve.keyspace.live.keys", "keyspace", "main") == 1);
      assertEquals(1, gauge(node, "varve.role", "role", "primary"));
      assertEquals(0, gauge(node, "varve.role", "role", "replica"));
      assertTrue(gauge(node, "varve.keyspace.live.bytes", "keyspace", "main") > 40);
      assertEquals(0, gauge(node, "varve.keyspace.dead.bytes", "keyspace", "main"));
      assertTrue(gauge(node, "varve.keyspace.write.amplification", "keyspace", "main") > 1);
      assertTrue(
          gauge(node, "varve.keyspace.written.disk.bytes", "keyspace", "main")
              > gauge(node, "varve.keyspace.written.user.bytes", "keyspace", "main"));
      assertEquals(
          directory.resolve(ManifestState.PATH).toFile().length(),
          (long) node.metrics().get("varve.manifest.bytes").gauge().value());
      assertEquals(1, node.metrics().get("varve.read").timer().count());
      assertEquals(1, node.metrics().get("varve.write").timer().count());
      assertEquals(
          1, node.metrics().get("varve.failures").tag("reason", "KEY_EMPTY").counter().count());
    }
  }

  /** READ_CACHE takes effect. */
  @Test
  void keepsWhatIsReadOften() throws IOException {
    assertTrue(cacheHits("64KB") > 0);
    assertEquals(0, cacheHits("0"));
  }

  private double cacheHits(String readCache) throws IOException {
    try (TestNode node =
        TestNode.standalone(directory.resolve(readCache), "READ_CACHE", readCache)) {
      node.put("key", "value");
      for (int i = 0; i < 100; i++) {
        assertEquals("value", node.get("key").getValue().toStringUtf8());
      }
      node.put("another", "value");
      Eventually.holds(
          Duration.ofSeconds(10),
          () -> "in the metrics what was put after the reads",
          () -> gauge(node, "varve.keyspace.live.keys", "keyspace", "main") == 2);
      return node.metrics().get("varve.read.cache.hits").functionCounter().count();
    }
  }

  private static double gauge(TestNode node, String name, String tag, String value) {
    Gauge gauge = node.metrics().find(name).tag(tag, value).gauge();
    return gauge == null ? Double.NaN : gauge.value(); // the first figures are not there at once
  }
}
