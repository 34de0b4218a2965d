package dev.varve.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import dev.varve.credentials.Credentials;
import dev.varve.credentials.CredentialsException;
import dev.varve.credentials.TestAuthority;
import dev.varve.credentials.TestPemFiles;
import dev.varve.protocol.v1.AdminGrpc;
import dev.varve.protocol.v1.StatusRequest;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.netty.handler.ssl.SslContext;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A client of members that ask for a certificate. */
class TlsClientTest {
  private static final ByteString KEY = ByteString.copyFromUtf8("key");
  private static final ByteString VALUE = ByteString.copyFromUtf8("value");

  /** So long that a call which is repeated until its time is up would not be over. */
  private static final Duration LONG = Duration.ofMinutes(10);

  private static final int PATIENCE_SECONDS = 60;

  @TempDir Path directory;
  private final TestAuthority authority = new TestAuthority("authority");

  private TestPemFiles files(String name, TestAuthority trusted, TestAuthority issuer)
      throws IOException {
    return TestPemFiles.write(directory.resolve(name), trusted.pem(), issuer.issue(name));
  }

  private static final class Untold implements Credentials.Listener {
    @Override
    public void replaced(Optional<Instant> expiry) {
      throw new AssertionError("nothing was replaced");
    }

    @Override
    public void kept(CredentialsException why) {
      throw new AssertionError(why);
    }
  }

  private static SslContext server(TestPemFiles files) throws IOException {
    return Credentials.load(files.pem(), new Untold()).forServer();
  }

  private static VarveClient connect(FakeCluster cluster, TestPemFiles files) {
    return VarveClient.connect(
        ClientOptions.of(cluster.nodes().getFirst().address())
            .withTimeout(LONG)
            .withTls(new TlsFiles(files.authorities(), files.certificate(), files.key())));
  }

  private static VarveException failure(CompletableFuture<?> call)
      throws InterruptedException, TimeoutException {
    ExecutionException failure =
        assertThrows(ExecutionException.class, () -> call.get(PATIENCE_SECONDS, TimeUnit.SECONDS));
    return assertInstanceOf(VarveException.class, failure.getCause());
  }

  private static void isFinal(CompletableFuture<?> call) throws Exception {
    VarveException failure = failure(call);
    assertEquals(Reason.HANDSHAKE_FAILED, failure.reason(), failure::toString);
    assertTrue(
        String.valueOf(failure.getMessage()).contains("the TLS handshake failed: "),
        failure::toString);
  }

  @Test
  void writesAndReads() throws Exception {
    TestPemFiles files = files("both", authority, authority);
    try (FakeCluster cluster = FakeCluster.start(3, server(files));
        VarveClient client = connect(cluster, files)) {
      client.put(KEY, VALUE, WriteOptions.DEFAULT);
      assertEquals(VALUE, client.get(KEY, ReadOptions.DEFAULT).orElseThrow().bytes());
    }
  }

  @Test
  void tellsAtOnceThatItDoesNotTrustTheMembers() throws Exception {
    TestPemFiles theirs = files("members", authority, authority);
    TestPemFiles own = files("caller", new TestAuthority("other"), authority);
    try (FakeCluster cluster = FakeCluster.start(1, server(theirs));
        VarveClient client = connect(cluster, own)) {
      isFinal(client.getAsync(KEY, ReadOptions.DEFAULT));
      isFinal(client.putAsync(KEY, VALUE, WriteOptions.DEFAULT));
    }
  }

  @Test
  void tellsAtOnceThatTheMembersDoNotTrustIt() throws Exception {
    TestPemFiles theirs = files("members", authority, authority);
    TestPemFiles own = files("caller", authority, new TestAuthority("other"));
    try (FakeCluster cluster = FakeCluster.start(1, server(theirs));
        VarveClient client = connect(cluster, own)) {
      isFinal(client.getAsync(KEY, ReadOptions.DEFAULT));
    }
  }

