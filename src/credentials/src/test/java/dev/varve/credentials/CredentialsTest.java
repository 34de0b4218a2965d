package dev.varve.credentials;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.UnpooledByteBufAllocator;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is taken of files that change, and when; checked by handshakes of contexts made before. */
class CredentialsTest {
  @TempDir Path directory;
  private final TestAuthority authority = new TestAuthority("authority");
  private final TestAuthority.Issued first = authority.issue("first");
  private final List<String> told = new ArrayList<>();
  private TestPemFiles files = new TestPemFiles(Path.of(""), Path.of(""), Path.of(""));

  private final Credentials.Listener listener =
      new Credentials.Listener() {
        @Override
        public void replaced(Optional<Instant> expiry) {
          told.add("replaced");
        }

        @Override
        public void kept(CredentialsException why) {
          told.add(why.part() + ": " + why.getMessage());
        }
      };

  @BeforeEach
  void write() throws IOException {
    files = TestPemFiles.write(directory, authority.pem(), first);
  }

  private Credentials load() throws CredentialsException {
    return Credentials.load(files.pem(), listener);
  }

  /** What a client with these credentials is shown by a server with those. */
  private static X509Certificate shown(Credentials server, Credentials client) throws IOException {
    SSLEngine serving = server.forServer().newEngine(UnpooledByteBufAllocator.DEFAULT);
    SSLEngine calling =
        client.forClient().newEngine(UnpooledByteBufAllocator.DEFAULT, "127.0.0.1", 1);
    Handshakes.complete(calling, serving);
    return (X509Certificate) calling.getSession().getPeerCertificates()[0];
  }

  @Test
  void takesAPairThatTwoLooksInARowHaveFound() throws IOException {
    Credentials credentials = load();
    TestAuthority.Issued next = authority.issue("next");
    files.show(next);
    credentials.look();
    assertEquals(first.certificate(), shown(credentials, credentials));
    assertEquals(List.of(), told);
    credentials.look();
    assertEquals(next.certificate(), shown(credentials, credentials));
    assertEquals(List.of("replaced"), told);
    assertEquals(Optional.of(next.certificate().getNotAfter().toInstant()), credentials.expiry());
    credentials.look();
    assertEquals(List.of("replaced"), told);
  }

  @Test
  void neverUsesHalfAPair() throws IOException {
    Credentials credentials = load();
    TestAuthority.Issued next = authority.issue("next");
    Files.writeString(files.certificate(), next.certificatePem());
    for (int i = 0; i < 4; i++) {
      credentials.look();
    }
    assertEquals(first.certificate(), shown(credentials, credentials));
    assertEquals(
        List.of("KEY: " + files.key() + " is not the key of " + files.certificate()), told);
    Files.writeString(files.key(), next.keyPem());
    credentials.look();
    credentials.look();
    assertEquals(next.certificate(), shown(credentials, credentials));
  }

  @Test
  void neverUsesHalfAFile() throws IOException {
    Credentials credentials = load();
    String pem = authority.issue("next").certificatePem();
    for (int length : new int[] {0, 1, pem.length() / 2, pem.length() - 10}) {
      told.clear();
      Files.writeString(files.certificate(), pem.substring(0, length));
      credentials.look();
      credentials.look();
      credentials.look();
      assertEquals(1, told.size(), () -> length + " of " + pem.length() + ": " + told);
      assertTrue(told.getFirst().startsWith("CERTIFICATE: " + files.certificate()), told::toString);
      assertEquals(first.certificate(), shown(credentials, credentials));
    }
  }

  /** A list that is cut between two certificates still parses: only its growing tells. */
  @Test
  void takesNoAuthoritiesThatAreStillWritten() throws IOException {
    Credentials credentials = load();
    TestAuthority other = new TestAuthority("other");
    files.trust(other.pem());
    credentials.look();
    files.trust(other.pem() + authority.pem());
    credentials.look();
    assertEquals(first.certificate(), shown(credentials, credentials));
    credentials.look();
    assertEquals(List.of("replaced"), told);
    assertEquals(first.certificate(), shown(credentials, credentials));
  }

  @Test
  void trustsWhomTheReplacedAuthoritiesAre() throws IOException {
    Credentials server = load();
    TestAuthority other = new TestAuthority("other");
    TestPemFiles foreign =
        TestPemFiles.write(directory.resolve("x"), authority.pem(), other.issue("caller"));
    Credentials client = Credentials.load(foreign.pem(), listener);
    assertThrows(SSLException.class, () -> shown(server, client));
    files.trust(authority.pem() + other.pem());
    server.look();
    server.look();
    assertEquals(first.certificate(), shown(server, client));
  }

