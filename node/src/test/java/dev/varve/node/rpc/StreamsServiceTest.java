package dev.varve.node.rpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import dev.varve.node.Eventually;
import dev.varve.node.Failures;
import dev.varve.node.TestNode;
import dev.varve.protocol.v1.CompactRequest;
import dev.varve.protocol.v1.CompactionEvent;
import dev.varve.protocol.v1.GetRequest;
import dev.varve.protocol.v1.ScanRequest;
import dev.varve.protocol.v1.StreamAppendRequest;
import dev.varve.protocol.v1.StreamAppendResponse;
import dev.varve.protocol.v1.StreamEntry;
import dev.varve.protocol.v1.StreamReadRequest;
import dev.varve.protocol.v1.StreamTrimRequest;
import dev.varve.protocol.v1.StreamTrimResponse;
import dev.varve.protocol.v1.StreamsGrpc;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StreamsServiceTest {
  private static final Duration SOON = Duration.ofSeconds(10);
  private static final ByteString CLIENT = ByteString.copyFrom(new byte[16]);

  @TempDir Path directory;
  private TestNode node;

  @BeforeEach
  void start() throws IOException {
    node = TestNode.standalone(directory, "VARVE_KEYSPACES", "main,log:Stream:4096");
  }

  @AfterEach
  void stop() {
    node.close();
  }

  private StreamsGrpc.StreamsBlockingStub streams() {
    return StreamsGrpc.newBlockingStub(node.channel()).withDeadlineAfter(30, TimeUnit.SECONDS);
  }

  private static StreamAppendRequest.Builder request(String... payloads) {
    StreamAppendRequest.Builder request = StreamAppendRequest.newBuilder().setStream("log");
    for (String payload : payloads) {
      request.addPayloads(ByteString.copyFromUtf8(payload));
    }
    return request;
  }

  private StreamAppendResponse append(String... payloads) {
    return streams().append(request(payloads).build());
  }

  private List<Long> ids(long from, int limit) {
    List<Long> ids = new ArrayList<>();
    streams()
        .read(
            StreamReadRequest.newBuilder().setStream("log").setFromId(from).setLimit(limit).build())
        .forEachRemaining(e -> ids.add(e.getId()));
    return ids;
  }

  private static List<Long> range(long from, long to) {
    return LongStream.rangeClosed(from, to).boxed().toList();
  }

  private StreamTrimResponse trim(StreamTrimRequest.Builder request) {
    return streams().trim(request.setStream("log").build());
  }

  private void fill(int entries) {
    for (int i = 0; i < entries; i += 50) {
      String[] payloads = new String[Math.min(50, entries - i)];
      for (int j = 0; j < payloads.length; j++) {
        payloads[j] = "payload " + (i + j);
      }
      append(payloads);
    }
  }

  @Test
  void entriesAreReadInTheOrderTheyWereAppended() {
    long beforeMs = System.currentTimeMillis();
    StreamAppendResponse first = append("a", "b");
    assertEquals(1, first.getFirstId());
    assertEquals(2, first.getLastId());
    assertEquals(3, append("").getFirstId());
    List<StreamEntry> entries = new ArrayList<>();
    streams()
        .read(StreamReadRequest.newBuilder().setStream("log").build())
        .forEachRemaining(entries::add);
    assertEquals(
        List.of("a", "b", ""), entries.stream().map(e -> e.getPayload().toStringUtf8()).toList());
    assertTrue(entries.getFirst().getTimeMs() >= beforeMs);
    assertEquals(List.of(2L, 3L), ids(2, 0));
    assertEquals(List.of(1L, 2L), ids(0, 2));
    assertEquals(List.of(), ids(4, 0));
  }

  @Test
  void aReadOfManyEntriesIsWhole() {
    fill(5_000);
    assertEquals(range(1, 5_000), ids(0, 0));
  }

  @Test
  void aReaderThatFollowsIsToldOfNewEntriesUntilItsLimit() throws InterruptedException {
    fill(300);
    StreamClient<StreamReadRequest, StreamEntry> reader = new StreamClient<>(-1);
    StreamsGrpc.newStub(node.channel())
        .read(
            StreamReadRequest.newBuilder()
                .setStream("log")
                .setFromId(290)
                .setFollow(true)
                .setLimit(20)
                .build(),
            reader);
    Eventually.holds(SOON, reader.answers::toString, () -> reader.answers.size() == 11);
    append("new");
    Eventually.holds(SOON, reader.answers::toString, () -> reader.answers.size() == 12);
    fill(50);
    reader.awaitEnd();
    assertEquals(range(290, 309), reader.answers.stream().map(StreamEntry::getId).toList());
  }

  @Test
  void aSlowReaderThatFollowsGetsAllInOrder() throws InterruptedException {
    StreamClient<StreamReadRequest, StreamEntry> reader = new StreamClient<>(1);
    StreamsGrpc.newStub(node.channel())
        .read(
            StreamReadRequest.newBuilder().setStream("log").setFollow(true).setLimit(2000).build(),
            reader);
    fill(2_000);
    for (int taken = 1; taken < 2_000; taken += 37) {
      int wanted = taken;
      Eventually.holds(
          SOON,
          () -> reader.answers.size() + " of " + wanted,
          () -> reader.answers.size() >= wanted);
      reader.call().request(37);
    }
    reader.awaitEnd();
    assertEquals(range(1, 2_000), reader.answers.stream().map(StreamEntry::getId).toList());
  }

  @Test
  void aReaderThatFollowsEndsWithTheNode() throws InterruptedException {
    append("a");
    StreamClient<StreamReadRequest, StreamEntry> reader = new StreamClient<>(-1);
    StreamsGrpc.newStub(node.channel())
        .read(StreamReadRequest.newBuilder().setStream("log").setFollow(true).build(), reader);
    Eventually.holds(SOON, reader.answers::toString, () -> reader.answers.size() == 1);
    long startNanos = System.nanoTime();
    node.node().close();
    reader.awaitEnd();
    assertTrue(Duration.ofNanos(System.nanoTime() - startNanos).toSeconds() < 9, "not cut off");
    StatusRuntimeException failure =
        assertInstanceOf(StatusRuntimeException.class, reader.failure());
    assertEquals(Reason.SHUTTING_DOWN.name(), Failures.info(failure).getReason());
  }

  @Test
  void trimsAndSaysWhatWent() {
    fill(200);
    StreamTrimResponse exact = trim(StreamTrimRequest.newBuilder().setMaxLength(150));
    assertEquals(50, exact.getRemoved());
    assertEquals(51, exact.getFirstId());
    assertTrue(exact.getBytesReclaimed() > 50 * 56, exact::toString);
    assertEquals(range(51, 200), ids(0, 0));
    StreamTrimResponse approximate =
        trim(StreamTrimRequest.newBuilder().setMinId(190).setApproximate(true));
    assertTrue(approximate.getFirstId() <= 190 && approximate.getFirstId() > 100);
    assertEquals(range(approximate.getFirstId(), 200), ids(3, 0));
    assertEquals(0, trim(StreamTrimRequest.newBuilder().setMaxAgeMs(3_600_000)).getRemoved());

    List<CompactionEvent> events = new ArrayList<>();
    node.admin()
        .compact(CompactRequest.newBuilder().setKeyspace("log").setForce(true).build())
        .forEachRemaining(events::add);
    CompactionEvent end = events.getLast();
    assertEquals(CompactionEvent.Type.COMPLETED, end.getType(), end::toString);
    assertEquals(exact.getBytesReclaimed() + approximate.getBytesReclaimed(), end.getSpaceSaved());
    assertEquals(range(approximate.getFirstId(), 200), ids(0, 0));
    assertEquals(201, append("next").getFirstId());
  }

  @Test
  void anAppendThatIsSentAgainIsDoneOnce() {
    StreamAppendRequest once = request("a", "b").setClientId(CLIENT).setRequestId(7).build();
    StreamAppendResponse first = streams().append(once);
    assertEquals(first, streams().append(once));
    assertEquals(3, streams().append(once.toBuilder().setRequestId(8).build()).getFirstId());
    assertEquals(range(1, 4), ids(0, 0));
    // A refused one was not done, and may come again.
    StreamAppendRequest refused =
        StreamAppendRequest.newBuilder()
            .setStream("log")
            .setClientId(CLIENT)
            .setRequestId(9)
            .build();
    Failures.refused(Reason.INVALID_REQUEST, () -> streams().append(refused));
    assertEquals(5, streams().append(once.toBuilder().setRequestId(9).build()).getFirstId());
  }

  @Test
  void eachTypeOfKeyspaceRefusesTheOthersCalls() {
    ByteString key = ByteString.copyFromUtf8("k");
    Failures.refused(
        Reason.WRONG_KEYSPACE_TYPE, () -> node.data().put(TestNode.put("log", "k", key).build()));
    Failures.refused(
        Reason.WRONG_KEYSPACE_TYPE,
        () -> node.data().get(GetRequest.newBuilder().setKeyspace("log").setKey(key).build()));
    Failures.refused(
        Reason.WRONG_KEYSPACE_TYPE,
        () -> node.data().scan(ScanRequest.newBuilder().setKeyspace("log").build()).hasNext());
    StatusRuntimeException failure =
        Failures.failed(
            Status.Code.INVALID_ARGUMENT,
            () -> streams().append(request("a").setStream("main").build()));
    assertTrue(String.valueOf(failure.getMessage()).contains("main"), failure::toString);
    Failures.refused(
        Reason.WRONG_KEYSPACE_TYPE,
        () -> streams().read(StreamReadRequest.newBuilder().setStream("main").build()).hasNext());
    Failures.refused(
        Reason.WRONG_KEYSPACE_TYPE,
        () ->
            streams()
                .trim(StreamTrimRequest.newBuilder().setStream("main").setMaxLength(1).build()));
    Failures.refused(
        Reason.UNKNOWN_KEYSPACE,
        () -> streams().read(StreamReadRequest.newBuilder().setStream("no").build()).hasNext());
  }

  @Test
  void refusalsNameTheField() {
    assertEquals("stream", field(() -> streams().append(request("a").setStream("").build())));
    assertEquals("payloads", field(() -> append()));
    assertEquals(
        "client_id",
        field(
            () ->
                streams().append(request("a").setClientId(ByteString.copyFromUtf8("x")).build())));
    assertEquals("bound", field(() -> trim(StreamTrimRequest.newBuilder())));
    assertEquals("max_age_ms", field(() -> trim(StreamTrimRequest.newBuilder().setMaxAgeMs(-1))));
    assertEquals("from_id", field(() -> ids(-1, 0)));
  }

  private static String field(org.junit.jupiter.api.function.Executable call) {
    return Failures.refused(Reason.INVALID_REQUEST, call).getMetadataOrThrow("field");
  }
}
