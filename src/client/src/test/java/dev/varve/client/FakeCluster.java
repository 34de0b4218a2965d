package dev.varve.client;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import com.google.rpc.Code;
import com.google.rpc.ErrorInfo;
import dev.varve.protocol.v1.Endpoint;
import dev.varve.protocol.v1.Mutation;
import dev.varve.protocol.v1.Role;
import dev.varve.protocol.v1.WatchResponse;
import dev.varve.protocol.v1.WriteRequest;
import dev.varve.protocol.v1.WriteResponse;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import io.netty.handler.ssl.SslContext;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A store in memory, of one shard, whose members listen on loopback ports. They share one state, as
 * if replication took no time; only the member that is the primary takes writes.
 */
public final class FakeCluster implements AutoCloseable {
  /** A stored value. */
  record Stored(ByteString value, long sequence, long expiresAtMs) {}

  private final Map<String, Map<ByteString, Stored>> keyspaces = new TreeMap<>();
  private final List<FakeNode> nodes = new ArrayList<>();
  private int primary;
  private boolean vacant;
  private long term = 1;
  private long sequence;
  private final List<WatchResponse> batches = new ArrayList<>();
  private final List<FakeWatch> watches = new ArrayList<>();
  private long goneUpTo;
  private boolean remembersRequests;
  private final Map<Request, WriteResponse> requests = new HashMap<>();

  private record Request(ByteString client, long id) {}

  /**
   * Starts so many members, the first of them primary in term 1, with keyspaces main and objects.
   */
  public static FakeCluster start(int members) throws IOException {
    return start(members, null);
  }

  /** The same; null: plain text. */
  static FakeCluster start(int members, @Nullable SslContext tls) throws IOException {
    FakeCluster cluster = new FakeCluster();
    cluster.keyspaces.put("main", new HashMap<>());
    cluster.keyspaces.put("objects", new HashMap<>());
    for (int i = 0; i < members; i++) {
      cluster.nodes.add(new FakeNode(cluster, "orders-0-" + i, tls));
    }
    return cluster;
  }

  /** The members, in order. */
  public List<FakeNode> nodes() {
    return nodes;
  }

  /** The member that is the primary now. */
  public synchronized FakeNode primaryNode() {
    return nodes.get(primary);
  }

  /** Makes another member the primary, in the next term. */
  public synchronized void moveTo(int member) {
    primary = member;
    vacant = false;
    term++;
    List.copyOf(watches).forEach(FakeWatch::send);
  }

  /** From now on a write that is sent again with its ids is answered as it was the first time. */
  public synchronized void rememberRequests() {
    remembersRequests = true;
  }

  synchronized boolean remembersRequests() {
    return remembersRequests;
  }

  /** The answer to a write that was applied before; null: none was. */
  synchronized @Nullable WriteResponse remembered(WriteRequest request) {
    return requests.get(new Request(request.getClientId(), request.getRequestId()));
  }

  synchronized void remember(WriteRequest request, WriteResponse answer) {
    if (remembersRequests) {
      requests.put(new Request(request.getClientId(), request.getRequestId()), answer);
    }
  }

  /** Changes up to a sequence can no longer be watched. */
  public synchronized void forgetUpTo(long last) {
    goneUpTo = last;
  }

  synchronized long goneUpTo() {
    return goneUpTo;
  }

  /** How many watches are open. */
  public synchronized int watches() {
    return watches.size();
  }

  synchronized void entered(FakeWatch watch) {
    watches.add(watch);
  }

  synchronized void left(FakeWatch watch) {
    watches.remove(watch);
  }

  /** A batch was applied: watches are told. */
  synchronized void applied(long at, List<Mutation> mutations) {
    batches.add(WatchResponse.newBuilder().setSequence(at).addAllMutations(mutations).build());
    List.copyOf(watches).forEach(FakeWatch::send);
  }

  synchronized @Nullable WatchResponse batchAfter(long position) {
    return batches.stream()
        .filter(batch -> batch.getSequence() > position)
        .findFirst()
        .orElse(null);
  }

  /** Nobody is the primary until the next {@link #moveTo}; members still name the last one. */
  public synchronized void vacate() {
    vacant = true;
  }

  synchronized long term() {
    return term;
  }

  synchronized long sequence() {
    return sequence;
  }

  synchronized boolean isPrimary(FakeNode node) {
    return !vacant && nodes.get(primary) == node;
  }

  synchronized List<Endpoint> topology() {
    List<Endpoint> endpoints = new ArrayList<>();
    for (FakeNode node : nodes) {
      endpoints.add(
          Endpoint.newBuilder()
              .setShard(0)
              .setMember(node.member())
              .setAddress(node.address().toString())
              .setRole(isPrimary(node) ? Role.ROLE_PRIMARY : Role.ROLE_REPLICA)
              .build());
    }
    return endpoints;
  }

  synchronized List<String> keyspaceNames() {
    return List.copyOf(keyspaces.keySet());
  }

  /** The entries of a keyspace, as they are now. */
  synchronized Map<ByteString, Stored> entries(String name) {
    return new HashMap<>(keyspace(name));
  }

  synchronized @Nullable Stored entry(String name, ByteString key) {
    return keyspace(name).get(key);
  }

  /** How many keys a keyspace has. */
  public synchronized int size(String name) {
    return keyspace(name).size();
  }

  private Map<ByteString, Stored> keyspace(String name) {
    Map<ByteString, Stored> entries = keyspaces.get(name.isEmpty() ? "main" : name);
    if (entries == null) {
      throw error(Code.INVALID_ARGUMENT, "UNKNOWN_KEYSPACE", "no keyspace '" + name + "'");
    }
    return entries;
  }

  synchronized void check(String keyspace, ByteString key, long ifSequence, boolean conditional) {
    if (key.isEmpty()) {
      throw error(Code.INVALID_ARGUMENT, "KEY_EMPTY", "a key has 1 to 4096 bytes");
    }
    if (key.size() > 4096) {
      throw error(
          Code.INVALID_ARGUMENT, "KEY_TOO_LARGE", "the key has " + key.size() + " bytes of 4096");
    }
    Stored present = keyspace(keyspace).get(key);
    long known = present == null ? 0 : present.sequence();
    if (conditional && known != ifSequence) {
      throw error(Code.ABORTED, "VERSION_MISMATCH", "the key's sequence is " + known);
    }
  }

  synchronized long nextSequence() {
    return ++sequence;
  }

  synchronized void put(String keyspace, ByteString key, Stored value) {
    keyspace(keyspace).put(key, value);
  }

  synchronized void delete(String keyspace, ByteString key) {
    keyspace(keyspace).remove(key);
  }

  /** An error as the protocol has them. */
  public static StatusRuntimeException error(
      Code code, String reason, String message, String... metadata) {
    ErrorInfo.Builder info = ErrorInfo.newBuilder().setReason(reason).setDomain("varve.dev");
    for (int i = 0; i < metadata.length; i += 2) {
      info.putMetadata(metadata[i], metadata[i + 1]);
    }
    return StatusProto.toStatusRuntimeException(
        com.google.rpc.Status.newBuilder()
            .setCode(code.getNumber())
            .setMessage(message)
            .addDetails(Any.pack(info.build()))
            .build());
  }

  @Override
  public void close() {
    nodes.forEach(FakeNode::stop);
  }
}
