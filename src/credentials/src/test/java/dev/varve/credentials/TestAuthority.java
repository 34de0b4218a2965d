package dev.varve.credentials;

import java.io.ByteArrayInputStream;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/** An authority that issues certificates for tests: EC keys, valid around now, for 127.0.0.1. */
public final class TestAuthority {
  private static final Duration VALID = Duration.ofDays(2);
  private static final byte[] ECDSA_WITH_SHA256 = Der.sequence(Der.id("1.2.840.10045.4.3.2"));
  private static final AtomicLong SERIALS = new AtomicLong(1);

  private final String name;
  private final KeyPair keys;
  private final X509Certificate certificate;

  /** A certificate and its key, as PEM. */
  public record Issued(X509Certificate certificate, KeyPair keys) {
    public String certificatePem() {
      return pem(certificate);
    }

    public String keyPem() {
      return pem("PRIVATE KEY", keys.getPrivate().getEncoded());
    }
  }

  public TestAuthority(String name) {
    this.name = name;
    this.keys = newKeys();
    this.certificate =
        sign(name, keys.getPublic(), List.of(extension("2.5.29.19", Der.sequence(Der.isTrue()))));
  }

  /** What whoever trusts this authority has in a file. */
  public String pem() {
    return pem(certificate);
  }

  /** A certificate for a common name and DNS names, and for 127.0.0.1 and localhost. */
  public Issued issue(String commonName, String... dnsNames) {
    KeyPair own = newKeys();
    List<byte[]> names = new ArrayList<>();
    names.add(Der.tagged(0x87, new byte[] {127, 0, 0, 1}));
    names.add(Der.tagged(0x82, "localhost".getBytes(StandardCharsets.US_ASCII)));
    for (String dns : dnsNames) {
      names.add(Der.tagged(0x82, dns.getBytes(StandardCharsets.US_ASCII)));
    }
    return new Issued(
        sign(
            commonName,
            own.getPublic(),
            List.of(extension("2.5.29.17", Der.sequence(names.toArray(byte[][]::new))))),
        own);
  }

  private X509Certificate sign(String subject, PublicKey of, List<byte[]> extensions) {
    try {
      Instant now = Instant.now();
      byte[] content =
          Der.sequence(
              Der.tagged(0xa0, Der.integer(BigInteger.TWO)),
              Der.integer(BigInteger.valueOf(SERIALS.getAndIncrement())),
              ECDSA_WITH_SHA256,
              distinguished(name),
              Der.sequence(Der.time(now.minus(VALID)), Der.time(now.plus(VALID))),
              distinguished(subject),
              of.getEncoded(),
              Der.tagged(0xa3, Der.sequence(extensions.toArray(byte[][]::new))));
      Signature signature = Signature.getInstance("SHA256withECDSA");
      signature.initSign(keys.getPrivate());
      signature.update(content);
      byte[] whole = Der.sequence(content, ECDSA_WITH_SHA256, Der.bits(signature.sign()));
      return (X509Certificate)
          CertificateFactory.getInstance("X.509")
              .generateCertificate(new ByteArrayInputStream(whole));
    } catch (GeneralSecurityException e) {
      throw new AssertionError(e);
    }
  }

  private static byte[] distinguished(String commonName) {
    return Der.sequence(Der.set(Der.sequence(Der.id("2.5.4.3"), Der.text(commonName))));
  }

  private static byte[] extension(String id, byte[] value) {
    return Der.sequence(Der.id(id), Der.isTrue(), Der.octets(value));
  }

  private static KeyPair newKeys() {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
      generator.initialize(new ECGenParameterSpec("secp256r1"));
      return generator.generateKeyPair();
    } catch (GeneralSecurityException e) {
      throw new AssertionError(e);
    }
  }

  private static String pem(X509Certificate certificate) {
    try {
      return pem("CERTIFICATE", certificate.getEncoded());
    } catch (GeneralSecurityException e) {
      throw new AssertionError(e);
    }
  }

  private static String pem(String what, byte[] encoded) {
    return "-----BEGIN %s-----\n%s\n-----END %s-----\n"
        .formatted(
            what, Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(encoded), what);
  }
}
