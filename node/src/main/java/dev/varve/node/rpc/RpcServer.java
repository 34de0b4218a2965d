package dev.varve.node.rpc;

import dev.varve.node.tls.CertificateNames;
import dev.varve.node.tls.NodeTls;
import io.grpc.BindableService;
import io.grpc.Server;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.protobuf.services.HealthStatusManager;
import io.grpc.protobuf.services.ProtoReflectionServiceV1;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * The gRPC server: the given services, health and reflection, on grpc-java's Netty with handlers on
 * the event loops (docs/decisions/0003). So no handler may block.
 */
public final class RpcServer implements AutoCloseable {
  /** A batch of 16 MiB with its headers between members, and room to say what is too large. */
  public static final int MESSAGE_BYTES_MAX = 32 << 20;

  private static final int FLOW_CONTROL_WINDOW_BYTES = 4 << 20;
  private static final int CONCURRENT_CALLS_PER_CONNECTION_MAX = 1024;

  private static final Logger LOG = Logger.getLogger(RpcServer.class);

  private final Server server;
  private final CallGate gate;
  private final HealthStatusManager health;

  private RpcServer(Server server, CallGate gate, HealthStatusManager health) {
    this.server = server;
    this.gate = gate;
    this.health = health;
  }

  /**
   * Listens and serves in plain text: every caller may do everything.
   *
   * @param port 0: any free port
   * @throws IOException if the address can't be bound
   */
  public static RpcServer start(
      String host, int port, CallGate gate, List<? extends BindableService> services)
      throws IOException {
    return start(host, port, gate, null, services);
  }

  /**
   * The same, to callers with a certificate, who may do what it gives them the role for.
   *
   * @param tls null: plain text
   */
  public static RpcServer start(
      String host,
      int port,
      CallGate gate,
      @Nullable NodeTls tls,
      List<? extends BindableService> services)
      throws IOException {
    HealthStatusManager health = new HealthStatusManager();
    NettyServerBuilder builder =
        NettyServerBuilder.forAddress(new InetSocketAddress(host, port))
            .directExecutor()
            .maxInboundMessageSize(MESSAGE_BYTES_MAX)
            .flowControlWindow(FLOW_CONTROL_WINDOW_BYTES)
            .maxConcurrentCallsPerConnection(CONCURRENT_CALLS_PER_CONNECTION_MAX)
            .keepAliveTime(30, TimeUnit.SECONDS)
            .keepAliveTimeout(10, TimeUnit.SECONDS)
            .permitKeepAliveTime(5, TimeUnit.SECONDS)
            .permitKeepAliveWithoutCalls(true)
            .intercept(gate)
            .addService(health.getHealthService())
            .addService(ProtoReflectionServiceV1.newInstance());
    services.forEach(builder::addService);
    if (tls != null) {
      // Added last, so asked first: whoever may not call learns nothing else.
      builder
          .sslContext(tls.server())
          .addTransportFilter(new CertificateNames())
          .intercept(tls.roles());
    }
    health.setStatus(HealthStatusManager.SERVICE_NAME_ALL_SERVICES, ServingStatus.NOT_SERVING);
    return new RpcServer(builder.build().start(), gate, health);
  }

  /** The port it listens on. */
  public int port() {
    return server.getPort();
  }

  /** What the gRPC health service answers from now on. */
  public void serving(boolean serving) {
    health.setStatus(
        HealthStatusManager.SERVICE_NAME_ALL_SERVICES,
        serving ? ServingStatus.SERVING : ServingStatus.NOT_SERVING);
  }

  /**
   * Turns new calls of clients away with SHUTTING_DOWN and waits for those under way, at most for
   * {@code grace}. Calls between members go on until {@link #close}.
   */
  public void drain(Duration grace) throws InterruptedException {
    health.enterTerminalState();
    gate.close();
    if (!gate.awaitIdle(grace)) {
      LOG.warn("calls are still under way after " + grace.toSeconds() + " s; they are cut off");
    }
  }

  /** Cuts off what is still under way and stops listening. */
  @Override
  public void close() {
    server.shutdownNow();
    try {
      if (!server.awaitTermination(5, TimeUnit.SECONDS)) {
        LOG.warn("the gRPC server did not stop within 5 s");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
