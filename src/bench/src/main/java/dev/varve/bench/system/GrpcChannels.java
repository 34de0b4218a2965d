package dev.varve.bench.system;

import com.google.common.util.concurrent.ListenableFuture;
import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.ClientCalls;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;

/** Connections to one gRPC server, each shared by eight clients. */
final class GrpcChannels implements AutoCloseable {
  private static final int CLIENTS_PER_CONNECTION = 8;
  static final long ANSWER_SECONDS = 30;

  private final List<ManagedChannel> channels;

  GrpcChannels(int port, int clients) {
    int connections = Math.max(1, (clients + CLIENTS_PER_CONNECTION - 1) / CLIENTS_PER_CONNECTION);
    channels = Stream.generate(() -> channel(port)).limit(connections).toList();
  }

  static ManagedChannel channel(int port) {
    // Answers wake the waiting client at once; there is nothing else to be done on another thread.
    return NettyChannelBuilder.forAddress(Ports.HOST, port).usePlaintext().directExecutor().build();
  }

  ManagedChannel of(int client) {
    return channels.get(client % channels.size());
  }

  /** Calls and waits. */
  <Q, A> A call(int client, MethodDescriptor<Q, A> method, Q request) throws IOException {
    return call(of(client), method, request, ANSWER_SECONDS);
  }

  /** Calls on a channel and waits for at most so long. */
  static <Q, A> A call(
      ManagedChannel channel, MethodDescriptor<Q, A> method, Q request, long seconds)
      throws IOException {
    // No deadline of the call itself: a timer for each would be work that is not the server's.
    ListenableFuture<A> answer =
        ClientCalls.futureUnaryCall(channel.newCall(method, CallOptions.DEFAULT), request);
    try {
      return answer.get(seconds, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      throw new IOException(method.getBareMethodName() + " failed: " + e.getCause(), e.getCause());
    } catch (TimeoutException e) {
      answer.cancel(true);
      throw new IOException(
          method.getBareMethodName() + " was not answered in " + seconds + " s", e);
    } catch (InterruptedException e) {
      answer.cancel(true);
      Thread.currentThread().interrupt();
      throw new IOException(method.getBareMethodName() + " was interrupted", e);
    }
  }

  @Override
  public void close() {
    channels.forEach(ManagedChannel::shutdownNow);
  }
}
