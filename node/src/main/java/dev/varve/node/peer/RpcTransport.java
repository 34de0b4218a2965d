package dev.varve.node.peer;

import dev.varve.node.rpc.RpcServer;
import dev.varve.protocol.internal.v1.ReplicationGrpc;
import dev.varve.protocol.internal.v1.ReplicationResponse;
import dev.varve.replication.Request;
import dev.varve.replication.Response;
import dev.varve.replication.Transport;
import io.grpc.CallOptions;
import io.grpc.ConnectivityState;
import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.StreamObserver;
import io.netty.handler.ssl.SslContext;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * One gRPC channel to each other member. A channel whose connection fails is tried again each
 * second, not after gRPC's growing pauses: a member that comes back must be heard at once.
 */
public final class RpcTransport implements Transport, AutoCloseable {
  private static final long RECONNECT_NANOS = TimeUnit.SECONDS.toNanos(1);
  // Callers set shorter limits of their own; these only keep calls from piling up.
  private static final long DEADLINE_SECONDS = 10;
  private static final long FILES_DEADLINE_SECONDS = 120;

  private final Map<String, Peer> peers = new HashMap<>();

  private RpcTransport() {}

  /**
   * To members by name.
   *
   * @param addresses member name to host:port
   * @param tls what they are called with; null: plain text
   */
  public static RpcTransport toMembers(Map<String, String> addresses, @Nullable SslContext tls) {
    RpcTransport transport = new RpcTransport();
    addresses.forEach(
        (name, address) -> transport.peers.put(name, new Peer(name, channel(address, tls))));
    return transport;
  }

  /** To whatever member is at {@code address}; callers reach it as {@code peer}. */
  public static RpcTransport toAddress(String peer, String address, @Nullable SslContext tls) {
    RpcTransport transport = new RpcTransport();
    transport.peers.put(peer, new Peer("", channel(address, tls)));
    return transport;
  }

  private static ManagedChannel channel(String address, @Nullable SslContext tls) {
    NettyChannelBuilder builder =
        NettyChannelBuilder.forTarget("dns:///" + address)
            .directExecutor()
            .maxInboundMessageSize(RpcServer.MESSAGE_BYTES_MAX)
            .flowControlWindow(4 << 20)
            .keepAliveTime(10, TimeUnit.SECONDS)
            .keepAliveTimeout(3, TimeUnit.SECONDS)
            .keepAliveWithoutCalls(true)
            .disableRetry();
    return (tls == null ? builder.usePlaintext() : builder.sslContext(tls)).build();
  }

  /**
   * @param memberName whom its messages mean; empty: whoever gets them
   */
  private record Peer(String memberName, ManagedChannel channel, AtomicLong reconnectedNanos) {
    Peer(String memberName, ManagedChannel channel) {
      this(memberName, channel, new AtomicLong(System.nanoTime() - RECONNECT_NANOS));
    }

    void reconnect() {
      if (channel.getState(false) != ConnectivityState.TRANSIENT_FAILURE) {
        return;
      }
      long last = reconnectedNanos.get();
      long now = System.nanoTime();
      if (now - last >= RECONNECT_NANOS && reconnectedNanos.compareAndSet(last, now)) {
        channel.resetConnectBackoff();
      }
    }
  }

  @Override
  public CompletableFuture<Response> send(String memberName, Request request) {
    Peer peer = peers.get(memberName);
    if (peer == null) {
      return CompletableFuture.failedFuture(
          new IOException("no address is known of member " + memberName));
    }
    peer.reconnect();
    CompletableFuture<Response> answer = new CompletableFuture<>();
    ClientCalls.asyncUnaryCall(
        peer.channel()
            .newCall(
                ReplicationGrpc.getSendMethod(),
                CallOptions.DEFAULT.withDeadlineAfter(deadlineSeconds(request), TimeUnit.SECONDS)),
        RequestMessages.message(peer.memberName(), request),
        new Answer(answer));
    return answer;
  }

  private static long deadlineSeconds(Request request) {
    return switch (request) {
      // The other side may have to read whole files for these.
      case Request.OpenImage r -> FILES_DEADLINE_SECONDS;
      case Request.CheckFiles r -> FILES_DEADLINE_SECONDS;
      case Request.GetFile r -> FILES_DEADLINE_SECONDS;
      case Request.PreVote r -> DEADLINE_SECONDS;
      case Request.Fence r -> DEADLINE_SECONDS;
      case Request.Append r -> DEADLINE_SECONDS;
      case Request.InstallImage r -> DEADLINE_SECONDS;
      case Request.DescribeMember r -> DEADLINE_SECONDS;
      case Request.FetchEntries r -> DEADLINE_SECONDS;
      case Request.CloseImage r -> DEADLINE_SECONDS;
      case Request.PrepareTakeOver r -> DEADLINE_SECONDS;
      case Request.AskCommitted r -> DEADLINE_SECONDS;
      case Request.Release r -> DEADLINE_SECONDS;
    };
  }

  private record Answer(CompletableFuture<Response> future)
      implements StreamObserver<ReplicationResponse> {
    @Override
    public void onNext(ReplicationResponse message) {
      try {
        future.complete(ResponseMessages.response(message));
      } catch (IllegalArgumentException e) {
        future.completeExceptionally(e);
      }
    }

    @Override
    public void onError(Throwable failure) {
      future.completeExceptionally(failure);
    }

    @Override
    public void onCompleted() {
      // A unary call that ends without an answer comes as an error instead.
    }
  }

  @Override
  public void close() {
    peers.values().forEach(peer -> peer.channel().shutdownNow());
  }
}
