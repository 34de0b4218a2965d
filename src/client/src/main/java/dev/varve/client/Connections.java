package dev.varve.client;

import dev.varve.credentials.Credentials;
import dev.varve.credentials.CredentialsException;
import dev.varve.credentials.PemFiles;
import io.grpc.ConnectivityState;
import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import io.netty.channel.ChannelOption;
import io.netty.channel.socket.nio.NioChannelOption;
import io.netty.handler.ssl.SslContext;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import jdk.net.ExtendedSocketOptions;
import org.jspecify.annotations.Nullable;

/**
 * One channel a member, made at first use and kept until {@link #close}. One whose connection fails
 * is tried again each second while it is used, not after gRPC's pauses, which grow to minutes: a
 * member that comes back may be primary at once.
 */
final class Connections implements AutoCloseable {
  /**
   * The largest message of the protocol is a watched batch: 16 MiB of keys and values, and as much
   * for the framing of its 10,000 mutations, each with the keyspace's name.
   */
  static final int MAX_MESSAGE_BYTES = 32 * 1024 * 1024;

  private static final int PROBE_IDLE_SECONDS = 15;
  private static final int PROBE_INTERVAL_SECONDS = 5;
  private static final int PROBES = 3;
  private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(3);
  private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(5);

  private static final System.Logger LOG = System.getLogger(Connections.class.getName());
  private static final long RECONNECT_NANOS = Duration.ofSeconds(1).toNanos();

  private record Connection(ManagedChannel channel, AtomicLong reconnectedNanos) {
    void reconnect(long nowNanos) {
      if (channel.getState(false) != ConnectivityState.TRANSIENT_FAILURE) {
        return;
      }
      long last = reconnectedNanos.get();
      if (nowNanos - last >= RECONNECT_NANOS && reconnectedNanos.compareAndSet(last, nowNanos)) {
        channel.resetConnectBackoff();
      }
    }
  }

  private final ConcurrentHashMap<Address, Connection> connections = new ConcurrentHashMap<>();
  private final LongSupplier nanoTime;
  private final @Nullable Credentials credentials;
  private final @Nullable SslContext tls;
  private volatile boolean closed;

  /**
   * Makes no connection yet.
   *
   * @param nanoTime a monotonic clock, nanoseconds
   * @throws UncheckedIOException when a TLS file cannot be read or used
   */
  Connections(@Nullable TlsFiles files, LongSupplier nanoTime) {
    this.nanoTime = nanoTime;
    this.credentials = files == null ? null : load(files);
    this.tls = credentials == null ? null : context(credentials);
  }

  /**
   * Refuses use after {@link #close}.
   *
   * @throws IllegalStateException when closed
   */
  void requireOpen() {
    if (closed) {
      throw new IllegalStateException("the client is closed");
    }
  }

  ManagedChannel to(Address address) {
    requireOpen();
    Connection connection =
        connections.computeIfAbsent(
            address, to -> new Connection(open(to), new AtomicLong(nanoTime.getAsLong())));
    connection.reconnect(nanoTime.getAsLong());
    return connection.channel();
  }

  private ManagedChannel open(Address address) {
    NettyChannelBuilder builder =
        NettyChannelBuilder.forAddress(address.host(), address.port())
            .maxInboundMessageSize(MAX_MESSAGE_BYTES)
            .withOption(ChannelOption.CONNECT_TIMEOUT_MILLIS, (int) CONNECT_TIMEOUT.toMillis());
    noticeSilence(builder);
    if (tls == null) {
      builder.usePlaintext();
    } else {
      builder.sslContext(tls);
    }
    return builder.build();
  }

  /**
   * Lets the kernel probe a connection on which nothing comes, so that a long stream ends when its
   * machine is gone. gRPC's own pings need the server's consent; these do not.
   */
  private static void noticeSilence(NettyChannelBuilder builder) {
    builder.withOption(ChannelOption.SO_KEEPALIVE, true);
    if (ModuleLayer.boot().findModule("jdk.net").isPresent()) { // a trimmed runtime may lack it
      builder
          .withOption(NioChannelOption.of(ExtendedSocketOptions.TCP_KEEPIDLE), PROBE_IDLE_SECONDS)
          .withOption(
              NioChannelOption.of(ExtendedSocketOptions.TCP_KEEPINTERVAL), PROBE_INTERVAL_SECONDS)
          .withOption(NioChannelOption.of(ExtendedSocketOptions.TCP_KEEPCOUNT), PROBES);
    }
  }

  private static Credentials load(TlsFiles files) {
    try {
      return Credentials.load(
          new PemFiles(files.authorities(), files.certificate(), files.key()), new Logged());
    } catch (CredentialsException e) {
      throw new UncheckedIOException("cannot use the TLS files: " + e.getMessage(), e);
    }
  }

  private static SslContext context(Credentials credentials) {
    try {
      return credentials.forClient();
    } catch (CredentialsException e) {
      throw new UncheckedIOException("cannot use the TLS files: " + e.getMessage(), e);
    }
  }

  private static final class Logged implements Credentials.Listener {
    @Override
    public void replaced(Optional<Instant> expiry) {
      LOG.log(System.Logger.Level.DEBUG, "the TLS files were replaced");
    }

    @Override
    public void kept(CredentialsException why) {
      LOG.log(
          System.Logger.Level.WARNING,
          "the TLS files changed and cannot be used, the old ones are: {0}",
          why.getMessage());
    }
  }

  /** Takes TLS files that have changed, for connections made from now on. Reads files. */
  void look() {
    if (credentials != null) {
      credentials.look();
    }
  }

  /** Ends every call and closes every connection; waits up to 5 seconds for them to go. */
  @Override
  public void close() {
    closed = true;
    List<ManagedChannel> channels = connections.values().stream().map(Connection::channel).toList();
    channels.forEach(ManagedChannel::shutdownNow);
    long deadline = System.nanoTime() + CLOSE_TIMEOUT.toNanos();
    try {
      for (ManagedChannel channel : channels) {
        channel.awaitTermination(Math.max(0, deadline - System.nanoTime()), TimeUnit.NANOSECONDS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
