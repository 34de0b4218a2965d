package dev.varve.node.rpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import dev.varve.node.Eventually;
import dev.varve.node.TestNode;
import dev.varve.protocol.v1.KeyValueGrpc;
import dev.varve.protocol.v1.Mutation;
import dev.varve.protocol.v1.WriteRequest;
import dev.varve.protocol.v1.WriteResponse;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.netty.NettyChannelBuilder;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WriteStreamTest {
  @TempDir Path directory;
  private TestNode node;

  @BeforeEach
  void start() throws IOException {
    node = TestNode.standalone(directory);
  }

  @AfterEach
  void stop() {
    node.close();
  }

  private StreamClient<WriteRequest, WriteResponse> open() {
    return open(node.channel(), -1);
  }

  private static StreamClient<WriteRequest, WriteResponse> open(
      ManagedChannel channel, int initial) {
    StreamClient<WriteRequest, WriteResponse> client = new StreamClient<>(initial);
    var _ = KeyValueGrpc.newStub(channel).writeStream(client);
    return client;
  }

  private static WriteRequest put(long id, String key, ByteString value) {
    return WriteRequest.newBuilder()
        .setRequestId(id)
        .addMutations(Mutation.newBuilder().setPut(TestNode.put("", key, value)))
        .build();
  }

  @Test
  void answersComeInTheOrderOfTheBatchesAndTheirSequencesGrow() throws InterruptedException {
    StreamClient<WriteRequest, WriteResponse> client = open();
    int count = 5_000;
    for (int i = 0; i < count; i++) {
      client.call().onNext(put(i, "k" + (i % 100), ByteString.copyFromUtf8("v" + i)));
    }
    client.call().onCompleted();
    client.awaitEnd();
    assertNull(client.failure());
    assertEquals(count, client.answers.size());
    long last = 0;
    for (int i = 0; i < count; i++) {
      WriteResponse answer = client.answers.get(i);
      assertEquals(i, answer.getRequestId());
      assertEquals(0, answer.getCode(), answer.toString());
      assertTrue(answer.getSequence() > last);
      last = answer.getSequence();
    }
    assertEquals("v4999", node.get("k99").getValue().toStringUtf8());
  }

  @Test
  void aBatchThatFailsIsAnsweredInItsPlaceAndTheNextGoOn() throws InterruptedException {
    StreamClient<WriteRequest, WriteResponse> client = open();
    client.call().onNext(put(1, "a", ByteString.copyFromUtf8("1")));
    client.call().onNext(put(2, "", ByteString.copyFromUtf8("2")));
    client
        .call()
        .onNext(
            WriteRequest.newBuilder()
                .setRequestId(3)
                .addMutations(
                    Mutation.newBuilder()
                        .setPut(
                            TestNode.put("", "a", ByteString.copyFromUtf8("3")).setIfSequence(0)))
                .build());
    client.call().onNext(put(4, "b", ByteString.copyFromUtf8("4")));
    client.call().onCompleted();
    client.awaitEnd();
    assertNull(client.failure());
    assertEquals(
        List.of("", "KEY_EMPTY", "VERSION_MISMATCH", ""),
        client.answers.stream().map(WriteResponse::getReason).toList());
    assertEquals(
        List.of(0, Status.Code.INVALID_ARGUMENT.value(), Status.Code.ABORTED.value(), 0),
        client.answers.stream().map(WriteResponse::getCode).toList());
    assertEquals(
        "mutations[0].put.key: a key has 1 to 4096 bytes, this one none",
        client.answers.get(1).getMessage());
    assertEquals("1", node.get("a").getValue().toStringUtf8());
    assertEquals("4", node.get("b").getValue().toStringUtf8());
  }

  @Test
  void aClientThatReadsNoAnswersIsHeldBack() throws InterruptedException {
    // A small window, so that answers nobody reads wait on the server and not in the transport.
    ManagedChannel channel =
        NettyChannelBuilder.forTarget(node.node().address())
            .usePlaintext()
            .flowControlWindow(1024)
            .build();
    try {
      StreamClient<WriteRequest, WriteResponse> client = open(channel, 0);
      ByteString value = ByteString.copyFrom(new byte[8 << 10]);
      int count = 8_000;
      int sent = 0;
      long sentNanos = System.nanoTime();
      while (sent < count && System.nanoTime() - sentNanos < TimeUnit.SECONDS.toNanos(2)) {
        if (client.call().isReady()) {
          client.call().onNext(put(sent, "k" + sent % 10, value));
          sent++;
          sentNanos = System.nanoTime();
        } else {
          Thread.onSpinWait();
        }
      }
      assertTrue(sent < count, "all " + sent + " were taken without one answer being read");
      client.call().request(Integer.MAX_VALUE);
      while (sent < count) {
        Eventually.holds(Duration.ofSeconds(30), () -> "room to send", client.call()::isReady);
        client.call().onNext(put(sent, "k" + sent % 10, value));
        sent++;
      }
      client.call().onCompleted();
      client.awaitEnd();
      assertNull(client.failure());
      assertEquals(count, client.answers.size());
    } finally {
      channel.shutdownNow();
    }
  }

  @Test
  void aStreamThatItsClientDropsHarmsNobody() {
    StreamClient<WriteRequest, WriteResponse> client = open();
    client.call().onNext(put(1, "dropped", ByteString.copyFromUtf8("1")));
    client.call().cancel("changed my mind", null);
    assertEquals("2", putAndGet("other", "2"));
  }

  private String putAndGet(String key, String value) {
    node.put(key, value);
    return node.get(key).getValue().toStringUtf8();
  }
}
