package dev.varve.node;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.google.protobuf.ByteString;
import dev.varve.node.compaction.OwnCompaction;
import dev.varve.protocol.v1.CompactionEvent;
import dev.varve.protocol.v1.EventsRequest;
import io.micrometer.core.instrument.Counter;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.jboss.logmanager.ExtLogRecord;
import org.jboss.logmanager.formatters.PatternFormatter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** When a node compacts by itself, what it says of it, and what it counts. */
class OwnCompactionTest {
  private static final Duration LONG = Duration.ofSeconds(30);

  @TempDir Path directory;

  /** Guards all three conditions: COMPACTION_ENABLED, VARVE_MANAGED and the role. */
  @Test
  void aManagedOneOneThatMayNotAndAReplicaNeverLook() throws IOException {
    Map<String, String> eager =
        Map.of("COMPACTION_INTERVAL", "1", "VARVE_MANAGED", "false", "BALLAST", "0");
    try (TestNode managed =
            TestNode.standalone(
                directory.resolve("managed"), settings(eager, "VARVE_MANAGED", "true"));
        TestNode disabled =
            TestNode.standalone(
                directory.resolve("disabled"), settings(eager, "COMPACTION_ENABLED", "false"));
        TestNode replica = TestNode.start(replicaOf(managed, eager))) {
      replica.awaitReady();
      // Started last: once it has looked twice, the others have had the time for it.
      try (TestNode control =
          TestNode.standalone(directory.resolve("control"), settings(eager, "CAPACITY", "0"))) {
        Eventually.holds(LONG, () -> "looks", () -> looks(control) >= 4); // at two keyspaces
      }
      assertEquals(0, looks(managed));
      assertEquals(0, looks(disabled));
      assertEquals(0, looks(replica));
    }
  }

  @Test
  void saysADecisionOnceWithItsFiguresAndCountsWhatARunDid() throws IOException {
    Queue<String> lines = new ConcurrentLinkedQueue<>();
    Logger logger = Logger.getLogger(OwnCompaction.class.getName());
    Handler handler = keepIn(lines);
    logger.addHandler(handler);
    try (TestNode node =
        TestNode.standalone(
            directory,
            "VARVE_MANAGED",
            "false",
            "COMPACTION_INTERVAL",
            "1",
            "COMPACTION_MIN_FILE_SIZE",
            "1MB",
            "SEGMENT_SIZE",
            "1MB")) {
      Eventually.holds(LONG, () -> "looks", () -> looks(node) >= 6);
      assertEquals(1, starting(lines, "not compacting main: FileTooSmall: "), lines::toString);
      assertEquals(1, starting(lines, "not compacting objects: FileTooSmall: "), lines::toString);

      ByteString value = ByteString.copyFrom(new byte[64 << 10]);
      for (int i = 0; i < 100; i++) {
        node.data().put(TestNode.put("", "k" + i % 4, value).build());
      }
      Eventually.holds(
          LONG, () -> "a run", () -> starting(lines, "compaction of main COMPLETED ") > 0);
      assertEquals(
          starting(lines, "compacting main: "), starting(lines, "compaction of main COMPLETED "));

      long reclaimed = 0;
      long scanned = 0;
      long dropped = 0;
      long files = 0;
      for (CompactionEvent event :
          (Iterable<CompactionEvent>)
              () -> node.admin().events(EventsRequest.newBuilder().setLast(1000).build())) {
        if (event.getType() == CompactionEvent.Type.COMPLETED) {
          reclaimed += event.getSpaceSaved();
          scanned += event.getRecordsScanned();
          dropped += event.getRecordsDropped();
          files += event.getFilesRewritten();
        }
      }
      assertEquals((double) reclaimed, count(node, "varve.compaction.reclaimed"));
      assertEquals((double) scanned, count(node, "varve.compaction.records.scanned"));
      assertEquals((double) dropped, count(node, "varve.compaction.records.dropped"));
      assertEquals((double) files, count(node, "varve.compaction.files.rewritten"));
    } finally {
      logger.removeHandler(handler);
    }
    assertEquals(List.of(), lines.stream().filter(line -> line.contains("failed")).toList());
  }

  private Map<String, String> replicaOf(TestNode primary, Map<String, String> more) {
    Map<String, String> values = new HashMap<>(more);
    values.putAll(
        Map.of(
            "VARVE_MEMBER", "copy",
            "VARVE_REPLICA_OF", primary.node().address(),
            "VARVE_DATA_DIR", directory.resolve("copy").toString(),
            "VARVE_HOST", "127.0.0.1",
            "VARVE_PORT", "0"));
    return values;
  }

  private static String[] settings(Map<String, String> all, String name, String value) {
    Map<String, String> values = new HashMap<>(all);
    values.put(name, value);
    return values.entrySet().stream()
        .flatMap(entry -> List.of(entry.getKey(), entry.getValue()).stream())
        .toArray(String[]::new);
  }

  private static double looks(TestNode node) {
    return count(node, "varve.compaction.looks");
  }

  private static double count(TestNode node, String name) {
    return node.metrics().find(name).counters().stream().mapToDouble(Counter::count).sum();
  }

  private static long starting(Queue<String> lines, String with) {
    return lines.stream().filter(line -> line.startsWith(with)).count();
  }

  private static Handler keepIn(Queue<String> lines) {
    return new Handler() {
      private final PatternFormatter formatter = new PatternFormatter("%m");

      @Override
      public void publish(LogRecord entry) {
        lines.add(formatter.format(ExtLogRecord.wrap(entry)));
      }

      @Override
      public void flush() {}

      @Override
      public void close() {}
    };
  }
}
