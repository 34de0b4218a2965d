package dev.varve.e2e;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import dev.varve.history.Change;
import dev.varve.history.History;
import dev.varve.history.Operation;
import dev.varve.protocol.v1.DeleteRequest;
import dev.varve.protocol.v1.GetRequest;
import dev.varve.protocol.v1.GetResponse;
import dev.varve.protocol.v1.KeyValueGrpc;
import dev.varve.protocol.v1.KeyValueGrpc.KeyValueBlockingStub;
import dev.varve.protocol.v1.Mutation;
import dev.varve.protocol.v1.PutRequest;
import dev.varve.protocol.v1.WriteRequest;
import dev.varve.protocol.v1.WriteResponse;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.random.RandomGenerator;

/**
 * A client, for one thread, that records all it does and is told. It asks one member until that one
 * does not answer as primary, then the next one: a read that a deposed primary answers gets into
 * the history like any other. What was refused for certain is recorded as not applied, which the
 * check of the history doubts.
 */
final class RecordedClient implements AutoCloseable {
  private static final Duration CALL_DEADLINE = Duration.ofSeconds(2);
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final Duration PAUSE = Duration.ofMillis(20);
  private static final int CLIENT_ID_BYTES = 16;

  private final String name;
  private final History history;
  private final List<Cluster.HostAndPort> members;
  private final Consumer<Refusal> onRefusal;
  private final List<ManagedChannel> channels = new ArrayList<>();
  private final ByteString clientId;

  /** The versions that keys had when this client last heard of them. */
  private final Map<String, Long> versions = new HashMap<>();

  private int current;
  private boolean isLost;
  private long requests;
  private long values;
  private long newest;

  /**
   * @param name different from those of all other clients of the store
   * @param onRefusal is told of each failed call; from this client's thread
   */
  RecordedClient(
      String name,
      List<Cluster.HostAndPort> members,
      History history,
      RandomGenerator random,
      Consumer<Refusal> onRefusal) {
    this.name = name;
    this.history = history;
    this.members = members;
    this.onRefusal = onRefusal;
    byte[] id = new byte[CLIENT_ID_BYTES];
    random.nextBytes(id);
    this.clientId = UnsafeByteOperations.unsafeWrap(id);
    members.forEach(member -> channels.add(ShardClient.connect(member)));
  }

  /** Asks this member next, whatever it was the last time. */
  void turnTo(int member) {
    current = member;
  }

  /** Whether the last call was not answered, so that the next one had better not be a write. */
  boolean isLost() {
    return isLost;
  }

  /** A value that no other put has. */
  String nextValue() {
    return name + "-" + values++;
  }

  /** The version that the key had when this client last heard of it; 0: absent, or not known. */
  long version(String key) {
    return versions.getOrDefault(key, 0L);
  }

  /** One try. False if there was no answer. */
  boolean get(String key) {
    GetRequest request = GetRequest.newBuilder().setKey(bytes(key)).build();
    Operation operation = history.get(name, key);
    try {
      GetResponse response = call(stub -> stub.get(request));
      operation.read(
          response.getFound() ? WireValue.text(response.getValue()) : null, response.getSequence());
      learn(key, response.getSequence());
      return true;
    } catch (StatusRuntimeException e) {
      operation.failed();
      turnAway(Refusal.of(e));
      return false;
    }
  }

  /** Sent once, without a request's id: what became of it may remain unknown. */
  void put(String key) {
    String value = nextValue();
    PutRequest request =
        PutRequest.newBuilder().setKey(bytes(key)).setValue(WireValue.of(value)).build();
    once(Change.put(key, value), stub -> stub.put(request));
  }

  /** Sent once, without a request's id: what became of it may remain unknown. */
  void delete(String key) {
    DeleteRequest request = DeleteRequest.newBuilder().setKey(bytes(key)).build();
    once(Change.delete(key), stub -> stub.delete(request));
  }

  private void once(Change change, Function<KeyValueBlockingStub, WriteResponse> request) {
    Operation operation = history.write(name, List.of(change));
    try {
      written(operation, List.of(change), call(request));
    } catch (StatusRuntimeException e) {
      Refusal refusal = Refusal.of(e);
      if (refusal.isNotApplied()) {
        operation.failed();
      } else {
        operation.unknown();
      }
      turnAway(refusal);
    }
  }

  /**
   * One batch under a request's id: sent again, as the same operation, as long as an answer leaves
   * open what became of it.
   */
  void write(List<Change> changes) {
    WriteRequest.Builder builder =
        WriteRequest.newBuilder()
            .setClientId(clientId)
            .setRequestId(++requests)
            .setAfterSequence(newest);
    changes.forEach(change -> builder.addMutations(mutation(change)));
    WriteRequest request = builder.build();
    Operation operation = history.write(name, changes);
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    boolean maybeApplied = false;
    do {
      try {
        written(operation, changes, call(stub -> stub.write(request)));
        return;
      } catch (StatusRuntimeException e) {
        Refusal refusal = Refusal.of(e);
        turnAway(refusal);
        if (refusal.isFinal() || (refusal.isNotApplied() && !maybeApplied)) {
          operation.failed();
          return;
        }
        maybeApplied = true;
      }
    } while (System.nanoTime() < deadline);
    operation.unknown();
  }

  private static Mutation mutation(Change change) {
    ByteString key = bytes(change.key());
    boolean isConditional = change.ifSequence() != Change.ANY_VERSION;
    if (change.value() == null) {
      DeleteRequest.Builder delete = DeleteRequest.newBuilder().setKey(key);
      return Mutation.newBuilder()
          .setDelete(isConditional ? delete.setIfSequence(change.ifSequence()) : delete)
          .build();
    }
    PutRequest.Builder put =
        PutRequest.newBuilder().setKey(key).setValue(WireValue.of(change.value()));
    return Mutation.newBuilder()
        .setPut(isConditional ? put.setIfSequence(change.ifSequence()) : put)
        .build();
  }

  private void written(Operation operation, List<Change> changes, WriteResponse response) {
    operation.written(response.getSequence());
    newest = Math.max(newest, response.getSequence());
    changes.forEach(
        change -> versions.put(change.key(), change.value() == null ? 0 : response.getSequence()));
  }

  private void learn(String key, long sequence) {
    newest = Math.max(newest, sequence);
    versions.put(key, sequence);
  }

  private <T> T call(Function<KeyValueBlockingStub, T> request) {
    T answer =
        request.apply(
            KeyValueGrpc.newBlockingStub(channels.get(current))
                .withDeadlineAfter(CALL_DEADLINE.toMillis(), TimeUnit.MILLISECONDS));
    isLost = false;
    return answer;
  }

  private void turnAway(Refusal refusal) {
    onRefusal.accept(refusal);
    if (refusal.isFinal()) {
      return;
    }
    isLost = true;
    if (refusal.isBroken()) {
      channels.get(current).shutdownNow();
      channels.set(current, ShardClient.connect(members.get(current)));
    }
    current = (current + 1) % members.size();
    Pause.of(PAUSE);
  }

  private static ByteString bytes(String key) {
    return ByteString.copyFromUtf8(key);
  }

  @Override
  public void close() {
    channels.forEach(ManagedChannel::shutdownNow);
  }
}
