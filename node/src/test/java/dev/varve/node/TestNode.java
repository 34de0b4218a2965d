package dev.varve.node;

import com.google.protobuf.ByteString;
import dev.varve.node.rpc.RpcServer;
import dev.varve.node.settings.SettingsReader;
import dev.varve.protocol.v1.AdminGrpc;
import dev.varve.protocol.v1.DeleteRequest;
import dev.varve.protocol.v1.GetRequest;
import dev.varve.protocol.v1.GetResponse;
import dev.varve.protocol.v1.KeyValueGrpc;
import dev.varve.protocol.v1.PutRequest;
import dev.varve.protocol.v1.WriteResponse;
import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.netty.handler.ssl.SslContext;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** A node of its own in the test's process, on a free port, and a client of it. */
public final class TestNode implements AutoCloseable {
  private final Node node;
  private final SimpleMeterRegistry registry;
  private final ManagedChannel channel;

  private TestNode(Node node, SimpleMeterRegistry registry, ManagedChannel channel) {
    this.node = node;
    this.registry = registry;
    this.channel = channel;
  }

  /** Alone on a directory, and ready; {@code settings} are name, value, name, value. */
  public static TestNode standalone(Path directory, String... settings) throws IOException {
    return standalone(directory, System::nanoTime, settings);
  }

  /** The same; operations are timed by that clock. */
  public static TestNode standalone(Path directory, LongSupplier nanoTime, String... settings)
      throws IOException {
    Map<String, String> values =
        new HashMap<>(
            Map.of(
                "VARVE_MODE", "standalone",
                "VARVE_DATA_DIR", directory.toString(),
                "VARVE_HOST", "127.0.0.1",
                "VARVE_PORT", "0",
                "VARVE_MANAGED", "true",
                "BALLAST", "0"));
    for (int i = 0; i < settings.length; i += 2) {
      values.put(settings[i], settings[i + 1]);
    }
    TestNode node = start(values, nanoTime, null);
    node.awaitReady();
    return node;
  }

  /** As the settings say; not necessarily ready. */
  public static TestNode start(Map<String, String> settings) throws IOException {
    return start(settings, System::nanoTime, null);
  }

  /** The same with TLS: its own client has these credentials. */
  public static TestNode start(Map<String, String> settings, SslContext client) throws IOException {
    return start(settings, System::nanoTime, client);
  }

  private static TestNode start(
      Map<String, String> settings, LongSupplier nanoTime, @Nullable SslContext client)
      throws IOException {
    SimpleMeterRegistry registry = new SimpleMeterRegistry();
    Node node =
        Node.start(
            new SettingsReader(name -> Optional.ofNullable(settings.get(name))).read(),
            registry,
            "test",
            nanoTime);
    NettyChannelBuilder channel =
        NettyChannelBuilder.forTarget(node.address())
            .maxInboundMessageSize(RpcServer.MESSAGE_BYTES_MAX);
    return new TestNode(
        node,
        registry,
        (client == null ? channel.usePlaintext() : channel.sslContext(client)).build());
  }

  public void awaitReady() {
    try {
      node.whenReady().get(30, TimeUnit.SECONDS);
    } catch (InterruptedException | ExecutionException | TimeoutException e) {
      throw new AssertionError("not ready: " + node.detail(), e);
    }
  }

  public Node node() {
    return node;
  }

  public ManagedChannel channel() {
    return channel;
  }

  public SimpleMeterRegistry metrics() {
    return registry;
  }

  public KeyValueGrpc.KeyValueBlockingStub data() {
    return KeyValueGrpc.newBlockingStub(channel).withDeadlineAfter(30, TimeUnit.SECONDS);
  }

  public AdminGrpc.AdminBlockingStub admin() {
    return AdminGrpc.newBlockingStub(channel).withDeadlineAfter(60, TimeUnit.SECONDS);
  }

  public WriteResponse put(String key, String value) {
    return data().put(put("", key, ByteString.copyFromUtf8(value)).build());
  }

  public GetResponse get(String key) {
    return data().get(GetRequest.newBuilder().setKey(ByteString.copyFromUtf8(key)).build());
  }

  public static PutRequest.Builder put(String keyspace, String key, ByteString value) {
    return PutRequest.newBuilder()
        .setKeyspace(keyspace)
        .setKey(ByteString.copyFromUtf8(key))
        .setValue(value);
  }

  public static DeleteRequest.Builder delete(String key) {
    return DeleteRequest.newBuilder().setKey(ByteString.copyFromUtf8(key));
  }

  @Override
  public void close() {
    channel.shutdownNow();
    node.close();
  }
}
