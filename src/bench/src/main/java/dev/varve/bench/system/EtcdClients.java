package dev.varve.bench.system;

import com.google.protobuf.UnsafeByteOperations;
import dev.varve.bench.etcd.KVGrpc;
import dev.varve.bench.etcd.PutRequest;
import dev.varve.bench.etcd.RangeRequest;
import dev.varve.bench.etcd.RangeResponse;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** Clients of etcd's key-value service. */
final class EtcdClients implements Clients {
  private final GrpcChannels channels;

  EtcdClients(GrpcChannels channels) {
    this.channels = channels;
  }

  static PutRequest put(byte[] key, byte[] value) {
    return PutRequest.newBuilder()
        .setKey(UnsafeByteOperations.unsafeWrap(key))
        .setValue(UnsafeByteOperations.unsafeWrap(value))
        .build();
  }

  static RangeRequest linearizable(byte[] key) {
    return RangeRequest.newBuilder().setKey(UnsafeByteOperations.unsafeWrap(key)).build();
  }

  @Override
  public void put(int client, byte[] key, byte[] value) throws IOException {
    var _ = channels.call(client, KVGrpc.getPutMethod(), put(key, value));
  }

  @Override
  public byte @Nullable [] get(int client, byte[] key) throws IOException {
    RangeResponse answer = channels.call(client, KVGrpc.getRangeMethod(), linearizable(key));
    return answer.getKvsCount() == 0 ? null : answer.getKvs(0).getValue().toByteArray();
  }

  @Override
  public @Nullable PutStream stream(int client) {
    return null;
  }

  @Override
  public void close() {
    channels.close();
  }
}
