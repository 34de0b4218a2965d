package dev.varve.node;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import dev.varve.client.Address;
import dev.varve.client.CallCancelledException;
import dev.varve.client.ChangeBatch;
import dev.varve.client.ClientOptions;
import dev.varve.client.NotPrimaryException;
import dev.varve.client.Reason;
import dev.varve.client.SequenceTooOldException;
import dev.varve.client.UnavailableException;
import dev.varve.client.VarveClient;
import dev.varve.client.VarveException;
import dev.varve.client.WatchCursor;
import dev.varve.client.WatchOptions;
import dev.varve.credentials.ListeningPorts;
import dev.varve.protocol.v1.CompactRequest;
import dev.varve.protocol.v1.CompactionEvent;
import dev.varve.protocol.v1.Role;
import dev.varve.protocol.v1.StatusRequest;
import dev.varve.protocol.v1.StatusResponse;
import dev.varve.protocol.v1.StepDownRequest;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The client's watch against real nodes: over sockets, files and changes of the primary. */
@Timeout(120)
class WatchCursorTest {
  private static final Duration SOON = Duration.ofSeconds(30);
  private static final String[] KEYSPACES = {"VARVE_KEYSPACES", "main:4096,objects,log:Stream"};

  @TempDir Path directory;
  private final Map<String, TestNode> nodes = new TreeMap<>();
  private final List<AutoCloseable> clients = new ArrayList<>();

  @AfterEach
  void stop() throws Exception {
    for (AutoCloseable client : clients) {
      client.close();
    }
    nodes.values().forEach(TestNode::close);
  }

  private TestNode standalone(String... settings) throws IOException {
    List<String> all = new ArrayList<>(List.of(KEYSPACES));
    all.addAll(List.of(settings));
    TestNode node = TestNode.standalone(directory, all.toArray(String[]::new));
    nodes.put("alone", node);
    return node;
  }

  private VarveClient client(String... addresses) {
    Address[] endpoints = new Address[addresses.length];
    for (int i = 0; i < endpoints.length; i++) {
      endpoints[i] = Address.parse(addresses[i]);
    }
    VarveClient client = VarveClient.connect(ClientOptions.of(endpoints));
    clients.add(client);
    return client;
  }

  private Map<String, String> startThree() throws IOException {
    List<Integer> ports = ListeningPorts.free(3);
    Map<String, String> addresses = new TreeMap<>();
    for (int i = 0; i < ports.size(); i++) {
      addresses.put("m-" + i, "127.0.0.1:" + ports.get(i));
    }
    String peers =
        addresses.entrySet().stream()
            .map(peer -> peer.getKey() + "=" + peer.getValue())
            .collect(Collectors.joining(","));
    for (Map.Entry<String, String> member : addresses.entrySet()) {
      String address = member.getValue();
      nodes.put(
          member.getKey(),
          TestNode.start(
              Map.of(
                  "VARVE_MEMBER", member.getKey(),
                  "VARVE_PEERS", peers,
                  "VARVE_LEASE_FILE", directory.resolve("lease").toString(),
                  "VARVE_BOOTSTRAP", String.join(",", addresses.keySet()),
                  "VARVE_DATA_DIR", directory.resolve(member.getKey()).toString(),
                  "VARVE_HOST", "127.0.0.1",
                  "VARVE_PORT", address.substring(address.lastIndexOf(':') + 1),
                  "VARVE_MANAGED", "true")));
    }
    return addresses;
  }

  private static StatusResponse status(TestNode node) {
    return node.admin().status(StatusRequest.getDefaultInstance());
  }

  private TestNode primary() {
    AtomicReference<TestNode> found = new AtomicReference<>();
    Eventually.holds(
        SOON,
        () -> "a primary",
        () -> {
          for (TestNode node : nodes.values()) {
            if (status(node).getRole() == Role.ROLE_PRIMARY) {
              found.set(node);
              return true;
            }
          }
          return false;
        });
    return Objects.requireNonNull(found.get());
  }

  private static String key(ChangeBatch batch) {
    assertEquals(1, batch.mutations().size());
    return batch.mutations().getFirst().getPut().getKey().toStringUtf8();
  }

  private static List<String> take(WatchCursor cursor, int count) {
    List<String> keys = new ArrayList<>();
    long before = cursor.position(0);
    while (keys.size() < count) {
      ChangeBatch batch = cursor.next();
      assertTrue(batch.sequence() > before, "in order");
      before = batch.sequence();
      keys.add(key(batch));
    }
    assertEquals(before, cursor.position(0));
    return keys;
  }

