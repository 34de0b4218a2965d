package dev.varve.credentials;

import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.List;

/**
 * A key with the chain of its certificate, which match.
 *
 * @param chain the own certificate first
 */
record KeyPairInUse(PrivateKey key, List<X509Certificate> chain) {
  KeyPairInUse {
    chain = List.copyOf(chain);
  }
}
