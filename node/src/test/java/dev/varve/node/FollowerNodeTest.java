package dev.varve.node;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import com.google.rpc.ErrorInfo;
import dev.varve.node.rpc.Reason;
import dev.varve.protocol.v1.CheckpointRequest;
import dev.varve.protocol.v1.CompactRequest;
import dev.varve.protocol.v1.CompactionEvent;
import dev.varve.protocol.v1.Entry;
import dev.varve.protocol.v1.GetRequest;
import dev.varve.protocol.v1.PlanRequest;
import dev.varve.protocol.v1.Role;
import dev.varve.protocol.v1.ScanRequest;
import dev.varve.protocol.v1.StatusRequest;
import dev.varve.protocol.v1.StatusResponse;
import dev.varve.protocol.v1.WatchRequest;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Iterator;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FollowerNodeTest {
  @TempDir Path directory;
  private TestNode primary;
  private TestNode follower;

  @BeforeEach
  void start() throws IOException {
    primary = TestNode.standalone(directory.resolve("primary"));
    primary.put("a", "1");
    follower =
        TestNode.start(
            Map.of(
                "VARVE_MEMBER", "copy",
                "VARVE_REPLICA_OF", primary.node().address(),
                "VARVE_DATA_DIR", directory.resolve("copy").toString(),
                "VARVE_HOST", "127.0.0.1",
                "VARVE_PORT", "0"));
    follower.awaitReady();
  }

  @AfterEach
  void stop() {
    follower.close();
    primary.close();
  }

  private static GetRequest.Builder stale(String key) {
    return GetRequest.newBuilder().setKey(ByteString.copyFromUtf8(key)).setAllowStale(true);
  }

  @Test
  void answersThoseWhoAllowStaleReadsAndSendsOthersToThePrimary() {
    long sequence = primary.put("b", "2").getSequence();
    assertEquals(
        "2",
        follower.data().get(stale("b").setMinSequence(sequence).build()).getValue().toStringUtf8());
    ErrorInfo info = Failures.refused(Reason.NOT_PRIMARY, () -> follower.get("a"));
    assertEquals(primary.node().address(), info.getMetadataOrThrow("primary"));
    assertTrue(info.containsMetadata("term"));
    Iterator<Entry> entries =
        follower.data().scan(ScanRequest.newBuilder().setAllowStale(true).build());
    int found = 0;
    while (entries.hasNext()) {
      entries.next();
      found++;
    }
    assertEquals(2, found);
    Failures.refused(
        Reason.NOT_PRIMARY,
        () -> follower.data().watch(WatchRequest.getDefaultInstance()).hasNext());
    Failures.refused(
        Reason.NOT_PRIMARY, () -> follower.data().scan(ScanRequest.getDefaultInstance()).hasNext());
  }

  @Test
  void takesNoWritesAndNoCompactions() {
    Failures.refused(Reason.NOT_PRIMARY, () -> follower.put("a", "2"));
    Failures.refused(
        Reason.NOT_PRIMARY, () -> follower.data().delete(TestNode.delete("a").build()));
    Failures.refused(
        Reason.NOT_PRIMARY,
        () -> follower.admin().compact(CompactRequest.getDefaultInstance()).hasNext());
    Failures.refused(
        Reason.NOT_PRIMARY, () -> follower.admin().plan(PlanRequest.getDefaultInstance()));
    Failures.refused(
        Reason.NOT_PRIMARY,
        () -> follower.admin().checkpoint(CheckpointRequest.getDefaultInstance()));
  }

  @Test
  void whatIsAskedTooEarlyIsRefusedAfterASecond() {
    long began = System.nanoTime();
    Failures.refused(
        Reason.REPLICA_BEHIND,
        () -> follower.data().get(stale("a").setMinSequence(1_000_000).build()));
    long took = Duration.ofNanos(System.nanoTime() - began).toMillis();
    assertTrue(took >= 1_000 && took < 5_000, took + " ms");
  }

  @Test
  void knowsHowStaleItIs() {
    assertTrue(follower.data().get(stale("a").setMaxStaleMs(5_000).build()).getFound());
    primary.node().close();
    Eventually.holds(
        Duration.ofSeconds(10),
        () -> "an old view",
        () -> {
          try {
            return !follower.data().get(stale("a").setMaxStaleMs(500).build()).getFound();
          } catch (io.grpc.StatusRuntimeException e) {
            assertEquals(Reason.REPLICA_BEHIND.name(), Failures.info(e).getReason());
            return true;
          }
        });
    assertTrue(follower.data().get(stale("a").build()).getFound());
  }

  @Test
  void tellsWhoItFollows() {
    StatusResponse status = follower.admin().status(StatusRequest.getDefaultInstance());
    assertEquals("copy", status.getMember());
    assertEquals(Role.ROLE_REPLICA, status.getRole());
    assertEquals(primary.node().address(), status.getPrimary());
  }

  @Test
  void adoptsWhatThePrimaryCompacts() {
    for (int round = 0; round < 5; round++) {
      for (int i = 0; i < 20; i++) {
        primary
            .data()
            .put(TestNode.put("", "k" + i, ByteString.copyFrom(new byte[10_000])).build());
      }
    }
    Iterator<CompactionEvent> events =
        primary
            .admin()
            .compact(CompactRequest.newBuilder().setKeyspace("main").setForce(true).build());
    CompactionEvent end = events.next();
    while (events.hasNext()) {
      end = events.next();
    }
    assertEquals(CompactionEvent.Type.COMPLETED, end.getType());
    long expected = bytes(primary);
    Eventually.holds(
        Duration.ofSeconds(20),
        () -> "the same bytes: " + bytes(follower) + ", not " + expected,
        () -> bytes(follower) == expected);
    assertEquals(10_000, follower.data().get(stale("k7").build()).getValue().size());
  }

  private static long bytes(TestNode node) {
    return node.admin().status(StatusRequest.getDefaultInstance()).getKeyspacesList().stream()
        .filter(keyspace -> keyspace.getName().equals("main"))
        .findFirst()
        .orElseThrow()
        .getTotalBytes();
  }
}