  @Test
  void tellsAtOnceThatTheMembersSpeakPlainText() throws Exception {
    TestPemFiles own = files("caller", authority, authority);
    try (FakeCluster cluster = FakeCluster.start(1);
        VarveClient client = connect(cluster, own)) {
      isFinal(client.getAsync(KEY, ReadOptions.DEFAULT));
    }
  }

  /** Of a client that has worked: it has the number of shards and looks for the primary only. */
  @Test
  void tellsAtOnceWhenTheMembersCeaseToAcceptIt() throws Exception {
    TestPemFiles files = files("both", authority, authority);
    TestAuthority other = new TestAuthority("other");
    TestPemFiles theirs = files("members", other, other);
    try (FakeCluster cluster = FakeCluster.start(1, server(files));
        VarveClient client = connect(cluster, files)) {
      client.put(KEY, VALUE, WriteOptions.DEFAULT);
      cluster.nodes().getFirst().restart(server(theirs));
      isFinal(client.getAsync(KEY, ReadOptions.DEFAULT));
      isFinal(client.putAsync(KEY, VALUE, WriteOptions.DEFAULT));
    }
  }

  @Test
  void goesOnAskingForAMemberThatIsMerelyDown() throws Exception {
    TestPemFiles files = files("both", authority, authority);
    try (FakeCluster cluster = FakeCluster.start(1, server(files));
        VarveClient client = connect(cluster, files)) {
      client.put(KEY, VALUE, WriteOptions.DEFAULT);
      cluster.nodes().getFirst().stop();
      CompletableFuture<Optional<Value>> read = client.getAsync(KEY, ReadOptions.DEFAULT);
      cluster.nodes().getFirst().restart(server(files));
      assertEquals(VALUE, read.get(PATIENCE_SECONDS, TimeUnit.SECONDS).orElseThrow().bytes());
    }
  }

  @Test
  void asksOthersWhenOneMemberDoesNotAcceptIt() throws Exception {
    TestPemFiles files = files("both", authority, authority);
    TestAuthority other = new TestAuthority("other");
    try (FakeCluster cluster = FakeCluster.start(3, server(files));
        VarveClient client = connect(cluster, files)) {
      client.put(KEY, VALUE, WriteOptions.DEFAULT);
      cluster.nodes().getFirst().restart(server(files("members", other, other)));
      cluster.moveTo(1);
      assertEquals(
          VALUE,
          client
              .getAsync(KEY, ReadOptions.DEFAULT)
              .get(PATIENCE_SECONDS, TimeUnit.SECONDS)
              .orElseThrow()
              .bytes());
    }
  }

  @Test
  void connectsAnewWithFilesThatWereReplaced() throws Exception {
    TestAuthority next = new TestAuthority("next");
    TestPemFiles own = files("caller", authority, authority);
    TestPemFiles theirs = files("members", next, next);
    try (FakeCluster cluster = FakeCluster.start(1, server(theirs));
        Connections connections =
            new Connections(
                new TlsFiles(own.authorities(), own.certificate(), own.key()), System::nanoTime)) {
      Address address = cluster.nodes().getFirst().address();
      assertEquals(Status.Code.UNAVAILABLE, status(connections, address, false));
      own.trust(next.pem());
      own.show(next.issue("caller"));
      connections.look();
      connections.look();
      connections.to(address).resetConnectBackoff(); // which takes effect a moment later
      assertEquals(Status.Code.OK, status(connections, address, true));
    }
  }

  private static Status.Code status(Connections connections, Address address, boolean patient) {
    try {
      AdminGrpc.AdminBlockingStub member = AdminGrpc.newBlockingStub(connections.to(address));
      var _ =
          (patient ? member.withWaitForReady() : member)
              .withDeadlineAfter(PATIENCE_SECONDS, TimeUnit.SECONDS)
              .status(StatusRequest.getDefaultInstance());
      return Status.Code.OK;
    } catch (StatusRuntimeException e) {
      return e.getStatus().getCode();
    }
  }
}
