package dev.varve.e2e;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.ErrorInfo;
import dev.varve.protocol.v1.GetRequest;
import dev.varve.protocol.v1.KeyValueGrpc;
import dev.varve.protocol.v1.KeyValueGrpc.KeyValueBlockingStub;
import dev.varve.protocol.v1.PutRequest;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.protobuf.StatusProto;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * What only a running store or operator can refuse; {@link CrdsE2E} has what the API server does.
 */
@Order(6)
@ExtendWith(ClusterExtension.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class BadInputE2E {
  private Store store;
  private ManagedChannel primary;
  private ManagedChannel replica;

  @BeforeAll
  void createStore(Cluster cluster) {
    store = Store.create(cluster, "refusals", "");
    int primaryIndex = Store.members().indexOf(store.primary());
    var members = store.expose();
    primary = connect(members.get(primaryIndex));
    replica = connect(members.get((primaryIndex + 1) % members.size()));
  }

  @AfterAll
  void deleteStore() {
    primary.shutdownNow();
    replica.shutdownNow();
    store.delete();
  }

  @Test
  void anEmptyKeyIsRefused() {
    refused(
        primary,
        Status.Code.INVALID_ARGUMENT,
        "KEY_EMPTY",
        stub -> stub.put(PutRequest.getDefaultInstance()));
  }

  @Test
  void aKeyOfMoreThan4096BytesIsRefused() {
    PutRequest longest = put("k".repeat(4096)).build();
    PutRequest tooLong = put("k".repeat(4097)).build();

    assertThat(KeyValueGrpc.newBlockingStub(primary).put(longest).getSequence()).isPositive();
    refused(primary, Status.Code.INVALID_ARGUMENT, "KEY_TOO_LARGE", stub -> stub.put(tooLong));
  }

  @Test
  void anUnknownKeyspaceIsRefused() {
    refused(
        primary,
        Status.Code.INVALID_ARGUMENT,
        "UNKNOWN_KEYSPACE",
        stub -> stub.put(put("key").setKeyspace("nowhere").build()));
  }

  @Test
  void aReplicaRefusesWritesAndNamesThePrimary() {
    ErrorInfo error =
        refused(
            replica,
            Status.Code.FAILED_PRECONDITION,
            "NOT_PRIMARY",
            stub -> stub.put(put("key").build()));
    assertThat(error.getMetadataMap()).containsKeys("primary", "term");
    assertThat(error.getMetadataMap().get("primary")).startsWith(store.primary() + ".");
  }

  @Test
  void aReplicaRefusesReadsThatMayNotBeStale() {
    refused(
        replica,
        Status.Code.FAILED_PRECONDITION,
        "NOT_PRIMARY",
        stub -> stub.get(GetRequest.newBuilder().setKey(ByteString.copyFromUtf8("key")).build()));
  }

  @Test
  void thePolicyThatSelectsNothingSaysSo(Cluster cluster) {
    cluster
        .apply(
            store.namespace(),
            """
            apiVersion: varve.dev/v1beta1
            kind: CompactionPolicy
            metadata: {name: nothing}
            spec: {clusterSelector: {matchLabels: {team: nobody}}}
            """)
        .orFail();

    Await.until(
        "a condition says that nothing is selected",
        30,
        () -> {
          JsonNode status = store.policyStatus("nothing");
          assertThat(status.at("/counts/selected").asInt(-1)).as("%s", status).isZero();
          assertThat(Store.condition(status, "Ready")).as("%s", status).isEqualTo("False");
        });
  }

  @Test
  void thePolicyThatNamesAnUnknownKeyspaceSaysSo() {
    store.policy("unknown-keyspace", "interval: 24h, keyspaces: [{name: nowhere}]");
    store.runNow("unknown-keyspace");

    Await.until(
        "the target says which keyspace is unknown",
        60,
        () -> {
          JsonNode target = store.policyStatus("unknown-keyspace").at("/targets/0");
          assertThat(target.path("decision").asText()).as("%s", target).isEqualTo("Skipped");
          assertThat(target.path("reason").asText()).as("%s", target).isEqualTo("UnknownKeyspace");
          assertThat(target.path("message").asText()).contains("nowhere");
        });
  }

  private static PutRequest.Builder put(String key) {
    return PutRequest.newBuilder().setKey(ByteString.copyFromUtf8(key));
  }

  private static ManagedChannel connect(Cluster.HostAndPort member) {
    return NettyChannelBuilder.forAddress(member.host(), member.port()).usePlaintext().build();
  }

  private static ErrorInfo refused(
      ManagedChannel member, Status.Code code, String reason, Consumer<KeyValueBlockingStub> call) {
    AtomicReference<@Nullable StatusRuntimeException> outcome = new AtomicReference<>();
    // The way to a member just exposed may still be cut: that says nothing of the call.
    Await.until(
        "the member is reached",
        60,
        () -> {
          StatusRuntimeException thrown =
              catchThrowableOfType(
                  StatusRuntimeException.class,
                  () -> call.accept(KeyValueGrpc.newBlockingStub(member)));
          assertThat(thrown).as("the call went through").isNotNull();
          assertThat(thrown.getStatus().getCode()).isNotEqualTo(Status.Code.UNAVAILABLE);
          outcome.set(thrown);
        });
    StatusRuntimeException refusal = requireNonNull(outcome.get());
    assertThat(refusal.getStatus().getCode()).as("%s", refusal).isEqualTo(code);
    ErrorInfo info = errorInfo(refusal);
    assertThat(info.getDomain()).isEqualTo("varve.dev");
    assertThat(info.getReason()).isEqualTo(reason);
    return info;
  }

  private static ErrorInfo errorInfo(StatusRuntimeException refusal) {
    try {
      com.google.rpc.Status status =
          requireNonNull(StatusProto.fromThrowable(refusal), "a refusal without details");
      for (Any detail : status.getDetailsList()) {
        if (detail.is(ErrorInfo.class)) {
          return detail.unpack(ErrorInfo.class);
        }
      }
    } catch (InvalidProtocolBufferException e) {
      throw new AssertionError("details that cannot be read", e);
    }
    throw new AssertionError("no ErrorInfo in " + refusal);
  }
}
