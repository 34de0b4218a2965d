package dev.varve.node.tls;

import dev.varve.credentials.Credentials;
import dev.varve.credentials.CredentialsException;
import dev.varve.credentials.PemFiles;
import dev.varve.node.settings.SettingsException;
import dev.varve.node.settings.TlsSettings;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.netty.handler.ssl.SslContext;
import java.time.Instant;
import java.util.Optional;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/** The node's own certificate in use, towards callers and towards other members. */
public final class NodeTls {
  private static final Logger LOG = Logger.getLogger(NodeTls.class);

  private final Credentials credentials;
  private final SslContext server;
  private final SslContext client;
  private final RoleGate roles;

  private NodeTls(Credentials credentials, TlsSettings settings) throws CredentialsException {
    this.credentials = credentials;
    this.server = credentials.forServer();
    this.client = credentials.forClient();
    this.roles = new RoleGate(settings);
  }

  /**
   * Reads the files. The metrics are there without TLS too, and 0.
   *
   * @param settings null: no TLS
   * @return null: no TLS
   * @throws SettingsException if a file can't be used, naming it and its setting
   */
  public static @Nullable NodeTls load(@Nullable TlsSettings settings, MeterRegistry registry) {
    Counter replaced =
        Counter.builder("varve.tls.reloads")
            .description("Changes of the TLS files that were taken")
            .register(registry);
    Counter kept =
        Counter.builder("varve.tls.reload.failures")
            .description("Changes of the TLS files that were not taken: the old ones are in use")
            .register(registry);
    NodeTls tls = settings == null ? null : load(settings, replaced, kept);
    Gauge.builder(
            "varve.tls.certificate.expiry.timestamp.seconds",
            () -> tls == null ? 0.0 : tls.expiry().map(Instant::getEpochSecond).orElse(0L))
        .description("When the certificate in use expires, seconds since 1970; 0: no TLS")
        .register(registry);
    return tls;
  }

  private static NodeTls load(TlsSettings settings, Counter replaced, Counter kept) {
    try {
      return new NodeTls(
          Credentials.load(
              new PemFiles(settings.authorities(), settings.certificate(), settings.key()),
              new Told(replaced, kept)),
          settings);
    } catch (CredentialsException e) {
      throw new SettingsException(describe(e));
    }
  }

  private static String describe(CredentialsException e) {
    return TlsSettings.setting(e.part()) + ": " + e.getMessage();
  }

  private record Told(Counter replaced, Counter kept) implements Credentials.Listener {
    @Override
    public void replaced(Optional<Instant> expiry) {
      replaced.increment();
      LOG.infof(
          "the TLS files were replaced: the certificate in use expires %s",
          expiry.map(Instant::toString).orElse("never"));
    }

    @Override
    public void kept(CredentialsException why) {
      kept.increment();
      LOG.errorf("the TLS files changed and cannot be used, the old ones are: %s", describe(why));
    }
  }

  /** Takes what has changed in the files; to be called at an interval. Reads files. */
  public void look() {
    credentials.look();
  }

  private Optional<Instant> expiry() {
    return credentials.expiry();
  }

  /** What listens: callers must show a certificate. */
  public SslContext server() {
    return server;
  }

  /** What calls other members. */
  public SslContext client() {
    return client;
  }

  /** What a caller may do. */
  public RoleGate roles() {
    return roles;
  }
}
