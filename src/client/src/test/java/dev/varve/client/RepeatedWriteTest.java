package dev.varve.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import com.google.rpc.Code;
import dev.varve.protocol.v1.WriteRequest;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A write whose outcome is unknown, at members that remember requests. */
class RepeatedWriteTest {
  private static final ByteString KEY = ByteString.copyFromUtf8("key");
  private static final ByteString VALUE = ByteString.copyFromUtf8("value");

  private FakeCluster cluster = new FakeCluster();
  private VarveClient client = VarveClient.connect(ClientOptions.of(new Address("127.0.0.1", 1)));

  @BeforeEach
  void start() throws IOException {
    client.close();
    cluster = FakeCluster.start(3);
    cluster.rememberRequests();
    client = connect(Duration.ofSeconds(10));
  }

  private VarveClient connect(Duration timeout) {
    return VarveClient.connect(
        ClientOptions.of(cluster.nodes().get(0).address())
            .withTimeout(timeout)
            .withStatusTimeout(Duration.ofMillis(300)));
  }

  @AfterEach
  void stop() {
    client.close();
    cluster.close();
  }

  private static StatusRuntimeException unknown() {
    return FakeCluster.error(Code.UNAVAILABLE, "QUORUM_UNAVAILABLE", "no majority answered");
  }

  private static StatusRuntimeException forgotten(long upTo) {
    return FakeCluster.error(
        Code.OUT_OF_RANGE, "SEQUENCE_TOO_OLD", "forgotten", "sequence", String.valueOf(upTo));
  }

  private Written put() {
    return client.put(KEY, VALUE, WriteOptions.DEFAULT);
  }

  @Test
  void isSentAgainWithItsIdsUntilItIsAnswered() {
    put();
    FakeNode primary = cluster.primaryNode();
    primary.loseNextAnswer(unknown());
    primary.loseNextAnswer(unknown());

    Written written = put();

    assertEquals(2, written.sequence());
    assertEquals(2, cluster.sequence());
    List<WriteRequest> sent = primary.writes().subList(1, 4);
    assertEquals(sent.get(0), sent.get(1));
    assertEquals(sent.get(0), sent.get(2));
    assertEquals(1, sent.get(0).getAfterSequence());
  }

  @Test
  void isSentToTheNextPrimary() {
    put();
    FakeNode first = cluster.primaryNode();
    first.silent(true);
    cluster.moveTo(1);

    assertEquals(2, put().term());

    assertEquals(2, cluster.sequence());
    assertEquals(first.writes().getLast(), cluster.nodes().get(1).writes().getFirst());
  }

  @Test
  void aDeletionIsSentAgainToo() {
    put();
    cluster.primaryNode().loseNextAnswer(unknown());

    assertEquals(2, client.delete(KEY, WriteOptions.DEFAULT).sequence());
  }

  /** A refusal of the second attempt does not say that the first one was refused. */
  @Test
  void staysOfUnknownOutcomeWhateverIsSaidLater() {
    put();
    FakeNode primary = cluster.primaryNode();
    for (StatusRuntimeException later :
        List.of(FakeCluster.error(Code.ABORTED, "VERSION_MISMATCH", "at 7"), forgotten(1))) {
      primary.failNext(unknown());
      primary.failNext(later);

      OutcomeUnknownException e = assertThrows(OutcomeUnknownException.class, this::put);

      assertEquals(Reason.QUORUM_UNAVAILABLE, e.reason());
      String message = String.valueOf(e.getMessage());
      assertTrue(message.contains("no majority") && message.contains("sent again"), message);
    }
  }

  /** Between its first look at the store and a write everything known may be forgotten. */
  @Test
  void oneThatWasNeverAppliedIsSentAsNewWhereOldOnesAreForgotten() {
    put();
    FakeNode primary = cluster.primaryNode();
    primary.failNext(forgotten(40));

    put();

    assertEquals(1, primary.writes().get(1).getAfterSequence());
    assertEquals(40, primary.writes().get(2).getAfterSequence());
    assertEquals(primary.writes().get(1).getRequestId(), primary.writes().get(2).getRequestId());
  }

  @Test
  void aBatchOfUnknownOutcomeIsNeverSentAsNew() {
    put();
    FakeNode primary = cluster.primaryNode();
    WriteBatch batch =
        client.batch(List.of(VarveClient.putMutation(KEY, VALUE, WriteOptions.DEFAULT)));
    primary.failNext(
        FakeCluster.error(Code.UNAVAILABLE, "SHUTTING_DOWN", "x", "outcome", "unknown"));
    primary.failNext(
        FakeCluster.error(Code.INVALID_ARGUMENT, "KEY_EMPTY", "an answer that ends it"));
    assertThrows(OutcomeUnknownException.class, () -> client.write(batch));
    primary.failNext(forgotten(40));

    assertThrows(SequenceTooOldException.class, () -> client.write(batch));

    assertEquals(1, primary.writes().getLast().getAfterSequence());
  }

  /** Its first attempt may have been passed over by a member that did not remember it. */
  @Test
  void oneThatWasSentBeforeRequestsAreRememberedIsNotRepeated() throws IOException {
    try (FakeCluster forgetful = FakeCluster.start(1);
        VarveClient early =
            VarveClient.connect(ClientOptions.of(forgetful.nodes().get(0).address()))) {
      early.put(KEY, VALUE, WriteOptions.DEFAULT);
      forgetful.primaryNode().loseNextAnswer(unknown());

      assertThrows(
          OutcomeUnknownException.class, () -> early.put(KEY, VALUE, WriteOptions.DEFAULT));

      assertEquals(2, forgetful.primaryNode().writes().size());
    }
  }
}
