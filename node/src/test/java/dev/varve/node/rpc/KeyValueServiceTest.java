package dev.varve.node.rpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import dev.varve.node.Failures;
import dev.varve.node.TestNode;
import dev.varve.protocol.v1.DeleteRequest;
import dev.varve.protocol.v1.GetRequest;
import dev.varve.protocol.v1.GetResponse;
import dev.varve.protocol.v1.Mutation;
import dev.varve.protocol.v1.PutRequest;
import dev.varve.protocol.v1.ScanRequest;
import dev.varve.protocol.v1.WriteRequest;
import dev.varve.protocol.v1.WriteResponse;
import io.grpc.Status;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KeyValueServiceTest {
  private static final ByteString VALUE = ByteString.copyFromUtf8("value");
  private static TestNode node;

  @BeforeAll
  static void start(@TempDir Path directory) throws IOException {
    node = TestNode.standalone(directory);
  }

  @AfterAll
  static void stop() {
    node.close();
  }

  private static PutRequest.Builder put(String key) {
    return TestNode.put("", key, VALUE);
  }

  private static Mutation mutation(PutRequest.Builder put) {
    return Mutation.newBuilder().setPut(put).build();
  }

  private static ByteString zeros(int size) {
    return ByteString.copyFrom(new byte[size]);
  }

  @Test
  void whatIsPutIsReadAndWhatIsDeletedIsNot() {
    WriteResponse written = node.put("a", "1");
    assertTrue(written.getSequence() > 0);
    assertTrue(written.getTerm() > 0);
    GetResponse read = node.get("a");
    assertTrue(read.getFound());
    assertEquals("1", read.getValue().toStringUtf8());
    assertEquals(written.getSequence(), read.getSequence());
    assertEquals(0, read.getExpiresAtMs());

    WriteResponse deleted = node.data().delete(TestNode.delete("a").build());
    assertTrue(deleted.getSequence() > written.getSequence());
    assertFalse(node.get("a").getFound());
    assertFalse(node.get("never").getFound());
  }

  @Test
  void anEmptyKeyspaceIsMainAndKeyspacesAreApart() {
    node.put("same", "in main");
    node.data().put(TestNode.put("objects", "same", ByteString.copyFromUtf8("there")).build());
    GetRequest.Builder get = GetRequest.newBuilder().setKey(ByteString.copyFromUtf8("same"));
    assertEquals(
        "in main", node.data().get(get.setKeyspace("main").build()).getValue().toStringUtf8());
    assertEquals(
        "there", node.data().get(get.setKeyspace("objects").build()).getValue().toStringUtf8());
  }

  private static WriteRequest.Builder request(int client, long request, PutRequest.Builder put) {
    byte[] id = new byte[16];
    id[0] = (byte) client;
    return WriteRequest.newBuilder()
        .setClientId(ByteString.copyFrom(id))
        .setRequestId(request)
        .addMutations(mutation(put));
  }

  @Test
  void aBatchThatIsSentAgainIsNotAppliedAgain() {
    WriteRequest once = request(1, 7, put("once").setIfSequence(0)).build();
    WriteResponse first = node.data().write(once);
    assertEquals(first, node.data().write(once), "its condition does not hold any more");
    WriteResponse second = node.data().write(request(1, 8, put("once")).build());
    assertTrue(second.getSequence() > first.getSequence(), "another request");
    assertEquals(first, node.data().write(once), "and the newer value stays");
    WriteResponse other = node.data().write(request(2, 7, put("once")).build());
    assertTrue(other.getSequence() > second.getSequence(), "another client");
  }

  @Test
  void aBatchThatWasRefusedCanBeSentAgain() {
    WriteRequest conditional = request(3, 1, put("later").setIfSequence(0)).build();
    node.put("later", "there");
    Failures.refused(Reason.VERSION_MISMATCH, () -> node.data().write(conditional));
    node.data().delete(TestNode.delete("later").build());
    assertTrue(node.data().write(conditional).getSequence() > 0);
  }

  @Test
  void aClientsIdHasSixteenBytes() {
    Failures.refused(
        Reason.INVALID_REQUEST,
        () -> node.data().write(request(4, 1, put("a")).setClientId(zeros(3)).build()));
  }

  @Test
  void conditionsHoldOrNothingIsWritten() {
    WriteResponse first = node.data().put(put("cond").setIfSequence(0).build());
    var info =
        Failures.refused(
            Reason.VERSION_MISMATCH, () -> node.data().put(put("cond").setIfSequence(0).build()));
    assertEquals(Long.toString(first.getSequence()), info.getMetadataOrThrow("current"));
    WriteResponse second = node.data().put(put("cond").setIfSequence(first.getSequence()).build());
    Failures.refused(
        Reason.VERSION_MISMATCH,
        () ->
            node.data()
                .delete(
                    DeleteRequest.newBuilder()
                        .setKey(ByteString.copyFromUtf8("cond"))
                        .setIfSequence(first.getSequence())
                        .build()));
    assertEquals(second.getSequence(), node.get("cond").getSequence());
  }

  @Test
  void aBatchTakesOneSequenceAndIsAppliedWholeOrNotAtAll() {
    WriteResponse written =
        node.data()
            .write(
                WriteRequest.newBuilder()
                    .addMutations(mutation(put("b1")))
                    .addMutations(mutation(TestNode.put("objects", "b2", VALUE)))
                    .setRequestId(77)
                    .build());
    assertEquals(77, written.getRequestId());
    assertEquals(written.getSequence(), node.get("b1").getSequence());
    Failures.refused(
        Reason.VERSION_MISMATCH,
        () ->
            node.data()
                .write(
                    WriteRequest.newBuilder()
                        .addMutations(mutation(put("b3")))
                        .addMutations(mutation(put("b1").setIfSequence(0)))
                        .build()));
    assertFalse(node.get("b3").getFound());
  }

  @Test
  void aTimeToLiveBecomesATimeOfExpiry() {
    long before = System.currentTimeMillis();
    node.data().put(put("ttl").setTtlMs(60_000).build());
    long expires = node.get("ttl").getExpiresAtMs();
    assertTrue(expires >= before + 60_000 && expires <= System.currentTimeMillis() + 60_000);
    node.data().put(put("fixed").setExpiresAtMs(before + 1_000_000).build());
    assertEquals(before + 1_000_000, node.get("fixed").getExpiresAtMs());
    node.data().put(put("past").setExpiresAtMs(before - 1).build());
    assertFalse(node.get("past").getFound());
  }

  @Test
  void timesToLiveThatMakeNoSenseAreRefused() {
    assertEquals(
        "ttl_ms",
        Failures.refused(
                Reason.INVALID_REQUEST,
                () -> node.data().put(put("x").setTtlMs(1).setExpiresAtMs(1).build()))
            .getMetadataOrThrow("field"));
    Failures.refused(Reason.INVALID_REQUEST, () -> node.data().put(put("x").setTtlMs(-1).build()));
    Failures.refused(
        Reason.INVALID_REQUEST, () -> node.data().put(put("x").setTtlMs(Long.MAX_VALUE).build()));
    Failures.refused(
        Reason.INVALID_REQUEST, () -> node.data().put(put("x").setExpiresAtMs(-1).build()));
    assertFalse(node.get("x").getFound());
  }

  @Test
  void keysHave1To4096Bytes() {
    PutRequest.Builder put = PutRequest.newBuilder().setValue(VALUE);
    Failures.refused(Reason.KEY_EMPTY, () -> node.data().put(put.build()));
    Failures.refused(Reason.KEY_EMPTY, () -> node.data().get(GetRequest.getDefaultInstance()));
    Failures.refused(
        Reason.KEY_EMPTY, () -> node.data().delete(DeleteRequest.getDefaultInstance()));
    node.data().put(put.setKey(zeros(4096)).build());
    assertTrue(node.data().get(GetRequest.newBuilder().setKey(zeros(4096)).build()).getFound());
    var info =
        Failures.refused(
            Reason.KEY_TOO_LARGE, () -> node.data().put(put.setKey(zeros(4097)).build()));
    assertEquals("key", info.getMetadataOrThrow("field"));
    Failures.refused(
        Reason.KEY_TOO_LARGE,
        () -> node.data().get(GetRequest.newBuilder().setKey(zeros(4097)).build()));
  }

  @Test
  void valuesHaveUpTo16MiB() {
    node.data().put(TestNode.put("objects", "big", zeros(16 << 20)).build());
    GetResponse read =
        node.data()
            .get(
                GetRequest.newBuilder()
                    .setKeyspace("objects")
                    .setKey(ByteString.copyFromUtf8("big"))
                    .build());
    assertEquals(16 << 20, read.getValue().size());
    var failure =
        Failures.failed(
            Status.Code.INVALID_ARGUMENT,
            () -> node.data().put(TestNode.put("objects", "big", zeros((16 << 20) + 1)).build()));
    assertEquals("VALUE_TOO_LARGE", Failures.info(failure).getReason());
    assertEquals(
        "value: 16777217 bytes are more than 16777216", failure.getStatus().getDescription());
  }

  @Test
  void aBatchHasUpTo10000MutationsAnd16MiBAndOneMutationAKey() {
    WriteRequest.Builder many = WriteRequest.newBuilder();
    for (int i = 0; i < 10_000; i++) {
      many.addMutations(mutation(put("many-" + i)));
    }
    node.data().write(many.build());
    Failures.refused(
        Reason.BATCH_TOO_LARGE,
        () -> node.data().write(many.addMutations(mutation(put("one more"))).build()));
    assertFalse(node.get("one more").getFound());

    WriteRequest.Builder large =
        WriteRequest.newBuilder()
            .addMutations(mutation(TestNode.put("", "l1", zeros(9 << 20))))
            .addMutations(mutation(TestNode.put("", "l2", zeros(9 << 20))));
    Failures.refused(Reason.BATCH_TOO_LARGE, () -> node.data().write(large.build()));

    Failures.failed(
        Status.Code.INVALID_ARGUMENT,
        () ->
            node.data()
                .write(
                    WriteRequest.newBuilder()
                        .addMutations(mutation(put("twice")))
                        .addMutations(mutation(put("twice")))
                        .build()));
    assertFalse(node.get("twice").getFound());
    Failures.failed(
        Status.Code.INVALID_ARGUMENT, () -> node.data().write(WriteRequest.getDefaultInstance()));
    Failures.refused(
        Reason.INVALID_REQUEST,
        () ->
            node.data()
                .write(
                    WriteRequest.newBuilder().addMutations(Mutation.getDefaultInstance()).build()));
  }

  @Test
  void anUnknownKeyspaceIsRefusedEverywhere() {
    Failures.refused(
        Reason.UNKNOWN_KEYSPACE, () -> node.data().put(TestNode.put("nope", "k", VALUE).build()));
    Failures.refused(
        Reason.UNKNOWN_KEYSPACE,
        () ->
            node.data()
                .get(
                    GetRequest.newBuilder()
                        .setKeyspace("nope")
                        .setKey(ByteString.copyFromUtf8("k"))
                        .build()));
    Failures.refused(
        Reason.UNKNOWN_KEYSPACE,
        () -> node.data().scan(ScanRequest.newBuilder().setKeyspace("nope").build()).hasNext());
  }

  @Test
  void aSequenceThatIsStillToComeIsWaitedForAndThenRefused() {
    long last = node.put("seq", "1").getSequence();
    GetRequest.Builder get = GetRequest.newBuilder().setKey(ByteString.copyFromUtf8("seq"));
    assertTrue(node.data().get(get.setMinSequence(last).build()).getFound());
    var info =
        Failures.refused(
            Reason.REPLICA_BEHIND,
            () -> node.data().get(get.setMinSequence(last + 1_000_000).build()));
    assertTrue(Long.parseLong(info.getMetadataOrThrow("sequence")) >= last);
  }
}