  private static List<String> keys(int from, int to) {
    return IntStream.range(from, to).mapToObj(i -> "k" + i).toList();
  }

  private static void put(TestNode node, int from, int to) {
    for (int i = from; i < to; i++) {
      node.put("k" + i, "v");
    }
  }

  /**
   * The first primary is stopped while changes wait for the reader, the second hands over while it
   * serves. Guard: the sequence that a watch goes on after.
   */
  @Test
  void goesOnWithTheNextPrimaryWithoutAGapOrARepetition() throws IOException {
    Map<String, String> addresses = startThree();
    TestNode first = primary();
    Eventually.holds(
        SOON, () -> "all ready", () -> nodes.values().stream().allMatch(n -> n.node().isReady()));
    VarveClient client = client(addresses.values().toArray(String[]::new));
    try (WatchCursor cursor = client.watch(WatchOptions.ALL)) {
      put(first, 0, 100);
      List<String> told = new ArrayList<>(take(cursor, 50));
      nodes.remove(status(first).getMember());
      first.close();
      TestNode second = primary();
      put(second, 100, 150);
      told.addAll(take(cursor, 100));
      assertTrue(
          second.admin().stepDown(StepDownRequest.getDefaultInstance()).getNewPrimary().length()
              > 0);
      TestNode third = primary();
      assertNotSame(second, third);
      put(third, 150, 200);
      told.addAll(take(cursor, 50));
      long last = third.put("last", "v").getSequence();
      ChangeBatch end = cursor.next();
      assertEquals("last", key(end));
      assertEquals(last, end.sequence());
      assertEquals(keys(0, 200), told);
    }
  }

  @Test
  void aWatchFromNowOnTellsOfNothingThatWasBefore() throws IOException {
    TestNode node = standalone();
    put(node, 0, 10);
    VarveClient client = client(node.node().address());
    long now = client.admin().committedSequence(0);
    assertTrue(now >= status(node).getCommittedSequence() && now > 0);
    WatchOptions options =
        WatchOptions.ALL.startingWith(ByteString.copyFromUtf8("k")).after(0, now);
    try (WatchCursor cursor = client.watch(options)) {
      node.put("other", "v");
      put(node, 10, 20);
      assertEquals(keys(10, 20), take(cursor, 10));
      assertTrue(cursor.poll(Duration.ofMillis(50)).isEmpty(), "nothing more");
    }
    assertThrows(
        IllegalArgumentException.class, () -> client.watch(WatchOptions.ALL.after(1, now)));
  }

  /** Guard: that empty messages move the position. */
  @Test
  void thePositionMovesWithoutChangesToTell() throws IOException {
    TestNode node = standalone();
    VarveClient client = client(node.node().address());
    WatchOptions options = WatchOptions.ALL.startingWith(ByteString.copyFromUtf8("none"));
    try (WatchCursor cursor = client.watch(options)) {
      long last = node.put("other", "v").getSequence();
      Eventually.holds(
          SOON,
          () -> "at " + last + ", not " + cursor.position(0),
          () -> cursor.poll(Duration.ofMillis(10)).isEmpty() && cursor.position(0) == last);
    }
  }

  private static double watches(TestNode node) {
    return node.metrics().get("varve.watches").gauge().value();
  }

  /** Guard: {@link WatchCursor#close} wakes the reader, and cancels the call. */
  @Test
  void closeEndsTheWaitAndTheCall() throws Exception {
    TestNode node = standalone();
    WatchCursor cursor = client(node.node().address()).watch(WatchOptions.ALL);
    CompletableFuture<Boolean> hasNext = new CompletableFuture<>();
    Thread reader = waiting(cursor, hasNext);
    Eventually.holds(
        SOON,
        () -> "waits for a change: " + reader.getState(),
        () -> reader.getState() == Thread.State.WAITING && watches(node) == 1);
    cursor.close();
    assertFalse(hasNext.get(30, TimeUnit.SECONDS));
    assertFalse(cursor.hasNext());
    Eventually.holds(SOON, () -> "the call ends", () -> watches(node) == 0);
  }

  @Test
  void anInterruptEndsTheWaitAndLeavesTheWatch() throws Exception {
    TestNode node = standalone();
    try (WatchCursor cursor = client(node.node().address()).watch(WatchOptions.ALL)) {
      CompletableFuture<Boolean> hasNext = new CompletableFuture<>();
      waiting(cursor, hasNext).interrupt();
      ExecutionException failure =
          assertThrows(ExecutionException.class, () -> hasNext.get(30, TimeUnit.SECONDS));
      assertInstanceOf(CallCancelledException.class, failure.getCause());
      put(node, 0, 1);
      assertEquals(keys(0, 1), take(cursor, 1));
    }
  }

