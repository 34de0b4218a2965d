package dev.varve.node;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import dev.varve.node.rpc.Reason;
import dev.varve.protocol.v1.CheckpointRequest;
import dev.varve.protocol.v1.CompactRequest;
import dev.varve.protocol.v1.CompactionEvent;
import dev.varve.protocol.v1.EventsRequest;
import dev.varve.protocol.v1.KeyspaceStatus;
import dev.varve.protocol.v1.PlanRequest;
import dev.varve.protocol.v1.PlanResponse;
import dev.varve.protocol.v1.StatusRequest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Nodes of the layouts that are not segmented. */
class LayoutNodeTest {
  @TempDir Path directory;

  private TestNode memory(String... more) throws IOException {
    List<String> settings =
        new ArrayList<>(
            List.of(
                "VARVE_LAYOUT", "memory",
                "VARVE_MEMORY_MAX", "8Mi",
                "VARVE_MANAGED", "false",
                "COMPACTION_INTERVAL", "1",
                "COMPACTION_MIN_FILE_SIZE", "0",
                "SEGMENT_SIZE", "256Ki"));
    settings.addAll(List.of(more));
    return TestNode.standalone(directory.resolve("unused"), settings.toArray(String[]::new));
  }

  private static List<CompactionEvent> compact(TestNode node) {
    List<CompactionEvent> events = new ArrayList<>();
    node.admin()
        .compact(CompactRequest.newBuilder().setKeyspace("main").setForce(true).build())
        .forEachRemaining(events::add);
    return events;
  }

  private static KeyspaceStatus main(TestNode node) {
    return node.admin().status(StatusRequest.getDefaultInstance()).getKeyspacesList().stream()
        .filter(keyspace -> keyspace.getName().equals("main"))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void aNodeInMemoryServesAndHasNothingToCompact() throws IOException {
    try (TestNode node = memory()) {
      ByteString value = ByteString.copyFrom(new byte[64 << 10]);
      for (int i = 0; i < 1000; i++) {
        node.data().put(TestNode.put("", "k" + i % 4, value).build());
      }
      assertEquals(value, node.get("k3").getValue());
      assertEquals(4, main(node).getLiveKeys());
      assertTrue(main(node).getTotalBytes() < 4 << 20, main(node).toString());
      PlanResponse plan = node.admin().plan(PlanRequest.getDefaultInstance());
      assertFalse(plan.getWouldCompact());
      assertEquals("MemoryLayout", plan.getReason());
      CompactionEvent end = compact(node).getLast();
      assertEquals(CompactionEvent.Type.SKIPPED, end.getType());
      assertEquals("MemoryLayout", end.getReason());
      assertTrue(node.admin().checkpoint(CheckpointRequest.getDefaultInstance()).getSequence() > 0);
      node.admin()
          .events(EventsRequest.newBuilder().setLast(100).build())
          .forEachRemaining(event -> assertFalse(event.getRunId().startsWith("own-")));
    }
    assertFalse(Files.exists(directory.resolve("unused")), "it writes no file");
    try (TestNode node = memory()) {
      assertFalse(node.get("k3").getFound(), "nothing survives");
    }
  }

  @Test
  void aNodeInMemoryThatIsFullSaysSo() throws IOException {
    try (TestNode node = memory()) {
      ByteString value = ByteString.copyFrom(new byte[512 << 10]);
      Failures.refused(
          Reason.STORE_FULL,
          () -> {
            for (int i = 0; i < 20; i++) {
              node.data().put(TestNode.put("", "k" + i, value).build());
            }
          });
      assertTrue(node.get("k2").getFound());
      assertTrue(node.node().isAlive());
    }
  }

  private TestNode singleFile(String... more) throws IOException {
    List<String> settings =
        new ArrayList<>(List.of("VARVE_LAYOUT", "single-file", "SEGMENT_SIZE", "256Ki"));
    settings.addAll(List.of(more));
    return TestNode.standalone(directory.resolve("single"), settings.toArray(String[]::new));
  }

  private List<String> filesOfMain() throws IOException {
    try (Stream<Path> files = Files.list(directory.resolve("single/main"))) {
      return files.map(file -> String.valueOf(file.getFileName())).sorted().toList();
    }
  }

  @Test
  void aNodeOfSingleFilesServesSwapsAndGoesOnAfterARestart() throws IOException {
    ByteString value = ByteString.copyFrom(new byte[64 << 10]);
    try (TestNode node = singleFile()) {
      for (int i = 0; i < 100; i++) {
        node.data().put(TestNode.put("", "k" + i % 4, value).build());
      }
      assertEquals(List.of("0000000001-000000000001.log"), filesOfMain());
      assertTrue(
          node.admin().plan(PlanRequest.getDefaultInstance()).getExpectedSpaceSaved() > 6_000_000
              || main(node).getDeadRatio() > 0.9);
      CompactionEvent end = compact(node).getLast();
      assertEquals(CompactionEvent.Type.COMPLETED, end.getType(), end.getMessage());
      assertEquals(main(node).getTotalBytes(), end.getBytesAfter());
      assertEquals(1, main(node).getSegments());
      assertEquals(value, node.get("k3").getValue());
      assertTrue(filesOfMain().contains("0000000001-000000000001.log.old"), filesOfMain() + "");
      assertEquals(
          1,
          filesOfMain().stream().filter(name -> name.endsWith(".log")).count(),
          filesOfMain() + "");
      node.put("k0", "after");
    }
    try (TestNode node = TestNode.standalone(directory.resolve("single"))) {
      assertEquals("after", node.get("k0").getValue().toStringUtf8(), "as the directory was made");
      assertEquals(value, node.get("k3").getValue());
      CompactionEvent end =
          node.admin()
              .compact(
                  CompactRequest.newBuilder()
                      .setKeyspace("main")
                      .setForce(true)
                      .setForceDelete(true)
                      .build())
              .next();
      assertEquals(CompactionEvent.Type.STARTED, end.getType());
    }
    IOException refused =
        assertThrows(IOException.class, () -> singleFile("VARVE_LAYOUT", "segmented"));
    assertTrue(String.valueOf(refused.getMessage()).contains("single-file"), refused.toString());
  }

  @Test
  void nobodyFollowsANodeOfSingleFilesOrInMemory() throws IOException {
    try (TestNode primary = singleFile()) {
      refusesAFollower(primary, "single-file");
    }
    try (TestNode primary = memory()) {
      refusesAFollower(primary, "memory");
    }
  }

  private void refusesAFollower(TestNode primary, String layout) throws IOException {
    try (TestNode follower =
        TestNode.start(
            Map.of(
                "VARVE_MEMBER", "copy",
                "VARVE_REPLICA_OF", primary.node().address(),
                "VARVE_DATA_DIR", directory.resolve("copy-of-" + layout).toString(),
                "VARVE_HOST", "127.0.0.1",
                "VARVE_PORT", "0"))) {
      primary.put("a", "1");
      Eventually.holds(
          Duration.ofSeconds(20),
          () -> follower.node().detail(),
          () -> follower.node().detail().contains("layout " + layout));
      assertFalse(follower.node().isReady());
    }
  }

  @Test
  void aStoreOnDiskIsNotHiddenByOneInMemory() throws IOException {
    try (TestNode node = TestNode.standalone(directory.resolve("unused"))) {
      node.put("kept", "1");
    }
    IOException refused = assertThrows(IOException.class, this::memory);
    assertTrue(String.valueOf(refused.getMessage()).contains("holds a store"), refused.toString());
  }
}
