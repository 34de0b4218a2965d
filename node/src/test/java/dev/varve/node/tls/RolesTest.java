package dev.varve.node.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.credentials.Credentials;
import dev.varve.credentials.CredentialsException;
import dev.varve.credentials.TestAuthority;
import dev.varve.credentials.TestPemFiles;
import dev.varve.node.TestNode;
import dev.varve.protocol.internal.v1.ReplicationGrpc;
import dev.varve.protocol.v1.AdminGrpc;
import dev.varve.protocol.v1.KeyValueGrpc;
import dev.varve.protocol.v1.StreamsGrpc;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServiceDescriptor;
import io.grpc.Status;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.reflection.v1.ServerReflectionGrpc;
import io.netty.handler.ssl.SslContext;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.time.Instant;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every method of a node, called by every kind of caller over real connections. */
class RolesTest {
  private static final String ALL = "admin data member";

  /** Who gets in, by hand: a method that is added to the protocol must be added here. */
  private static final Map<String, String> ALLOWED =
      Map.ofEntries(
          Map.entry("varve.v1.KeyValue/Get", "admin data"),
          Map.entry("varve.v1.KeyValue/Put", "admin data"),
          Map.entry("varve.v1.KeyValue/Delete", "admin data"),
          Map.entry("varve.v1.KeyValue/Write", "admin data"),
          Map.entry("varve.v1.KeyValue/WriteStream", "admin data"),
          Map.entry("varve.v1.KeyValue/Scan", "admin data"),
          Map.entry("varve.v1.KeyValue/Watch", "admin data"),
          Map.entry("varve.v1.Streams/Append", "admin data"),
          Map.entry("varve.v1.Streams/Read", "admin data"),
          Map.entry("varve.v1.Streams/Trim", "admin data"),
          Map.entry("varve.v1.Admin/Status", ALL),
          Map.entry("varve.v1.Admin/Plan", "admin"),
          Map.entry("varve.v1.Admin/Compact", "admin"),
          Map.entry("varve.v1.Admin/Checkpoint", "admin"),
          Map.entry("varve.v1.Admin/Events", "admin"),
          Map.entry("varve.v1.Admin/Backup", "admin"),
          Map.entry("varve.v1.Admin/StepDown", "admin"),
          Map.entry(ReplicationGrpc.getSendMethod().getFullMethodName(), "member"),
          Map.entry("grpc.health.v1.Health/Check", ALL),
          Map.entry("grpc.health.v1.Health/Watch", ALL),
          Map.entry("grpc.reflection.v1.ServerReflection/ServerReflectionInfo", ALL));

  @TempDir Path directory;
  private final TestAuthority authority = new TestAuthority("authority");
  private final Map<String, ManagedChannel> callers = new LinkedHashMap<>();
  private TestNode node;

  private TestPemFiles files(String name, TestAuthority.Issued own) throws IOException {
    return TestPemFiles.write(directory.resolve(name), authority.pem(), own);
  }

  private SslContext context(TestAuthority.Issued own) throws IOException {
    return Credentials.load(
            files("caller", own).pem(),
            new Credentials.Listener() {
              @Override
              public void replaced(Optional<Instant> expiry) {}

              @Override
              public void kept(CredentialsException why) {}
            })
        .forClient();
  }

  @BeforeEach
  void start() throws IOException {
    TestPemFiles own = files("node", authority.issue("node", "varve-member"));
    Map<String, String> settings = new HashMap<>();
    settings.put("VARVE_MODE", "standalone");
    settings.put("VARVE_DATA_DIR", directory.resolve("data").toString());
    settings.put("VARVE_HOST", "127.0.0.1");
    settings.put("VARVE_PORT", "0");
    settings.put("VARVE_MANAGED", "true");
    settings.put("BALLAST", "0");
    settings.put("VARVE_TLS_CA", own.authorities().toString());
    settings.put("VARVE_TLS_CERT", own.certificate().toString());
    settings.put("VARVE_TLS_KEY", own.key().toString());
    settings.put("VARVE_TLS_ADMIN_NAMES", "varve-admin, ops");
    node = TestNode.start(settings, context(authority.issue("varve-admin")));
    node.awaitReady();
    caller("admin by common name", authority.issue("varve-admin"));
    caller("admin by DNS name", authority.issue("someone", "ops"));
    caller("data", authority.issue("someone", "varve-admin.example"));
    caller("member", authority.issue("m-0", "varve-member"));
  }

  private void caller(String name, TestAuthority.Issued own) throws IOException {
    callers.put(
        name,
        NettyChannelBuilder.forTarget(node.node().address()).sslContext(context(own)).build());
  }

  @AfterEach
  void stop() {
    callers.values().forEach(ManagedChannel::shutdownNow);
    node.close();
  }

