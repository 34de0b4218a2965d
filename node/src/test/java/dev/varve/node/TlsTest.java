package dev.varve.node;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.credentials.Credentials;
import dev.varve.credentials.CredentialsException;
import dev.varve.credentials.ListeningPorts;
import dev.varve.credentials.PemFiles;
import dev.varve.credentials.TestAuthority;
import dev.varve.credentials.TestPemFiles;
import dev.varve.node.peer.RpcTransport;
import dev.varve.node.settings.SettingsException;
import dev.varve.protocol.v1.AdminGrpc;
import dev.varve.protocol.v1.Role;
import dev.varve.protocol.v1.StatusRequest;
import dev.varve.protocol.v1.StatusResponse;
import dev.varve.replication.Request;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.netty.handler.ssl.SslContext;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.TreeMap;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Nodes that speak mutual TLS, over real sockets and files. */
class TlsTest {
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  @TempDir Path directory;
  private final TestAuthority authority = new TestAuthority("authority");

  /** Settings of a node alone whose certificate has these names. */
  private Map<String, String> settings(TestPemFiles files) {
    return new HashMap<>(
        Map.of(
            "VARVE_MODE", "standalone",
            "VARVE_DATA_DIR", directory.resolve("data").toString(),
            "VARVE_HOST", "127.0.0.1",
            "VARVE_PORT", "0",
            "VARVE_MANAGED", "true",
            "BALLAST", "0",
            "VARVE_TLS_CA", files.authorities().toString(),
            "VARVE_TLS_CERT", files.certificate().toString(),
            "VARVE_TLS_KEY", files.key().toString(),
            "VARVE_TLS_RELOAD_INTERVAL", "1"));
  }

  private TestPemFiles files(String name, TestAuthority.Issued own) throws IOException {
    return TestPemFiles.write(directory.resolve(name), authority.pem(), own);
  }

  private static Credentials credentials(TestPemFiles files) throws IOException {
    return Credentials.load(files.pem(), new Untold());
  }

  private static final class Untold implements Credentials.Listener {
    @Override
    public void replaced(Optional<Instant> expiry) {
      assertTrue(expiry.isPresent());
    }

    @Override
    public void kept(CredentialsException why) {
      throw new AssertionError(why);
    }
  }

  private SslContext caller(String... names) throws IOException {
    return credentials(files("caller", authority.issue("caller", names))).forClient();
  }

  private TestNode start(TestPemFiles files) throws IOException {
    TestNode node = TestNode.start(settings(files), caller("varve-admin"));
    node.awaitReady();
    return node;
  }

  private static ManagedChannel channel(TestNode node, SslContext context) {
    return NettyChannelBuilder.forTarget(node.node().address()).sslContext(context).build();
  }

  private static StatusResponse status(ManagedChannel channel) {
    return AdminGrpc.newBlockingStub(channel)
        .withDeadlineAfter(30, TimeUnit.SECONDS)
        .status(StatusRequest.getDefaultInstance());
  }

  private static void refusedBy(TestNode node, SslContext context) {
    ManagedChannel channel = channel(node, context);
    try {
      StatusRuntimeException refusal =
          assertThrows(StatusRuntimeException.class, () -> status(channel));
      assertEquals(Status.Code.UNAVAILABLE, refusal.getStatus().getCode(), refusal::toString);
    } finally {
      channel.shutdownNow();
    }
  }

  @Test
  void refusesWhoeverHasNoCertificateOfItsAuthority() throws IOException {
    TestPemFiles own = files("node", authority.issue("node", "varve-member"));
    TestPemFiles foreign =
        TestPemFiles.write(
            directory.resolve("foreign"),
            authority.pem(),
            new TestAuthority("authority").issue("caller", "varve-admin"));
    try (TestNode node = start(own)) {
      assertEquals(Role.ROLE_PRIMARY, status(node.channel()).getRole());
      refusedBy(node, credentials(foreign).forClient());
      refusedBy(
          node,
          Credentials.load(new PemFiles(own.authorities(), null, null), new Untold()).forClient());
      double expiry =
          node.metrics().get("varve.tls.certificate.expiry.timestamp.seconds").gauge().value();
      long about = authority.issue("now").certificate().getNotAfter().toInstant().getEpochSecond();
      assertEquals((double) about, expiry, (double) Duration.ofHours(1).toSeconds());
    }
  }

