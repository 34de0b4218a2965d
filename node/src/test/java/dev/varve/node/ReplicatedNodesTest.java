package dev.varve.node;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import com.google.rpc.ErrorInfo;
import dev.varve.credentials.ListeningPorts;
import dev.varve.node.rpc.Reason;
import dev.varve.protocol.v1.CompactRequest;
import dev.varve.protocol.v1.CompactionEvent;
import dev.varve.protocol.v1.Endpoint;
import dev.varve.protocol.v1.GetRequest;
import dev.varve.protocol.v1.Role;
import dev.varve.protocol.v1.StatusRequest;
import dev.varve.protocol.v1.StatusResponse;
import dev.varve.protocol.v1.StepDownRequest;
import dev.varve.protocol.v1.StepDownResponse;
import dev.varve.protocol.v1.WatchRequest;
import dev.varve.protocol.v1.WatchResponse;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Three members over real sockets, files and a shared file for a Lease. */
class ReplicatedNodesTest {
  private static final List<String> NAMES = List.of("m-0", "m-1", "m-2");
  private static final Duration FAILOVER = Duration.ofSeconds(15);

  @TempDir Path directory;
  private final Map<String, String> addresses = new TreeMap<>();
  private final Map<String, TestNode> nodes = new HashMap<>();

  @BeforeEach
  void start() throws IOException {
    List<Integer> ports = ListeningPorts.free(NAMES.size());
    for (int i = 0; i < NAMES.size(); i++) {
      addresses.put(NAMES.get(i), "127.0.0.1:" + ports.get(i));
    }
    for (String name : NAMES) {
      start(name);
    }
  }

  @AfterEach
  void stop() {
    nodes.values().forEach(TestNode::close);
  }

  private void start(String name) throws IOException {
    String address = Objects.requireNonNull(addresses.get(name));
    nodes.put(
        name,
        TestNode.start(
            Map.of(
                "VARVE_MEMBER", name,
                "VARVE_PEERS",
                    addresses.entrySet().stream()
                        .map(peer -> peer.getKey() + "=" + peer.getValue())
                        .collect(Collectors.joining(",")),
                "VARVE_LEASE_FILE", directory.resolve("lease").toString(),
                "VARVE_BOOTSTRAP", String.join(",", NAMES),
                "VARVE_DATA_DIR", directory.resolve(name).toString(),
                "VARVE_HOST", "127.0.0.1",
                "VARVE_PORT", address.substring(address.lastIndexOf(':') + 1),
                "VARVE_MANAGED", "true")));
  }

  @Test
  void thePageOnMonitoringHasThePrimarysMetricsOfItsReplicas() throws IOException {
    TestNode primary = primary();
    Eventually.holds(
        FAILOVER,
        () -> "metrics of replicas",
        () -> !MonitoringPageTest.exposedOfReplicas(primary).isEmpty());
    assertEquals(
        MonitoringPageTest.documentedOfReplicas(), MonitoringPageTest.exposedOfReplicas(primary));
  }

  private static StatusResponse status(TestNode node) {
    return node.admin().status(StatusRequest.getDefaultInstance());
  }

  private String details() {
    return nodes.entrySet().stream()
        .map(node -> node.getKey() + " " + node.getValue().node().detail())
        .collect(Collectors.joining("; "));
  }

  private TestNode primary() {
    String[] found = new String[1];
    Eventually.holds(
        FAILOVER,
        () -> "a primary: " + details(),
        () -> {
          for (Map.Entry<String, TestNode> node : nodes.entrySet()) {
            if (status(node.getValue()).getRole() == Role.ROLE_PRIMARY) {
              found[0] = node.getKey();
              return true;
            }
          }
          return false;
        });
    return node(found[0]);
  }

  private TestNode node(String name) {
    return Objects.requireNonNull(nodes.get(name));
  }

  private void awaitAllReady() {
    Eventually.holds(
        Duration.ofSeconds(30),
        () -> "all ready: " + details(),
        () -> nodes.values().stream().allMatch(node -> node.node().isReady()));
  }

  private static GetRequest stale(String key, long minSequence) {
    return GetRequest.newBuilder()
        .setKey(ByteString.copyFromUtf8(key))
        .setAllowStale(true)
        .setMinSequence(minSequence)
        .build();
  }

  @Test
  void bootstrapElectServeAndPointToThePrimary() {
    TestNode primary = primary();
    long sequence = primary.put("a", "1").getSequence();
    assertEquals("1", primary.get("a").getValue().toStringUtf8());
    awaitAllReady();
    StatusResponse status = status(primary);
    assertEquals(primary.node().address(), status.getPrimary());
    assertEquals(
        List.copyOf(addresses.values()),
        status.getTopologyList().stream().map(Endpoint::getAddress).toList());
    assertEquals(2, status.getReplicasCount());
    for (TestNode node : nodes.values()) {
      assertEquals("1", node.data().get(stale("a", sequence)).getValue().toStringUtf8());
      if (node != primary) {
        assertEquals(primary.node().address(), status(node).getPrimary());
        ErrorInfo info = Failures.refused(Reason.NOT_PRIMARY, () -> node.put("a", "2"));
        assertEquals(primary.node().address(), info.getMetadataOrThrow("primary"));
        Failures.refused(Reason.NOT_PRIMARY, () -> node.get("a"));
      }
    }
  }

