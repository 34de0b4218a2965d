package dev.varve.credentials;

import java.net.Socket;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.ArrayDeque;
import java.util.Deque;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedKeyManager;
import org.jspecify.annotations.Nullable;

/**
 * Shows the pair in use. A handshake asks for an alias first, then for that alias' key and chain in
 * two calls: each pair has an alias of its own, so that a replacement in between cannot pair a new
 * key with an old certificate. The last {@value #KEPT} pairs are kept for handshakes under way.
 */
final class ReplaceableKey extends X509ExtendedKeyManager {
  private static final int KEPT = 4;

  private record Aliased(String alias, KeyPairInUse pair) {}

  private final Deque<Aliased> pairs = new ArrayDeque<>();
  private long replacements;

  synchronized void replace(KeyPairInUse next) {
    pairs.addFirst(new Aliased("pair-" + replacements++, next));
    if (pairs.size() > KEPT) {
      pairs.removeLast();
    }
  }

  /**
   * @param keyType as JSSE names what a handshake can use, such as EC, or EC_RSA with the signer's
   */
  private synchronized @Nullable String alias(String keyType) {
    Aliased newest = pairs.peekFirst();
    if (newest == null) {
      return null;
    }
    String algorithm = newest.pair().key().getAlgorithm();
    return keyType.equals(algorithm) || keyType.startsWith(algorithm + "_") ? newest.alias() : null;
  }

  private synchronized @Nullable KeyPairInUse pair(@Nullable String alias) {
    for (Aliased one : pairs) {
      if (one.alias().equals(alias)) {
        return one.pair();
      }
    }
    return null;
  }

  private @Nullable String first(String[] keyTypes) {
    for (String keyType : keyTypes) {
      String alias = alias(keyType);
      if (alias != null) {
        return alias;
      }
    }
    return null;
  }

  @Override
  public @Nullable String chooseEngineClientAlias(
      String[] keyTypes, Principal @Nullable [] issuers, @Nullable SSLEngine engine) {
    // Whoever issued it: a server that does not trust it says so, which silence would not.
    return first(keyTypes);
  }

  @Override
  public @Nullable String chooseEngineServerAlias(
      String keyType, Principal @Nullable [] issuers, @Nullable SSLEngine engine) {
    return alias(keyType);
  }

  @Override
  public @Nullable String chooseClientAlias(
      String[] keyTypes, Principal @Nullable [] issuers, @Nullable Socket socket) {
    return first(keyTypes);
  }

  @Override
  public @Nullable String chooseServerAlias(
      String keyType, Principal @Nullable [] issuers, @Nullable Socket socket) {
    return alias(keyType);
  }

  @Override
  public String @Nullable [] getClientAliases(String keyType, Principal @Nullable [] issuers) {
    return aliases(keyType);
  }

  @Override
  public String @Nullable [] getServerAliases(String keyType, Principal @Nullable [] issuers) {
    return aliases(keyType);
  }

  private String @Nullable [] aliases(String keyType) {
    String alias = alias(keyType);
    return alias == null ? null : new String[] {alias};
  }

  @Override
  public X509Certificate @Nullable [] getCertificateChain(@Nullable String alias) {
    KeyPairInUse pair = pair(alias);
    return pair == null ? null : pair.chain().toArray(X509Certificate[]::new);
  }

  @Override
  public @Nullable PrivateKey getPrivateKey(@Nullable String alias) {
    KeyPairInUse pair = pair(alias);
    return pair == null ? null : pair.key();
  }
}
