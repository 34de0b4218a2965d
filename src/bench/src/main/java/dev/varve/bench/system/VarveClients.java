package dev.varve.bench.system;

import com.google.protobuf.UnsafeByteOperations;
import dev.varve.protocol.v1.GetRequest;
import dev.varve.protocol.v1.GetResponse;
import dev.varve.protocol.v1.KeyValueGrpc;
import dev.varve.protocol.v1.Mutation;
import dev.varve.protocol.v1.PutRequest;
import dev.varve.protocol.v1.WriteRequest;
import dev.varve.protocol.v1.WriteResponse;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Clients that speak to the primary as any other gRPC client would. */
final class VarveClients implements Clients {
  private final GrpcChannels channels;

  VarveClients(GrpcChannels channels) {
    this.channels = channels;
  }

  private static PutRequest request(byte[] key, byte[] value) {
    return PutRequest.newBuilder()
        .setKey(UnsafeByteOperations.unsafeWrap(key))
        .setValue(UnsafeByteOperations.unsafeWrap(value))
        .build();
  }

  @Override
  public void put(int client, byte[] key, byte[] value) throws IOException {
    var _ = channels.call(client, KeyValueGrpc.getPutMethod(), request(key, value));
  }

  @Override
  public byte @Nullable [] get(int client, byte[] key) throws IOException {
    GetResponse answer =
        channels.call(
            client,
            KeyValueGrpc.getGetMethod(),
            GetRequest.newBuilder().setKey(UnsafeByteOperations.unsafeWrap(key)).build());
    return answer.getFound() ? answer.getValue().toByteArray() : null;
  }

  @Override
  public PutStream stream(int client) {
    return new Stream(client);
  }

  @Override
  public void close() {
    channels.close();
  }

  private final class Stream implements PutStream, StreamObserver<WriteResponse> {
    private final Semaphore room = new Semaphore(WINDOW);
    private final Queue<Runnable> unanswered = new ConcurrentLinkedQueue<>();
    private final StreamObserver<WriteRequest> call;
    private volatile @Nullable IOException failure;
    private long requests;

    Stream(int client) {
      call = KeyValueGrpc.newStub(channels.of(client)).writeStream(this);
    }

    @Override
    public void put(byte[] key, byte[] value, Runnable acknowledged) throws IOException {
      acquire(1);
      unanswered.add(acknowledged); // before it is sent: the answer may come at once
      call.onNext(
          WriteRequest.newBuilder()
              .setRequestId(++requests)
              .addMutations(Mutation.newBuilder().setPut(request(key, value)))
              .build());
    }

    private void acquire(int permits) throws IOException {
      try {
        if (!room.tryAcquire(permits, GrpcChannels.ANSWER_SECONDS, TimeUnit.SECONDS)) {
          throw new IOException("WriteStream was not answered");
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IOException("WriteStream was interrupted", e);
      }
      IOException failed = failure;
      if (failed != null) {
        throw failed;
      }
    }

    @Override
    public void onNext(WriteResponse answer) {
      Runnable acknowledged = unanswered.remove(); // answers come in order
      if (answer.getCode() == 0) {
        acknowledged.run();
      } else {
        failure =
            new IOException("WriteStream: " + answer.getReason() + ", " + answer.getMessage());
      }
      room.release();
    }

    @Override
    public void onError(Throwable thrown) {
      failure = new IOException("WriteStream failed: " + thrown, thrown);
      room.release(WINDOW); // whoever waits learns of it
    }

    @Override
    public void onCompleted() {
      // The server ends only after this side has.
    }

    @Override
    public void close() throws IOException {
      acquire(WINDOW);
      call.onCompleted();
    }
  }
}