  @Test
  void whenThePrimaryGoesAnotherServesAllThatWasAcknowledged() throws IOException {
    TestNode first = primary();
    for (int i = 0; i < 100; i++) {
      first.put("k" + i, "v" + i);
    }
    awaitAllReady();
    long term = status(first).getTerm();
    String name = status(first).getMember();
    nodes.remove(name);
    first.close();

    TestNode second = primary();
    assertTrue(status(second).getTerm() > term);
    for (int i = 0; i < 100; i++) {
      assertEquals("v" + i, second.get("k" + i).getValue().toStringUtf8());
    }
    long after = second.put("after", "1").getSequence();

    start(name);
    Eventually.holds(
        Duration.ofSeconds(30),
        () -> name + " caught up: " + details(),
        () -> {
          try {
            return node(name).data().get(stale("after", after)).getFound();
          } catch (StatusRuntimeException e) {
            return false;
          }
        });
    assertEquals(second.node().address(), status(node(name)).getPrimary());
  }

  /**
   * Clients write before, while and after the primary changes; the watch goes on with the next one,
   * whose watch it never was, from where it was told of last.
   */
  @Test
  void aWatchGoesOnWithTheNextPrimary() throws InterruptedException {
    TestNode first = primary();
    awaitAllReady();
    AtomicReference<TestNode> target = new AtomicReference<>(first);
    AtomicBoolean enough = new AtomicBoolean();
    Map<Long, String> acknowledged = new ConcurrentHashMap<>();
    Thread writer = Thread.ofVirtual().start(() -> writeEachKeyOnce(target, enough, acknowledged));

    Told told = new Told();
    Iterator<WatchResponse> watch = first.data().watch(WatchRequest.getDefaultInstance());
    while (told.keys.size() < 100) {
      told.of(watch.next());
    }
    nodes.remove(status(first).getMember());
    Thread closing = Thread.ofVirtual().start(first::close);
    StatusRuntimeException end =
        assertThrows(
            StatusRuntimeException.class,
            () -> {
              while (true) {
                told.of(watch.next());
              }
            });
    assertNotEquals(Status.Code.DEADLINE_EXCEEDED, end.getStatus().getCode());
    closing.join();

    TestNode second = primary();
    target.set(second);
    Iterator<WatchResponse> resumed =
        second.data().watch(WatchRequest.newBuilder().setAfterSequence(told.position).build());
    int before = told.keys.size();
    while (told.keys.size() < before + 100) {
      told.of(resumed.next());
    }
    enough.set(true);
    writer.join();
    long last = second.put("last", "v").getSequence();
    while (told.position < last) {
      told.of(resumed.next());
    }
    acknowledged.put(last, "last");
    // Of what was on its way when the primary went, the clients do not know; the watch does.
    assertTrue(told.keys.size() >= acknowledged.size(), told.keys.size() + " told");
    acknowledged.forEach((sequence, key) -> assertEquals(key, told.keys.get(sequence)));
    assertEquals(told.keys.size(), Set.copyOf(told.keys.values()).size(), "told twice");
  }

