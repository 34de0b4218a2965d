package dev.varve.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.google.protobuf.ByteString;
import com.google.rpc.Code;
import dev.varve.protocol.v1.StreamAppendRequest;
import dev.varve.protocol.v1.StreamEntry;
import dev.varve.protocol.v1.StreamTrimRequest;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class VarveStreamTest {
  private FakeCluster cluster = new FakeCluster();

  @BeforeEach
  void start() throws IOException {
    cluster = FakeCluster.start(3);
  }

  @AfterEach
  void stop() {
    cluster.close();
  }

  /** A client that is told of a replica only. */
  private VarveClient client() {
    FakeNode replica =
        cluster.nodes().stream().filter(n -> n != cluster.primaryNode()).findFirst().orElseThrow();
    return VarveClient.connect(ClientOptions.of(replica.address()));
  }

  private static List<ByteString> payloads(String... texts) {
    return List.of(texts).stream().map(ByteString::copyFromUtf8).toList();
  }

  private static List<Long> ids(VarveStream stream, long from, int limit) {
    List<Long> ids = new ArrayList<>();
    try (MessageStream<StreamEntry> entries = stream.read(from, limit, false)) {
      entries.forEachRemaining(e -> ids.add(e.getId()));
    }
    return ids;
  }

  @Test
  void appendsAndReadsOnThePrimaryWhoeverIsAsked() {
    try (VarveClient client = client()) {
      VarveStream log = client.stream("log");
      assertEquals(1, log.append(payloads("a", "b")).getFirstId());
      assertEquals(3, log.append(payloads("c")).getLastId());
      assertEquals(List.of(1L, 2L, 3L), ids(log, 0, 0));
      assertEquals(List.of(2L), ids(log, 2, 1));
    }
  }

  @Test
  void anAppendThatIsSentAgainIsDoneOnce() {
    try (VarveClient client = client()) {
      VarveStream log = client.stream("log");
      cluster
          .primaryNode()
          .streams()
          .loseNextAnswer(
              FakeCluster.error(Code.UNAVAILABLE, "QUORUM_UNAVAILABLE", "no majority answered"));
      StreamAppendRequest request = log.request(payloads("a"));
      assertThrows(OutcomeUnknownException.class, () -> log.append(request));
      assertEquals(1, log.append(request).getFirstId());
      assertEquals(List.of(1L), ids(log, 0, 0));
      assertEquals(2, log.append(payloads("b")).getFirstId(), "another one is another one");
    }
  }

  @Test
  void trimsAsAsked() {
    try (VarveClient client = client()) {
      VarveStream log = client.stream("log");
      log.append(payloads("a", "b", "c"));
      assertEquals(2, log.trimToLength(1, true).getRemoved());
      assertEquals(List.of(3L), ids(log, 1, 0));
      log.trimToId(3, false);
      log.trimToAge(1000, false);
      StreamTrimRequest.Builder expected = StreamTrimRequest.newBuilder().setStream("log");
      assertEquals(
          List.of(
              expected.clone().setMaxLength(1).setApproximate(true).build(),
              expected.clone().setMinId(3).build(),
              expected.clone().setMaxAgeMs(1000).build()),
          cluster.primaryNode().streams().trims());
    }
  }

  @Test
  void saysWhatIsNoStream() {
    try (VarveClient client = client()) {
      InvalidRequestException refusal =
          assertThrows(
              InvalidRequestException.class, () -> client.stream("main").append(payloads("a")));
      assertEquals(Reason.WRONG_KEYSPACE_TYPE, refusal.reason());
    }
  }
}
