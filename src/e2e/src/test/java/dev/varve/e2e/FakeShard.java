package dev.varve.e2e;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import com.google.rpc.Code;
import com.google.rpc.ErrorInfo;
import dev.varve.protocol.v1.DeleteRequest;
import dev.varve.protocol.v1.GetRequest;
import dev.varve.protocol.v1.GetResponse;
import dev.varve.protocol.v1.KeyValueGrpc;
import dev.varve.protocol.v1.Mutation;
import dev.varve.protocol.v1.PutRequest;
import dev.varve.protocol.v1.WriteRequest;
import dev.varve.protocol.v1.WriteResponse;
import io.grpc.Server;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.protobuf.StatusProto;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A shard of one member in memory that can be told to lie. */
final class FakeShard extends KeyValueGrpc.KeyValueImplBase implements AutoCloseable {
  /** What is wrong with a shard. */
  enum Lie {
    NONE,
    /** Each twentieth write is acknowledged and then gone. */
    LOSES_A_WRITE,
    /** What was refused as not applied is applied. */
    APPLIES_WHAT_IT_REFUSED,
    /** A repeated request is applied again. */
    APPLIES_TWICE,
    /** The second change of a batch is left out. */
    TEARS_BATCHES,
    /** Now and then a read gives what the key had before. */
    READS_STALE,
    /** Conditions are not looked at. */
    FORGETS_CONDITIONS
  }

  private record Version(ByteString value, long sequence) {}

  private final Lie lie;
  private final Map<ByteString, Version> versions = new HashMap<>();
  private final Map<ByteString, Version> replaced = new HashMap<>();
  private final Map<String, Long> requests = new HashMap<>();
  private final Server server;
  private long sequence;
  private long calls;

  FakeShard(Lie lie) {
    this.lie = lie;
    try {
      server =
          NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
              .addService(this)
              .build()
              .start();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  Cluster.HostAndPort address() {
    return new Cluster.HostAndPort(
        InetAddress.getLoopbackAddress().getHostAddress(), server.getPort());
  }

  @Override
  public synchronized void get(GetRequest request, StreamObserver<GetResponse> answer) {
    Version version = versions.get(request.getKey());
    if (lie == Lie.READS_STALE && ++calls % 20 == 0) {
      version = replaced.get(request.getKey());
    }
    answer.onNext(
        version == null
            ? GetResponse.getDefaultInstance()
            : GetResponse.newBuilder()
                .setFound(true)
                .setValue(version.value())
                .setSequence(version.sequence())
                .build());
    answer.onCompleted();
  }

  @Override
  public void put(PutRequest request, StreamObserver<WriteResponse> answer) {
    write(List.of(Mutation.newBuilder().setPut(request).build()), "", answer);
  }

  @Override
  public void delete(DeleteRequest request, StreamObserver<WriteResponse> answer) {
    write(List.of(Mutation.newBuilder().setDelete(request).build()), "", answer);
  }

  @Override
  public void write(WriteRequest request, StreamObserver<WriteResponse> answer) {
    write(
        request.getMutationsList(),
        request.getClientId().toStringUtf8() + request.getRequestId(),
        answer);
  }

  private synchronized void write(
      List<Mutation> mutations, String id, StreamObserver<WriteResponse> answer) {
    calls++;
    Long known = lie == Lie.APPLIES_TWICE ? null : requests.get(id);
    if (known != null) {
      acknowledge(known, answer);
      return;
    }
    if (lie != Lie.FORGETS_CONDITIONS && !mutations.stream().allMatch(this::holds)) {
      answer.onError(failure(Code.ABORTED, "VERSION_MISMATCH"));
      return;
    }
    boolean refuses = calls % 17 == 0;
    if (refuses && lie != Lie.APPLIES_WHAT_IT_REFUSED) {
      answer.onError(failure(Code.FAILED_PRECONDITION, "NOT_PRIMARY"));
      return;
    }
    sequence++;
    if (!id.isEmpty()) {
      requests.put(id, sequence);
    }
    if (lie != Lie.LOSES_A_WRITE || sequence % 20 != 0) {
      (lie == Lie.TEARS_BATCHES ? mutations.subList(0, 1) : mutations).forEach(this::apply);
    }
    if (refuses) {
      answer.onError(failure(Code.FAILED_PRECONDITION, "NOT_PRIMARY"));
    } else if (calls % 7 == 0) {
      answer.onError(failure(Code.UNAVAILABLE, "QUORUM_UNAVAILABLE"));
    } else {
      acknowledge(sequence, answer);
    }
  }

  private boolean holds(Mutation mutation) {
    if (mutation.hasPut()
        ? !mutation.getPut().hasIfSequence()
        : !mutation.getDelete().hasIfSequence()) {
      return true;
    }
    Version version = versions.get(key(mutation));
    long wanted =
        mutation.hasPut()
            ? mutation.getPut().getIfSequence()
            : mutation.getDelete().getIfSequence();
    return wanted == (version == null ? 0 : version.sequence());
  }

  private void apply(Mutation mutation) {
    Version before = versions.remove(key(mutation));
    if (before != null) {
      replaced.put(key(mutation), before);
    }
    if (mutation.hasPut()) {
      versions.put(key(mutation), new Version(mutation.getPut().getValue(), sequence));
    }
  }

  private static ByteString key(Mutation mutation) {
    return mutation.hasPut() ? mutation.getPut().getKey() : mutation.getDelete().getKey();
  }

  private static void acknowledge(long sequence, StreamObserver<WriteResponse> answer) {
    answer.onNext(WriteResponse.newBuilder().setSequence(sequence).setTerm(1).build());
    answer.onCompleted();
  }

  private static StatusRuntimeException failure(Code code, String reason) {
    return StatusProto.toStatusRuntimeException(
        com.google.rpc.Status.newBuilder()
            .setCode(code.getNumber())
            .addDetails(
                Any.pack(ErrorInfo.newBuilder().setDomain("varve.dev").setReason(reason).build()))
            .build());
  }

  @Override
  public void close() {
    server.shutdownNow();
  }
}