  @Test
  void replacesItsCertificateAndThenItsAuthorityWithoutAFailedCall()
      throws IOException, InterruptedException {
    TestPemFiles own = files("node", authority.issue("node"));
    TestPemFiles caller = files("caller-under-load", authority.issue("caller"));
    TestAuthority next = new TestAuthority("next");
    Credentials client = credentials(caller);
    SslContext context = client.forClient();
    Queue<String> failures = new ConcurrentLinkedQueue<>();
    AtomicInteger calls = new AtomicInteger();
    AtomicBoolean stopped = new AtomicBoolean();
    try (TestNode node = start(own)) {
      status(node.channel());
      Thread load =
          Thread.ofPlatform()
              .start(
                  () -> {
                    while (!stopped.get()) {
                      ManagedChannel channel = channel(node, context); // shakes hands anew
                      try {
                        status(channel);
                        calls.incrementAndGet();
                      } catch (StatusRuntimeException e) {
                        failures.add(e + ": " + e.getCause());
                      } finally {
                        channel.shutdownNow();
                      }
                    }
                  });
      try {
        own.show(authority.issue("node"));
        reloaded(node, 1, calls);
        own.trust(authority.pem() + next.pem());
        caller.trust(authority.pem() + next.pem());
        reloaded(node, 2, calls);
        client.look();
        client.look();
        own.show(next.issue("node"));
        caller.show(next.issue("caller"));
        reloaded(node, 3, calls);
        client.look();
        client.look();
        own.trust(next.pem());
        caller.trust(next.pem());
        reloaded(node, 4, calls);
        client.look();
        client.look();
        settle(calls);
        refusedBy(node, caller("varve-admin"));
        status(node.channel()); // of the authority that is trusted no more, but connected before
      } finally {
        stopped.set(true);
        load.join();
      }
      assertEquals(List.of(), List.copyOf(failures), () -> calls + " calls");
      Files.writeString(own.key(), "no key");
      Eventually.holds(
          PATIENCE,
          () -> "a change that was not taken",
          () -> node.metrics().get("varve.tls.reload.failures").counter().count() == 1);
      ManagedChannel after = channel(node, context);
      status(after);
      after.shutdownNow();
    }
  }

  private static void reloaded(TestNode node, int times, AtomicInteger calls) {
    Eventually.holds(
        PATIENCE,
        () -> "change " + times + " taken",
        () -> node.metrics().get("varve.tls.reloads").counter().count() >= times);
    settle(calls);
  }

  private static void settle(AtomicInteger calls) {
    int now = calls.get();
    Eventually.holds(PATIENCE, () -> "calls after " + now, () -> calls.get() >= now + 3);
  }

  @Test
  void doesNotStartWithFilesThatItCannotUse() throws IOException {
    TestPemFiles files = files("node", authority.issue("node"));
    for (String name : List.of("VARVE_TLS_CA", "VARVE_TLS_CERT", "VARVE_TLS_KEY")) {
      Map<String, String> without = settings(files);
      without.remove(name);
      startFails(without, name + " is not set");
      Map<String, String> elsewhere = settings(files);
      elsewhere.put(name, directory.resolve("absent").toString());
      startFails(elsewhere, name + ": " + directory.resolve("absent") + " does not exist");
    }
    Files.writeString(files.key(), authority.issue("other").keyPem());
    startFails(
        settings(files),
        "VARVE_TLS_KEY: " + files.key() + " is not the key of " + files.certificate());
  }

  private static void startFails(Map<String, String> settings, String message) {
    SettingsException failure =
        assertThrows(SettingsException.class, () -> TestNode.start(settings));
    assertTrue(String.valueOf(failure.getMessage()).startsWith(message), String.valueOf(failure));
  }

  @Test
  void membersReplicateAndWhoeverIsNoneIsRefused() throws IOException {
    Map<String, String> addresses = new TreeMap<>();
    List<Integer> ports = ListeningPorts.free(3);
    for (int i = 0; i < ports.size(); i++) {
      addresses.put("m-" + i, "127.0.0.1:" + ports.get(i));
    }
    Map<String, TestNode> nodes = new TreeMap<>();
    try {
      for (Map.Entry<String, String> member : addresses.entrySet()) {
        String name = member.getKey();
        Map<String, String> settings = settings(files(name, authority.issue(name, "varve-member")));
        settings.remove("VARVE_MODE");
        settings.put("VARVE_MEMBER", name);
        settings.put(
            "VARVE_PEERS",
            addresses.entrySet().stream()
                .map(one -> one.getKey() + "=" + one.getValue())
                .collect(Collectors.joining(",")));
        settings.put("VARVE_LEASE_FILE", directory.resolve("lease").toString());
        settings.put("VARVE_BOOTSTRAP", String.join(",", addresses.keySet()));
        settings.put("VARVE_DATA_DIR", directory.resolve("data-" + name).toString());
        settings.put("VARVE_PORT", member.getValue().substring("127.0.0.1:".length()));
        nodes.put(name, TestNode.start(settings, caller("varve-admin")));
      }
      nodes.values().forEach(TestNode::awaitReady);
      TestNode primary =
          nodes.values().stream()
              .filter(node -> status(node.channel()).getRole() == Role.ROLE_PRIMARY)
              .findFirst()
              .orElseThrow();
      long sequence = primary.put("k", "v").getSequence();
      Eventually.holds(
          PATIENCE,
          () -> "sequence " + sequence + " on all",
          () ->
              nodes.values().stream()
                  .allMatch(node -> status(node.channel()).getCommittedSequence() >= sequence));
      for (String[] names : new String[][] {{}, {"varve-admin"}}) {
        try (RpcTransport stranger = RpcTransport.toMembers(addresses, caller(names))) {
          CompletionException refusal =
              assertThrows(
                  CompletionException.class,
                  () -> stranger.send("m-0", new Request.DescribeMember(0, 0)).join());
          assertTrue(refusal.toString().contains("needs the role member"), refusal::toString);
        }
      }
    } finally {
      nodes.values().forEach(TestNode::close);
    }
  }
}
