package dev.varve.client;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * The PEM files of a TLS connection. They may be replaced while a client is in use: what has
 * changed is taken for new connections within {@value #RELOAD_SECONDS} to twice as many seconds, if
 * it parses and the key matches, else the old stays.
 *
 * @param authorities certificates that the server's must lead to; null: the JDK's trust store
 * @param certificate the client's own certificate chain; null: none is shown
 * @param key the private key of {@code certificate}, PKCS#8, not encrypted
 */
public record TlsFiles(@Nullable Path authorities, @Nullable Path certificate, @Nullable Path key) {
  /** Between two looks at the files, in seconds. */
  static final int RELOAD_SECONDS = 10;

  /** Refuses a certificate without its key and the reverse. */
  public TlsFiles {
    if ((certificate == null) != (key == null)) {
      throw new IllegalArgumentException("a client certificate and its key go together");
    }
  }
}