  @Test
  void everyMethodLetsInWhoHasTheRole() throws Exception {
    Set<String> methods = new TreeSet<>();
    Map<String, Boolean> expected = new TreeMap<>();
    Map<String, Boolean> found = new TreeMap<>();
    for (ServiceDescriptor service :
        List.of(
            KeyValueGrpc.getServiceDescriptor(),
            StreamsGrpc.getServiceDescriptor(),
            AdminGrpc.getServiceDescriptor(),
            ReplicationGrpc.getServiceDescriptor(),
            HealthGrpc.getServiceDescriptor(),
            ServerReflectionGrpc.getServiceDescriptor())) {
      for (MethodDescriptor<?, ?> method : service.getMethods()) {
        String name = method.getFullMethodName();
        methods.add(name);
        for (Map.Entry<String, ManagedChannel> caller : callers.entrySet()) {
          String role = caller.getKey().split(" ", 2)[0];
          String cell = name + " as " + caller.getKey();
          expected.put(cell, ALLOWED.getOrDefault(name, "").contains(role));
          Optional<Status> refusal = refusal(caller.getValue(), method);
          found.put(cell, refusal.isEmpty());
          refusal.ifPresent(
              status ->
                  assertTrue(
                      String.valueOf(status.getDescription()).startsWith(name + " needs the role "),
                      status::toString));
        }
      }
    }
    assertEquals(new TreeSet<>(ALLOWED.keySet()), methods);
    assertEquals(expected, found);
  }

  @Test
  void saysWhichRoleIsNeededAndWhichNamesThereAre() throws Exception {
    assertEquals(
        "varve.v1.Admin/Checkpoint needs the role admin; the caller's certificate has the names"
            + " [localhost, someone, varve-admin.example]",
        refusal(channelOf("data"), AdminGrpc.getCheckpointMethod()).orElseThrow().getDescription());
    assertEquals(
        "varve.v1.KeyValue/Get needs the role data or admin; the caller's certificate has the"
            + " names [localhost, m-0, varve-member]",
        refusal(channelOf("member"), KeyValueGrpc.getGetMethod()).orElseThrow().getDescription());
  }

  private ManagedChannel channelOf(String caller) {
    return java.util.Objects.requireNonNull(callers.get(caller));
  }

  @Test
  void aServiceThatIsNotKnownHereNeedsAdmin() {
    MethodDescriptor<byte[], byte[]> method =
        bytes(MethodDescriptor.MethodType.UNARY, "varve.v2.Future/Call");
    assertEquals(Set.of(CallerRole.ADMIN), RoleGate.needed(method));
  }

  /** Empty when the call got in: it was answered, or ended otherwise, or goes on. */
  private static Optional<Status> refusal(ManagedChannel channel, MethodDescriptor<?, ?> method)
      throws InterruptedException, ExecutionException, TimeoutException {
    CompletableFuture<Optional<Status>> outcome = new CompletableFuture<>();
    ClientCall<byte[], byte[]> call =
        channel.newCall(
            bytes(method.getType(), method.getFullMethodName()),
            CallOptions.DEFAULT.withDeadlineAfter(endless(method) ? 1 : 30, TimeUnit.SECONDS));
    call.start(
        new ClientCall.Listener<>() {
          @Override
          public void onMessage(byte[] message) {
            outcome.complete(Optional.empty());
          }

          @Override
          public void onClose(Status status, Metadata trailers) {
            Status.Code code = status.getCode();
            if (code == Status.Code.UNAVAILABLE) {
              outcome.completeExceptionally(status.asException());
            }
            outcome.complete(
                code == Status.Code.PERMISSION_DENIED ? Optional.of(status) : Optional.empty());
          }
        },
        new Metadata());
    call.request(1);
    call.sendMessage(new byte[0]);
    call.halfClose();
    try {
      return outcome.get(60, TimeUnit.SECONDS);
    } finally {
      call.cancel("seen enough", null);
    }
  }

  /** Those that say nothing while nothing changes; a refusal comes at once all the same. */
  private static boolean endless(MethodDescriptor<?, ?> method) {
    return method.getFullMethodName().equals("varve.v1.KeyValue/Watch");
  }

  private static MethodDescriptor<byte[], byte[]> bytes(
      MethodDescriptor.MethodType type, String name) {
    return MethodDescriptor.newBuilder(new Bytes(), new Bytes())
        .setType(type)
        .setFullMethodName(name)
        .build();
  }

  /** Messages as they are: an empty one is valid for all. */
  private static final class Bytes implements MethodDescriptor.Marshaller<byte[]> {
    @Override
    public InputStream stream(byte[] value) {
      return new ByteArrayInputStream(value);
    }

    @Override
    public byte[] parse(InputStream stream) {
      try {
        return stream.readAllBytes();
      } catch (IOException e) {
        throw new java.io.UncheckedIOException(e);
      }
    }
  }
}