  private static void writeEachKeyOnce(
      AtomicReference<TestNode> target, AtomicBoolean enough, Map<Long, String> acknowledged) {
    for (int i = 0; !enough.get(); i++) {
      try {
        acknowledged.put(target.get().put("k" + i, "v").getSequence(), "k" + i);
      } catch (StatusRuntimeException e) {
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(10));
      }
    }
  }

  /** What a watch and those that go on for it were told of. */
  private static final class Told {
    private final Map<Long, String> keys = new TreeMap<>();
    private long position;

    void of(WatchResponse message) {
      if (message.getMutationsCount() == 0) {
        assertTrue(message.getSequence() >= position, "the position never goes back");
      } else {
        assertTrue(message.getSequence() > position, "in order, and nothing twice");
        assertEquals(1, message.getMutationsCount());
        String key = message.getMutations(0).getPut().getKey().toStringUtf8();
        keys.put(message.getSequence(), key);
      }
      position = message.getSequence();
    }
  }

  private static StepDownResponse stepDown(TestNode node, String to) {
    return node.admin().stepDown(StepDownRequest.newBuilder().setToMember(to).build());
  }

  /** The answer comes once the new primary was heard, which may be a moment before it serves. */
  private TestNode serving(StepDownResponse handed) {
    TestNode next = node(handed.getMember());
    assertEquals(next.node().address(), handed.getNewPrimary());
    Eventually.holds(
        FAILOVER, () -> "serves: " + details(), () -> status(next).getRole() == Role.ROLE_PRIMARY);
    assertEquals(handed.getTerm(), status(next).getTerm());
    return next;
  }

  @Test
  void stepDownHandsTheShardToAnotherMember() {
    TestNode first = primary();
    first.put("a", "1");
    awaitAllReady();
    String old = status(first).getMember();
    long term = status(first).getTerm();
    StepDownResponse handed = stepDown(first, "");
    assertNotEquals(old, handed.getMember());
    assertEquals(term + 1, handed.getTerm());
    TestNode second = serving(handed);
    assertEquals("1", second.get("a").getValue().toStringUtf8());
    second.put("b", "2");

    Failures.refused(Reason.NOT_PRIMARY, () -> stepDown(first, ""));
    ErrorInfo info = Failures.refused(Reason.INVALID_REQUEST, () -> stepDown(second, "m-9"));
    assertEquals("to_member", info.getMetadataOrThrow("field"));
    assertEquals(handed, stepDown(second, handed.getMember()));
    awaitAllReady();
    StepDownResponse back = stepDown(second, old);
    assertEquals(old, back.getMember());
    assertEquals("2", serving(back).get("b").getValue().toStringUtf8());
  }

  @Test
  void aCompactionEndsWhenItsPrimaryStepsDown() {
    TestNode primary = primary();
    for (int i = 0; i < 40; i++) {
      primary
          .data()
          .put(TestNode.put("", "k" + i % 20, ByteString.copyFrom(new byte[50_000])).build());
    }
    awaitAllReady();
    Iterator<CompactionEvent> events =
        primary
            .admin()
            .compact(
                CompactRequest.newBuilder()
                    .setKeyspace("main")
                    .setForce(true)
                    .setRateLimitBytesPerSecond(10_000)
                    .build());
    assertEquals(CompactionEvent.Type.STARTED, events.next().getType());
    TestNode next = serving(stepDown(primary, ""));
    CompactionEvent end = events.next();
    while (events.hasNext()) {
      end = events.next();
    }
    assertEquals(CompactionEvent.Type.FAILED, end.getType(), end.toString());
    assertEquals("NotPrimary", end.getReason(), end.toString());
    assertEquals(20, status(next).getKeyspaces(0).getLiveKeys());
  }

  /**
   * Guard: {@code handOver} in {@link Node#close}. Without it nobody could lead so early: the
   * promises to the one that stopped run for 1.5 s after its last heartbeat.
   */
  @Test
  void aPrimaryThatIsStoppedHandsOverFirst() {
    TestNode first = primary();
    first.put("a", "1");
    awaitAllReady();
    String old = status(first).getMember();
    long term = status(first).getTerm();
    nodes.remove(old);
    first.close();
    assertTrue(nodes.values().stream().anyMatch(node -> status(node).getTerm() > term), details());
    assertEquals("1", primary().get("a").getValue().toStringUtf8());
  }

  @Test
  void withoutAMajorityWritesEndWithQuorumUnavailable() {
    TestNode primary = primary();
    primary.put("a", "1");
    Iterator<WatchResponse> watch = primary.data().watch(WatchRequest.getDefaultInstance());
    assertTrue(watch.hasNext());
    String name = status(primary).getMember();
    for (String other : NAMES) {
      if (!other.equals(name)) {
        node(other).close();
        nodes.remove(other);
      }
    }
    Eventually.holds(
        Duration.ofSeconds(15),
        () -> "a refused write",
        () -> {
          try {
            primary.put("b", "1");
            return false;
          } catch (StatusRuntimeException e) {
            String reason = Failures.info(e).getReason();
            assertTrue(
                reason.equals(Reason.QUORUM_UNAVAILABLE.name())
                    || reason.equals(Reason.NOT_PRIMARY.name()),
                reason);
            return true;
          }
        });
    Eventually.holds(
        Duration.ofSeconds(15), () -> "not ready: " + details(), () -> !primary.node().isReady());
    assertTrue(primary.node().isAlive());
    Failures.refused(Reason.NOT_PRIMARY, () -> watch.forEachRemaining(message -> {}));
  }

  @Test
  void aCompactionOnThePrimaryIsAdoptedByAll() {
    TestNode primary = primary();
    for (int round = 0; round < 5; round++) {
      for (int i = 0; i < 20; i++) {
        primary
            .data()
            .put(TestNode.put("", "k" + i, ByteString.copyFrom(new byte[10_000])).build());
      }
    }
    awaitAllReady();
    Iterator<CompactionEvent> events =
        primary
            .admin()
            .compact(
                CompactRequest.newBuilder()
                    .setKeyspace("main")
                    .setForce(true)
                    .setExpectedTerm(status(primary).getTerm())
                    .build());
    CompactionEvent end = events.next();
    while (events.hasNext()) {
      end = events.next();
    }
    assertEquals(CompactionEvent.Type.COMPLETED, end.getType(), end.toString());
    long bytes = status(primary).getKeyspaces(0).getTotalBytes();
    for (TestNode node : nodes.values()) {
      Eventually.holds(
          Duration.ofSeconds(20),
          () -> status(node).toString(),
          () -> status(node).getKeyspaces(0).getTotalBytes() == bytes);
    }
    assertFalse(primary.get("none").getFound());
  }
}