  @Test
  void tellsOnceOfAFileThatIsGoneAndAgainAfterItWasBack() throws IOException {
    Credentials credentials = load();
    for (int round = 1; round <= 2; round++) {
      Files.delete(files.key());
      credentials.look();
      credentials.look();
      assertEquals(round, told.size(), told::toString);
      assertEquals("KEY: " + files.key() + " does not exist", told.getLast());
      Files.writeString(files.key(), first.keyPem());
      credentials.look();
    }
    assertEquals(first.certificate(), shown(credentials, credentials));
  }

  @Test
  void keepsAKeyWithItsCertificateWhileAHandshakeAsksForThem() throws IOException {
    TestAuthority.Issued next = authority.issue("next");
    ReplaceableKey keys = new ReplaceableKey();
    keys.replace(new KeyPairInUse(first.keys().getPrivate(), List.of(first.certificate())));
    String alias = keys.chooseEngineServerAlias("EC", null, null);
    keys.replace(new KeyPairInUse(next.keys().getPrivate(), List.of(next.certificate())));
    assertEquals(first.keys().getPrivate(), keys.getPrivateKey(alias));
    assertEquals(first.certificate(), Objects.requireNonNull(keys.getCertificateChain(alias))[0]);
    assertEquals(
        next.keys().getPrivate(),
        keys.getPrivateKey(keys.chooseEngineServerAlias("EC", null, null)));
    assertEquals(null, keys.chooseEngineServerAlias("RSA", null, null));
  }

  @Test
  void refusesToBeginWithWhatDoesNotFit() throws IOException {
    Files.writeString(files.key(), authority.issue("other").keyPem());
    assertEquals(Part.KEY, assertThrows(CredentialsException.class, this::load).part());
    Files.writeString(files.key(), "-----BEGIN EC PRIVATE KEY-----");
    CredentialsException wrongForm = assertThrows(CredentialsException.class, this::load);
    assertTrue(String.valueOf(wrongForm.getMessage()).contains("PKCS#8"), wrongForm::toString);
    files.show(first);
    Files.delete(files.authorities());
    assertEquals(Part.AUTHORITIES, assertThrows(CredentialsException.class, this::load).part());
    Files.writeString(files.authorities(), "");
    assertEquals(Part.AUTHORITIES, assertThrows(CredentialsException.class, this::load).part());
  }

  @Test
  void refusesAChainWhoseCertificatesDoNotSignEachOther() throws IOException {
    Files.writeString(
        files.certificate(), first.certificatePem() + new TestAuthority("other").pem());
    assertEquals(Part.CERTIFICATE, assertThrows(CredentialsException.class, this::load).part());
    Files.writeString(files.certificate(), first.certificatePem() + authority.pem());
    Credentials credentials = load();
    assertEquals(first.certificate(), shown(credentials, credentials));
  }

  /** Two engines that talk to each other without a network. */
  private static final class Handshakes {
    private static final int ROUNDS_MAX = 100;

    static void complete(SSLEngine client, SSLEngine server) throws SSLException {
      java.nio.ByteBuffer toServer = java.nio.ByteBuffer.allocate(1 << 17);
      java.nio.ByteBuffer toClient = java.nio.ByteBuffer.allocate(1 << 17);
      client.beginHandshake();
      server.beginHandshake();
      for (int i = 0; i < ROUNDS_MAX; i++) {
        step(client, toServer, toClient);
        step(server, toClient, toServer);
        if (done(client) && done(server) && toServer.position() == 0 && toClient.position() == 0) {
          return;
        }
      }
      throw new AssertionError("no end of the handshake");
    }

    private static boolean done(SSLEngine engine) {
      return engine.getHandshakeStatus() == SSLEngineResult.HandshakeStatus.NOT_HANDSHAKING;
    }

    private static void step(SSLEngine engine, java.nio.ByteBuffer out, java.nio.ByteBuffer in)
        throws SSLException {
      java.nio.ByteBuffer plain = java.nio.ByteBuffer.allocate(1 << 16);
      Runnable task = engine.getDelegatedTask();
      while (task != null) {
        task.run();
        task = engine.getDelegatedTask();
      }
      switch (engine.getHandshakeStatus()) {
        case NEED_WRAP -> engine.wrap(java.nio.ByteBuffer.allocate(0), out);
        case NEED_UNWRAP, NEED_UNWRAP_AGAIN, NOT_HANDSHAKING -> {
          in.flip();
          if (in.hasRemaining()) {
            engine.unwrap(in, plain);
          }
          in.compact();
        }
        case NEED_TASK, FINISHED -> {}
      }
    }
  }
}
