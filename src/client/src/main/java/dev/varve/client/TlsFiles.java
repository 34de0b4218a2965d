package dev.varve.client;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * The PEM files of a TLS connection.
 *
 * @param authorities certificates that the server's must lead to; null: the JDK's trust store
 * @param certificate the client's own certificate chain; null: none is shown
 * @param key the private key of {@code certificate}, PKCS#8, not encrypted
 */
public record TlsFiles(@Nullable Path authorities, @Nullable Path certificate, @Nullable Path key) {
  /** Refuses a certificate without its key and the reverse. */
  public TlsFiles {
    if ((certificate == null) != (key == null)) {
      throw new IllegalArgumentException("a client certificate and its key go together");
    }
  }
}
