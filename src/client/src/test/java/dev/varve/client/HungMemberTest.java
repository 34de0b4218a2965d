package dev.varve.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Members that are stopped, and answer nothing, and those that come back. */
@Timeout(60)
class HungMemberTest {
  private static final ByteString KEY = ByteString.copyFromUtf8("key");
  private static final Duration HUNG = Duration.ofSeconds(20);
  private static final Duration SHORT = Duration.ofMillis(700);

  private FakeCluster cluster = new FakeCluster();

  @BeforeEach
  void start() throws IOException {
    cluster = FakeCluster.start(3);
  }

  @AfterEach
  void stop() {
    cluster.close();
  }

  private VarveClient connect(int member, Duration timeout, Duration statusTimeout) {
    return VarveClient.connect(
        ClientOptions.of(cluster.nodes().get(member).address())
            .withTimeout(timeout)
            .withStatusTimeout(statusTimeout));
  }

  private static Written put(VarveClient client) {
    return client.put(KEY, KEY, WriteOptions.DEFAULT);
  }

  /**
   * Looks once a millisecond: a condition that calls a channel gives its event loop work, and one
   * that is looked at without a pause gives it more than it can do, so that it does nothing else.
   */
  private static void await(BooleanSupplier condition, String otherwise) {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
    while (!condition.getAsBoolean()) {
      assertTrue(System.nanoTime() < deadline, otherwise);
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
    }
  }

  /** Guard: {@code PrimarySearch.lookAgain} asks again whoever has answered. */
  @Test
  void aSearchDoesNotWaitForAMemberThatHangs() throws Exception {
    cluster.vacate();
    try (VarveClient client = connect(1, HUNG, HUNG)) {
      assertEquals(1, client.admin().shards());
      cluster.nodes().get(0).hang(true);
      CompletableFuture<Written> written = client.putAsync(KEY, KEY, WriteOptions.DEFAULT);
      int asked = cluster.nodes().get(2).statusCalls();
      await(() -> cluster.nodes().get(2).statusCalls() > asked + 1, "it was not asked again");
      assertFalse(written.isDone());

      cluster.moveTo(1);

      assertEquals(2, written.get(5, TimeUnit.SECONDS).term());
      assertTrue(cluster.nodes().get(0).statusCalls() <= 2, "the hung member was asked again");
    }
  }

  /** Guard: any member's answer tells the number of shards. */
  @Test
  void theFirstContactDoesNotWaitForAMemberThatHangs() throws Exception {
    cluster.vacate();
    cluster.nodes().get(0).hang(true);
    ClientOptions both =
        ClientOptions.of(cluster.nodes().get(0).address(), cluster.nodes().get(1).address());
    try (VarveClient client = VarveClient.connect(both.withTimeout(HUNG))) {
      CompletableFuture<Integer> shards = CompletableFuture.supplyAsync(client.admin()::shards);
      assertEquals(1, shards.get(5, TimeUnit.SECONDS));
    }
  }

  /** Guard: {@code Errors.isDoubtful} of a write that was not answered. */
  @Test
  void onlyOneWriteIsLostToAPrimaryThatHangs() {
    try (VarveClient client = connect(2, SHORT, SHORT)) {
      put(client);
      cluster.nodes().get(0).hang(true);
      cluster.moveTo(1);
      assertThrows(OutcomeUnknownException.class, () -> put(client));
      assertEquals(2, put(client).term());
    }
  }

  /** Guard: who waits for a search leaves it at the end of the own time. */
  @Test
  void aCallWithoutAPrimaryEndsInItsTimeAndSaysWhatWasAnswered() {
    cluster.vacate();
    cluster.nodes().get(0).hang(true);
    try (VarveClient client = connect(1, SHORT, SHORT)) {
      NotPrimaryException failure = assertThrows(NotPrimaryException.class, () -> put(client));
      String message = String.valueOf(failure.getMessage());
      assertEquals(Reason.NO_PRIMARY, failure.reason());
      for (FakeNode node : cluster.nodes()) {
        assertTrue(message.contains(node.address().toString()), message);
      }
    }
  }

  /** Guard: {@code PrimaryFinder.close}. */
  @Test
  void closingTheClientEndsASearch() {
    cluster.vacate();
    CompletableFuture<Written> written;
    try (VarveClient client = connect(1, HUNG, HUNG)) {
      assertEquals(1, client.admin().shards());
      written = client.putAsync(KEY, KEY, WriteOptions.DEFAULT);
      int asked = cluster.nodes().get(2).statusCalls();
      await(() -> cluster.nodes().get(2).statusCalls() > asked + 1, "it was not asked again");
    }
    ExecutionException failure =
        assertThrows(ExecutionException.class, () -> written.get(5, TimeUnit.SECONDS));
    assertInstanceOf(IllegalStateException.class, failure.getCause());
  }

  /**
   * Guard: {@code Connection.reconnect}. The clock says that a second passes between any two calls;
   * gRPC, by its own, would try the sixth connection after about 16 s.
   */
  @Test
  void aMemberThatWasDownForLongIsConnectedToAtTheNextCall() throws Exception {
    AtomicInteger tried = new AtomicInteger();
    AtomicLong clock = new AtomicLong();
    try (ServerSocket down = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        Connections connections =
            new Connections(null, () -> clock.addAndGet(TimeUnit.SECONDS.toNanos(1)))) {
      Thread.startVirtualThread(
          () -> {
            try {
              while (true) {
                Socket refused = down.accept();
                tried.incrementAndGet();
                refused.close();
              }
            } catch (IOException closed) {
              assertTrue(down.isClosed(), () -> "was " + closed);
            }
          });
      Address address = new Address("127.0.0.1", down.getLocalPort());
      await(
          () -> {
            var _ = connections.to(address).getState(true);
            return tried.get() >= 6;
          },
          "it tried again too seldom");
    }
  }
}
