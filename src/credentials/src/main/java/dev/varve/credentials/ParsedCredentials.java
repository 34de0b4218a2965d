package dev.varve.credentials;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.Signature;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collection;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;

/**
 * What a reading says, checked: its certificates parse, and the key is the first one's.
 *
 * @param pair null: no own certificate
 */
record ParsedCredentials(X509ExtendedTrustManager trust, @Nullable KeyPairInUse pair) {
  private static final Pattern KEY =
      Pattern.compile("-----BEGIN PRIVATE KEY-----([A-Za-z0-9+/=\\s]+)-----END PRIVATE KEY-----");
  private static final int CHALLENGE_BYTES = 32;

  static ParsedCredentials of(PemReading reading, PemSource source) throws CredentialsException {
    byte[] authorities = reading.part(Part.AUTHORITIES);
    X509ExtendedTrustManager trust =
        trust(
            authorities == null ? null : certificates(Part.AUTHORITIES, authorities, source),
            source);
    byte[] certificate = reading.part(Part.CERTIFICATE);
    byte[] key = reading.part(Part.KEY);
    if (certificate == null || key == null) {
      return new ParsedCredentials(trust, null);
    }
    List<X509Certificate> chain = certificates(Part.CERTIFICATE, certificate, source);
    requireChain(chain, source);
    PrivateKey parsed = key(key, chain.getFirst().getPublicKey().getAlgorithm(), source);
    requireMatch(parsed, chain.getFirst(), source);
    return new ParsedCredentials(trust, new KeyPairInUse(parsed, chain));
  }

  private static List<X509Certificate> certificates(Part part, byte[] pem, PemSource source)
      throws CredentialsException {
    Collection<? extends Certificate> found;
    try {
      found =
          CertificateFactory.getInstance("X.509")
              .generateCertificates(new ByteArrayInputStream(pem));
    } catch (CertificateException e) {
      throw new CredentialsException(
          part, source.name(part) + " is not a list of PEM certificates: " + e.getMessage(), e);
    }
    if (found.isEmpty()) {
      throw new CredentialsException(part, source.name(part) + " has no PEM certificate", null);
    }
    List<X509Certificate> certificates = new ArrayList<>();
    for (Certificate one : found) {
      certificates.add((X509Certificate) one); // all that a factory of X.509 makes
    }
    return certificates;
  }

  /** Each certificate is followed by the one that signed it: half a file, or two, is none. */
  private static void requireChain(List<X509Certificate> chain, PemSource source)
      throws CredentialsException {
    for (int i = 1; i < chain.size(); i++) {
      try {
        chain.get(i - 1).verify(chain.get(i).getPublicKey());
      } catch (GeneralSecurityException e) {
        throw new CredentialsException(
            Part.CERTIFICATE,
            source.name(Part.CERTIFICATE)
                + ": certificate "
                + i
                + " is not signed by the one that follows it",
            e);
      }
    }
  }

  private static PrivateKey key(byte[] pem, String algorithm, PemSource source)
      throws CredentialsException {
    Matcher matcher = KEY.matcher(new String(pem, StandardCharsets.ISO_8859_1));
    if (!matcher.find()) {
      throw new CredentialsException(
          Part.KEY,
          source.name(Part.KEY)
              + " has no PKCS#8 PEM key (BEGIN PRIVATE KEY); openssl pkcs8 -topk8 -nocrypt makes"
              + " one",
          null);
    }
    byte[] encoded;
    try {
      encoded = Base64.getMimeDecoder().decode(matcher.group(1));
    } catch (IllegalArgumentException e) {
      throw new CredentialsException(Part.KEY, source.name(Part.KEY) + " is not valid Base64", e);
    }
    try {
      return KeyFactory.getInstance(algorithm).generatePrivate(new PKCS8EncodedKeySpec(encoded));
    } catch (GeneralSecurityException e) {
      throw new CredentialsException(
          Part.KEY,
          source.name(Part.KEY)
              + " is no "
              + algorithm
              + " key, as "
              + source.name(Part.CERTIFICATE)
              + " needs one",
          e);
    }
  }

  private static void requireMatch(PrivateKey key, X509Certificate certificate, PemSource source)
      throws CredentialsException {
    String algorithm =
        switch (key.getAlgorithm()) {
          case "RSA" -> "SHA256withRSA";
          case "EC" -> "SHA256withECDSA";
          default -> key.getAlgorithm(); // of Ed25519 and its kin the signature is called the same
        };
    byte[] challenge = new byte[CHALLENGE_BYTES];
    new SecureRandom().nextBytes(challenge);
    boolean matches;
    try {
      Signature signature = Signature.getInstance(algorithm);
      signature.initSign(key);
      signature.update(challenge);
      byte[] signed = signature.sign();
      signature.initVerify(certificate.getPublicKey());
      signature.update(challenge);
      matches = signature.verify(signed);
    } catch (GeneralSecurityException e) {
      throw new CredentialsException(
          Part.KEY, source.name(Part.KEY) + " cannot sign: " + e.getMessage(), e);
    }
    if (!matches) {
      throw new CredentialsException(
          Part.KEY,
          source.name(Part.KEY) + " is not the key of " + source.name(Part.CERTIFICATE),
          null);
    }
  }

  private static X509ExtendedTrustManager trust(
      @Nullable List<X509Certificate> authorities, PemSource source) throws CredentialsException {
    try {
      KeyStore store = null; // what the JDK trusts
      if (authorities != null) {
        store = KeyStore.getInstance(KeyStore.getDefaultType());
        store.load(null, null);
        for (int i = 0; i < authorities.size(); i++) {
          store.setCertificateEntry("authority-" + i, authorities.get(i));
        }
      }
      TrustManagerFactory factory =
          TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      factory.init(store);
      for (TrustManager manager : factory.getTrustManagers()) {
        if (manager instanceof X509ExtendedTrustManager trust) {
          return trust;
        }
      }
      throw new GeneralSecurityException("the JDK checks no X.509 certificates");
    } catch (GeneralSecurityException | java.io.IOException e) {
      throw new CredentialsException(
          Part.AUTHORITIES, source.name(Part.AUTHORITIES) + ": " + e.getMessage(), e);
    }
  }
}
