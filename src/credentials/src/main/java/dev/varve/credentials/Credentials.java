package dev.varve.credentials;

import io.grpc.netty.GrpcSslContexts;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import java.time.Instant;
import java.util.Optional;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/**
 * Credentials that follow their source: {@link #look} takes what has changed, and every handshake
 * that begins afterwards, of contexts made long before, uses it. Connections that exist go on.
 *
 * <p>Files that belong together are written one after the other. So a change is taken when two
 * looks in a row have found the same, the chain parses and the key matches; until then, and when it
 * never does, the old ones stay.
 */
public final class Credentials {
  /** How long a session may be resumed: for so long an authority that was taken away counts. */
  private static final long SESSION_SECONDS = 60;

  private static final int FIRST_READINGS = 10;

  /** Told of changes, on the thread that looks. */
  public interface Listener {
    /**
     * Other credentials are in use.
     *
     * @param expiry of the own certificate; empty: there is none
     */
    void replaced(Optional<Instant> expiry);

    /** A change was not taken, told once a change. */
    void kept(CredentialsException why);
  }

  private final PemSource source;
  private final Listener listener;
  private final ReplaceableTrust trust;
  private final ReplaceableKey key = new ReplaceableKey();
  private volatile @Nullable Instant expiry;
  private PemReading inUse;
  private @Nullable PemReading lastLook;
  private @Nullable PemReading lastRefused;
  private @Nullable String lastUnreadable;

  private Credentials(
      PemSource source, Listener listener, PemReading reading, ParsedCredentials first) {
    this.source = source;
    this.listener = listener;
    this.inUse = reading;
    this.trust = new ReplaceableTrust(first.trust());
    take(first);
  }

  /**
   * Reads them for the first time, until two readings in a row agree.
   *
   * @throws CredentialsException if one cannot be read or they do not fit together
   */
  public static Credentials load(PemSource source, Listener listener) throws CredentialsException {
    PemReading reading = PemReading.of(source);
    for (int i = 0; i < FIRST_READINGS; i++) {
      PemReading again = PemReading.of(source);
      if (again.equals(reading)) {
        return new Credentials(source, listener, reading, ParsedCredentials.of(reading, source));
      }
      reading = again;
    }
    throw new CredentialsException(
        Part.CERTIFICATE, source.name(Part.CERTIFICATE) + " and its kin change all the time", null);
  }

  /** Reads them again; to be called at an interval. Blocks for as long as reading takes. */
  public synchronized void look() {
    PemReading reading;
    try {
      reading = PemReading.of(source);
    } catch (CredentialsException e) {
      lastLook = null;
      String why = String.valueOf(e.getMessage());
      if (!why.equals(lastUnreadable)) {
        lastUnreadable = why;
        listener.kept(e);
      }
      return;
    }
    lastUnreadable = null;
    boolean settled = reading.equals(lastLook);
    lastLook = reading;
    if (reading.equals(inUse)) {
      lastRefused = null;
    } else if (settled && !reading.equals(lastRefused)) {
      replace(reading);
    }
  }

  private void replace(PemReading reading) {
    try {
      take(ParsedCredentials.of(reading, source));
    } catch (CredentialsException e) {
      lastRefused = reading;
      listener.kept(e);
      return;
    }
    inUse = reading;
    lastRefused = null;
    listener.replaced(expiry());
  }

  private void take(ParsedCredentials next) {
    trust.replace(next.trust());
    KeyPairInUse pair = next.pair();
    if (pair != null) {
      key.replace(pair);
      expiry = pair.chain().getFirst().getNotAfter().toInstant();
    }
  }

  /** When the own certificate in use expires; empty: there is none. */
  public Optional<Instant> expiry() {
    return Optional.ofNullable(expiry);
  }

  /**
   * For servers: whoever connects must show a certificate that leads to the authorities.
   *
   * @throws CredentialsException if the JDK cannot
   */
  public SslContext forServer() throws CredentialsException {
    return build(SslContextBuilder.forServer(key).clientAuth(ClientAuth.REQUIRE));
  }

  /**
   * For clients: the server's certificate must lead to the authorities and have the host's name.
   *
   * @throws CredentialsException if the JDK cannot
   */
  public SslContext forClient() throws CredentialsException {
    return build(SslContextBuilder.forClient().keyManager(key));
  }

  private SslContext build(SslContextBuilder builder) throws CredentialsException {
    try {
      // The JDK's own: managers that are replaced are no matter of native libraries.
      return GrpcSslContexts.configure(builder, SslProvider.JDK)
          .trustManager(trust)
          .sessionTimeout(SESSION_SECONDS)
          .build();
    } catch (SSLException e) {
      throw new CredentialsException(
          Part.CERTIFICATE, source.name(Part.CERTIFICATE) + ": " + e.getMessage(), e);
    }
  }
}
