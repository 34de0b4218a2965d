package dev.varve.e2e;

import com.google.protobuf.ByteString;
import dev.varve.protocol.v1.AdminGrpc;
import dev.varve.protocol.v1.GetRequest;
import dev.varve.protocol.v1.GetResponse;
import dev.varve.protocol.v1.KeyValueGrpc;
import dev.varve.protocol.v1.KeyValueGrpc.KeyValueBlockingStub;
import dev.varve.protocol.v1.Mutation;
import dev.varve.protocol.v1.PutRequest;
import dev.varve.protocol.v1.StatusRequest;
import dev.varve.protocol.v1.StatusResponse;
import dev.varve.protocol.v1.WriteRequest;
import dev.varve.protocol.v1.WriteResponse;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;

/**
 * A client of one shard over plain gRPC, for one thread: asks member after member until one answers
 * as primary. Deliberately not Varve's own client, which these tests must not need to trust.
 */
final class ShardClient implements AutoCloseable {
  private static final Duration CALL_DEADLINE = Duration.ofSeconds(2);
  private static final Duration PAUSE = Duration.ofMillis(50);

  private final List<Cluster.HostAndPort> members;
  private final List<ManagedChannel> channels = new ArrayList<>();
  private final Duration patience;
  private final AtomicLong refusals = new AtomicLong();
  private int current;

  /**
   * @param patience how long a call is tried again, at the next member, after a failure
   */
  ShardClient(List<Cluster.HostAndPort> members, Duration patience) {
    this.members = members;
    this.patience = patience;
    members.forEach(member -> channels.add(connect(member)));
  }

  Optional<GetResponse> get(ByteString key) {
    GetRequest request = GetRequest.newBuilder().setKey(key).build();
    GetResponse response = call(stub -> stub.get(request));
    return response.getFound() ? Optional.of(response) : Optional.empty();
  }

  WriteResponse put(ByteString key, ByteString value) {
    PutRequest request = PutRequest.newBuilder().setKey(key).setValue(value).build();
    return call(stub -> stub.put(request));
  }

  /** One atomic batch. */
  WriteResponse write(List<Mutation> mutations) {
    WriteRequest request = WriteRequest.newBuilder().addAllMutations(mutations).build();
    return call(stub -> stub.write(request));
  }

  /** The status of one member, whatever its role, or nothing where it does not answer. */
  Optional<StatusResponse> status(int member) {
    try {
      return Optional.of(
          AdminGrpc.newBlockingStub(channels.get(member))
              .withDeadlineAfter(CALL_DEADLINE.toMillis(), TimeUnit.MILLISECONDS)
              .status(StatusRequest.getDefaultInstance()));
    } catch (StatusRuntimeException e) {
      reconnect(member);
      return Optional.empty();
    }
  }

  /** The channel to a member, for calls that this class has no method for. */
  ManagedChannel channel(int member) {
    return channels.get(member);
  }

  /** How often a member did not answer, or not as primary. */
  long refusals() {
    return refusals.get();
  }

  private <T> T call(Function<KeyValueBlockingStub, T> request) {
    long deadline = System.nanoTime() + patience.toNanos();
    for (; ; ) {
      try {
        return request.apply(
            KeyValueGrpc.newBlockingStub(channels.get(current))
                .withDeadlineAfter(CALL_DEADLINE.toMillis(), TimeUnit.MILLISECONDS));
      } catch (StatusRuntimeException e) {
        if (isBroken(e.getStatus())) {
          reconnect(current);
        } else if (!isNotPrimary(e.getStatus())) {
          throw e;
        }
        refusals.incrementAndGet();
        current = (current + 1) % members.size();
        if (System.nanoTime() > deadline) {
          throw e;
        }
        Pause.of(PAUSE);
      }
    }
  }

  /** The connection, or the process at its other end, is gone or does not answer. */
  private static boolean isBroken(Status status) {
    return switch (status.getCode()) {
      // This client cancels nothing: a server that is being stopped resets what is under way.
      case UNAVAILABLE, DEADLINE_EXCEEDED, CANCELLED -> true;
      case UNKNOWN -> "channel closed".equals(status.getDescription()); // as grpc-netty has it
      default -> false;
    };
  }

  /** Not the primary, or no longer: the channel is good. */
  private static boolean isNotPrimary(Status status) {
    return switch (status.getCode()) {
      case FAILED_PRECONDITION, ABORTED -> true;
      default -> false;
    };
  }

  /**
   * A channel to a pod that is gone would wait for its old address; a new one finds the new pod.
   */
  private void reconnect(int member) {
    channels.get(member).shutdownNow();
    channels.set(member, connect(members.get(member)));
  }

  /** A new channel, which its maker shuts down. */
  static ManagedChannel connect(Cluster.HostAndPort member) {
    return NettyChannelBuilder.forAddress(member.host(), member.port())
        .usePlaintext()
        .maxInboundMessageSize(32 << 20)
        .build();
  }

  @Override
  public void close() {
    channels.forEach(ManagedChannel::shutdownNow);
  }
}