  private static Thread waiting(WatchCursor cursor, CompletableFuture<Boolean> hasNext) {
    return Thread.ofPlatform()
        .start(
            () -> {
              try {
                hasNext.complete(cursor.hasNext());
              } catch (VarveException e) {
                hasNext.completeExceptionally(e);
              }
            });
  }

  /** Guard: the window of the stream. */
  @Test
  void aSlowReaderHoldsTheServerBackAndGetsAll() throws IOException {
    TestNode node = standalone();
    int writes = 600;
    VarveClient slow = client(node.node().address());
    try (WatchCursor cursor = slow.watch(WatchOptions.ALL);
        WatchCursor quick = client(node.node().address()).watch(WatchOptions.ALL)) {
      ByteString value = ByteString.copyFrom(new byte[100_000]);
      for (int i = 0; i < writes; i++) {
        node.data().put(TestNode.put("", "k" + i, value).build());
      }
      assertEquals(keys(0, writes), take(quick, writes));
      double sent = node.metrics().get("varve.watch.messages").counter().count();
      // 60 MB were written. What was sent and not read is in the transport's window.
      assertTrue(sent - writes < writes / 2.0, sent + " messages sent to both");
      assertEquals(keys(0, writes), take(cursor, writes));
    }
  }

  @Test
  void saysFromWhereAWatchCanBeginWhenWhatWasAskedForIsGone() throws IOException {
    TestNode node = standalone();
    node.put("a", "x".repeat(4000));
    long overwritten = node.put("a", "y".repeat(4000)).getSequence();
    node.put("a", "1");
    List<CompactionEvent> events = new ArrayList<>();
    node.admin()
        .compact(CompactRequest.newBuilder().setKeyspace("main").setForce(true).build())
        .forEachRemaining(events::add);
    assertEquals(CompactionEvent.Type.COMPLETED, events.getLast().getType());
    node.close();
    node = standalone(); // has nothing in memory
    VarveClient client = client(node.node().address());
    try (WatchCursor cursor = client.watch(WatchOptions.ALL.after(0, overwritten - 1))) {
      SequenceTooOldException gone = assertThrows(SequenceTooOldException.class, cursor::hasNext);
      assertEquals(OptionalLong.of(overwritten), gone.startAfter());
      assertSame(gone, assertThrows(SequenceTooOldException.class, cursor::next));
    }
    try (WatchCursor cursor = client.watch(WatchOptions.ALL.after(0, overwritten))) {
      assertEquals(List.of("a"), take(cursor, 1));
    }
  }

  /** Guard: the limit of an outage. */
  @Test
  void failsAfterTheLimitOfAnOutageAndWithoutOneWaits() throws Exception {
    int port = ListeningPorts.free(1).getFirst();
    TestNode node = standalone("VARVE_PORT", String.valueOf(port));
    VarveClient client = client(node.node().address());
    WatchOptions limited = WatchOptions.ALL.withOutageLimit(Duration.ofMillis(300));
    try (WatchCursor gaveUp = client.watch(limited);
        WatchCursor cursor = client.watch(WatchOptions.ALL)) {
      put(node, 0, 1);
      assertEquals(keys(0, 1), take(gaveUp, 1));
      assertEquals(keys(0, 1), take(cursor, 1));
      node.close();
      VarveException failure = assertThrows(VarveException.class, gaveUp::hasNext);
      assertTrue(
          failure instanceof UnavailableException || failure instanceof NotPrimaryException,
          failure::toString);
      assertTrue(cursor.poll(Duration.ofMillis(50)).isEmpty());
      node = standalone("VARVE_PORT", String.valueOf(port));
      put(node, 1, 3);
      assertEquals(keys(1, 3), take(cursor, 2));
    }
  }

  /** Guard: how long a member may not know of a sequence. */
  @Test
  void aSequenceOfAnotherStoreIsSaidToBeOne() throws IOException {
    TestNode node = standalone();
    VarveClient client =
        VarveClient.connect(
            ClientOptions.of(Address.parse(node.node().address()))
                .withTimeout(Duration.ofSeconds(3)));
    clients.add(client);
    try (WatchCursor cursor = client.watch(WatchOptions.ALL.after(0, 1_000_000))) {
      UnavailableException failure = assertThrows(UnavailableException.class, cursor::hasNext);
      assertEquals(Reason.REPLICA_BEHIND, failure.reason());
    }
  }
}
