package dev.varve.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import com.google.rpc.Code;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class VarveClientTest {
  private static final ByteString KEY = ByteString.copyFromUtf8("key");
  private static final ByteString VALUE = ByteString.copyFromUtf8("value");
  private static final Duration SHORT = Duration.ofMillis(700);

  private FakeCluster cluster = new FakeCluster();
  private VarveClient client = VarveClient.connect(ClientOptions.of(new Address("127.0.0.1", 1)));

  @BeforeEach
  void start() throws IOException {
    client.close();
    cluster = FakeCluster.start(3);
    client = connect(2, ClientOptions.DEFAULT_TIMEOUT);
  }

  @AfterEach
  void stop() {
    client.close();
    cluster.close();
  }

  /** A client that knows one member only. */
  private VarveClient connect(int member, Duration timeout) {
    return VarveClient.connect(
        ClientOptions.of(cluster.nodes().get(member).address())
            .withTimeout(timeout)
            .withStatusTimeout(Duration.ofMillis(300)));
  }

  private Written put() {
    return client.put(KEY, VALUE, WriteOptions.DEFAULT);
  }

  @Test
  void findsThePrimaryFromAnyMember() {
    Written written = put();

    Value value = client.get(KEY, ReadOptions.DEFAULT.after(written)).orElseThrow();
    assertEquals(VALUE, value.bytes());
    assertEquals(written.sequence(), value.sequence());
    assertEquals(1, cluster.nodes().get(0).dataCalls() - 1);
    assertEquals(0, cluster.nodes().get(2).dataCalls());
  }

  @Test
  void followsThePrimaryWhenItMoves() {
    put();
    cluster.moveTo(1);

    Written written = put();

    assertEquals(2, written.term());
    assertEquals(1, cluster.nodes().get(1).dataCalls());
  }

  @Test
  void goesToAnotherMemberWhenThePrimaryIsGone() {
    put();
    cluster.nodes().get(0).stop();
    cluster.moveTo(1);

    assertEquals(VALUE, client.get(KEY, ReadOptions.DEFAULT).orElseThrow().bytes());
    assertEquals(2, put().term());
  }

  @Test
  void findsNothingForAKeyThatIsAbsentOrDeleted() {
    assertTrue(client.get(KEY, ReadOptions.DEFAULT).isEmpty());
    put();
    client.delete(KEY, WriteOptions.DEFAULT);
    assertTrue(client.get(KEY, ReadOptions.DEFAULT).isEmpty());
  }

  @Test
  void repeatsAWriteThatWasRefusedUnapplied() {
    FakeNode primary = cluster.primaryNode();
    primary.failNext(
        FakeCluster.error(
            Code.UNAVAILABLE, "QUORUM_UNAVAILABLE", "no majority", "outcome", "not_applied"));
    primary.failNext(FakeCluster.error(Code.UNAVAILABLE, "SHUTTING_DOWN", "stopping"));

    put();

    assertEquals(3, primary.dataCalls());
  }

  @Test
  void reportsAnUnknownOutcomeInsteadOfRepeatingTheWrite() {
    FakeNode primary = cluster.primaryNode();
    primary.failNext(FakeCluster.error(Code.UNAVAILABLE, "QUORUM_UNAVAILABLE", "no majority"));

    OutcomeUnknownException e = assertThrows(OutcomeUnknownException.class, this::put);

    assertEquals(Reason.QUORUM_UNAVAILABLE, e.reason());
    assertEquals(1, primary.dataCalls());
  }

  @Test
  void reportsAnUnknownOutcomeOfAWriteThatIsNotAnsweredInTime() {
    cluster.primaryNode().silent(true);
    try (VarveClient impatient = connect(0, SHORT)) {
      OutcomeUnknownException e =
          assertThrows(
              OutcomeUnknownException.class, () -> impatient.put(KEY, VALUE, WriteOptions.DEFAULT));
      assertEquals(Reason.TIMEOUT, e.reason());
    }
    assertEquals(1, cluster.primaryNode().dataCalls());
  }

  @Test
  void reportsAnUnknownOutcomeWhenTheConnectionBreaksUnderAWrite() throws Exception {
    FakeNode primary = cluster.primaryNode();
    primary.silent(true);
    CompletableFuture<Written> answer = client.putAsync(KEY, VALUE, WriteOptions.DEFAULT);
    awaitDataCalls(primary, 1);
    primary.stop();

    ExecutionException e =
        assertThrows(ExecutionException.class, () -> answer.get(10, TimeUnit.SECONDS));

    Throwable cause = e.getCause();
    assertTrue(cause instanceof OutcomeUnknownException, () -> "was " + cause);
  }

  private static void awaitDataCalls(FakeNode node, int calls) {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
    while (node.dataCalls() < calls) {
      assertTrue(System.nanoTime() < deadline, "the call did not arrive");
      Thread.onSpinWait();
    }
  }

  @Test
  void aWriteThatNeverLeftIsUnavailableNotUnknown() {
    FakeNode only = cluster.nodes().get(2);
    for (FakeNode node : cluster.nodes()) {
      node.stop();
    }
    try (VarveClient lost =
        VarveClient.connect(ClientOptions.of(only.address()).withTimeout(SHORT))) {
      UnavailableException e =
          assertThrows(
              UnavailableException.class, () -> lost.put(KEY, VALUE, WriteOptions.DEFAULT));
      assertTrue(String.valueOf(e.getMessage()).contains(only.address().toString()));
    }
  }

  @Test
  void aReadLeavesAMemberThatHangs() {
    put();
    cluster.nodes().get(0).silent(true);
    ReadOptions anyMember = ReadOptions.DEFAULT.stale(0);

    for (int i = 0; i < 20; i++) {
      assertEquals(VALUE, client.get(KEY, anyMember).orElseThrow().bytes());
    }
  }

  @Test
  void conditionsAreChecked() {
    Written first = client.put(KEY, VALUE, WriteOptions.DEFAULT.onlyIf(0));
    assertThrows(
        VersionMismatchException.class,
        () -> client.put(KEY, VALUE, WriteOptions.DEFAULT.onlyIf(0)));
    client.put(KEY, VALUE, WriteOptions.DEFAULT.onlyIf(first.sequence()));
  }

  @Test
  void refusalsNameTheRule() {
    InvalidRequestException empty =
        assertThrows(
            InvalidRequestException.class,
            () -> client.put(ByteString.EMPTY, VALUE, WriteOptions.DEFAULT));
    assertEquals(Reason.KEY_EMPTY, empty.reason());
    InvalidRequestException keyspace =
        assertThrows(
            InvalidRequestException.class, () -> client.get(KEY, ReadOptions.DEFAULT.in("nope")));
    assertEquals(Reason.UNKNOWN_KEYSPACE, keyspace.reason());
  }

  @Test
  void aReadBehindItsTokenIsUnavailable() {
    try (VarveClient impatient = connect(0, SHORT)) {
      UnavailableException e =
          assertThrows(
              UnavailableException.class,
              () -> impatient.get(KEY, new ReadOptions("", 99, true, 0)));
      assertEquals(Reason.REPLICA_BEHIND, e.reason());
    }
  }

  @Test
  void appliesABatchWholeOrNotAtAll() {
    ByteString other = ByteString.copyFromUtf8("other");
    WriteBatch bad =
        client.batch(
            List.of(
                VarveClient.putMutation(KEY, VALUE, WriteOptions.DEFAULT),
                VarveClient.putMutation(other, VALUE, WriteOptions.DEFAULT.onlyIf(77))));
    assertThrows(VersionMismatchException.class, () -> client.write(bad));
    assertEquals(0, cluster.size("main"));

    client.write(
        client.batch(
            List.of(
                VarveClient.putMutation(KEY, VALUE, WriteOptions.DEFAULT),
                VarveClient.putMutation(other, VALUE, WriteOptions.DEFAULT.in("objects")))));
    assertEquals(1, cluster.size("main"));
    assertEquals(1, cluster.size("objects"));
  }

  @Test
  void scansEverythingOnceWithTheServerHeldBack() {
    ByteString large = ByteString.copyFrom(new byte[32 * 1024]);
    int count = 400;
    for (int i = 0; i < count; i++) {
      client.put(ByteString.copyFromUtf8("k" + i), large, WriteOptions.DEFAULT);
    }
    Set<ByteString> seen = new HashSet<>();
    try (ScanCursor cursor = client.scan(ScanOptions.ALL)) {
      assertTrue(cursor.hasNext());
      assertTrue(
          cluster.primaryNode().scanned() < count, "the server sent all before any was read");
      while (cursor.hasNext()) {
        assertTrue(seen.add(cursor.next().getKey()));
      }
    }
    assertEquals(count, seen.size());
  }

  @Test
  void scansByPrefixUpToALimitAndFollowsThePrimary() {
    for (int i = 0; i < 9; i++) {
      client.put(ByteString.copyFromUtf8("a" + i), VALUE, WriteOptions.DEFAULT);
      client.put(ByteString.copyFromUtf8("b" + i), VALUE, WriteOptions.DEFAULT);
    }
    cluster.moveTo(1);
    ScanOptions options = new ScanOptions("", ByteString.copyFromUtf8("a"), true, 5, false);
    List<String> keys = new ArrayList<>();
    try (ScanCursor cursor = client.scan(options)) {
      cursor.forEachRemaining(entry -> keys.add(entry.getKey().toStringUtf8()));
    }
    assertEquals(5, keys.size());
    assertTrue(keys.stream().allMatch(key -> key.startsWith("a")));
  }

  @Test
  void aLostSnapshotEndsTheScan() {
    cluster.primaryNode().failNext(FakeCluster.error(Code.ABORTED, "SNAPSHOT_LOST", "too old"));
    try (ScanCursor cursor = client.scan(ScanOptions.ALL)) {
      assertThrows(SnapshotLostException.class, cursor::hasNext);
    }
  }

  @Test
  void manyVirtualThreadsShareAClient() throws Exception {
    List<Future<?>> all = new ArrayList<>();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int i = 0; i < 64; i++) {
        ByteString key = ByteString.copyFromUtf8("k" + i);
        all.add(
            threads.submit(
                () -> {
                  Written written = client.put(key, key, WriteOptions.DEFAULT);
                  Value value = client.get(key, ReadOptions.DEFAULT.after(written)).orElseThrow();
                  assertEquals(key, value.bytes());
                }));
      }
    }
    for (Future<?> one : all) {
      one.get();
    }
    assertEquals(64, cluster.size("main"));
  }

  @Test
  void anInterruptedWriteIsOfUnknownOutcome() throws Exception {
    FakeNode primary = cluster.primaryNode();
    primary.silent(true);
    List<Throwable> failures = new ArrayList<>();
    Thread writer =
        Thread.startVirtualThread(
            () -> {
              try {
                put();
              } catch (VarveException e) {
                failures.add(e);
              }
            });
    awaitDataCalls(primary, 1);
    writer.interrupt();
    assertTrue(writer.join(Duration.ofSeconds(10)));
    assertEquals(OutcomeUnknownException.class, failures.getFirst().getClass());
  }

  @Test
  void statusOfAllNamesEveryMemberOnceAndTheSilentOnes() {
    cluster.nodes().get(1).stop();

    List<MemberStatus> members = client.admin().statusOfAll();

    assertEquals(
        List.of("orders-0-0", "orders-0-1", "orders-0-2"),
        members.stream().map(MemberStatus::member).toList());
    assertTrue(members.get(1).failure() instanceof UnavailableException);
    assertEquals(0, members.get(1).shard());
    assertFalse(members.get(0).status() == null);
  }

  /** Guard: its kind is WRITE. Repeated, it would hand the shard on. */
  @Test
  void aHandOverWithoutAnAnswerIsNotRepeated() {
    cluster.primaryNode().admin().loseStepDownAnswer();

    assertThrows(OutcomeUnknownException.class, () -> client.admin().stepDown(0, null));
    assertEquals("orders-0-1", cluster.primaryNode().member());

    assertEquals("orders-0-2", client.admin().stepDown(0, "orders-0-2").getMember());
    assertEquals("orders-0-2", cluster.primaryNode().member());
    put();
  }

  @Test
  void aClosedClientRefusesCalls() {
    client.close();
    assertThrows(IllegalStateException.class, this::put);
  }
}
