package dev.varve.node.rpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import dev.varve.node.Eventually;
import dev.varve.node.TestNode;
import dev.varve.protocol.v1.Entry;
import dev.varve.protocol.v1.KeyValueGrpc;
import dev.varve.protocol.v1.Mutation;
import dev.varve.protocol.v1.ScanRequest;
import dev.varve.protocol.v1.WriteRequest;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ScanCallTest {
  private static final int ENTRIES = 4_000;
  private static final ByteString VALUE = ByteString.copyFrom(new byte[4096]);
  private static TestNode node;

  @BeforeAll
  static void fill(@TempDir Path directory) throws IOException {
    node = TestNode.standalone(directory);
    for (int from = 0; from < ENTRIES; from += 500) {
      WriteRequest.Builder batch = WriteRequest.newBuilder();
      for (int i = from; i < from + 500; i++) {
        batch.addMutations(
            Mutation.newBuilder().setPut(TestNode.put("", "k%05d".formatted(i), VALUE)));
      }
      node.data().write(batch.build());
    }
    node.data().put(TestNode.put("objects", "elsewhere", VALUE).build());
    node.put("gone", "soon");
    node.data().delete(TestNode.delete("gone").build());
    node.data().put(TestNode.put("", "expired", VALUE).setExpiresAtMs(1).build());
  }

  @AfterAll
  static void stop() {
    node.close();
  }

  private static Map<String, Entry> scan(ScanRequest request) {
    Map<String, Entry> found = new HashMap<>();
    node.data()
        .scan(request)
        .forEachRemaining(
            entry -> assertNull(found.put(entry.getKey().toStringUtf8(), entry), "came twice"));
    return found;
  }

  @Test
  void givesEveryLiveEntryOnce() {
    Map<String, Entry> found = scan(ScanRequest.getDefaultInstance());
    Set<String> expected = new HashSet<>();
    for (int i = 0; i < ENTRIES; i++) {
      expected.add("k%05d".formatted(i));
    }
    assertEquals(expected, found.keySet());
    Entry one = Objects.requireNonNull(found.get("k00007"));
    assertEquals(VALUE, one.getValue());
    assertEquals(node.get("k00007").getSequence(), one.getSequence());
  }

  @Test
  void givesThoseWithThePrefixTheKeysAloneOrAFew() {
    ScanRequest.Builder scan = ScanRequest.newBuilder().setPrefix(ByteString.copyFromUtf8("k012"));
    assertEquals(100, scan(scan.build()).size());
    Map<String, Entry> keys = scan(scan.setKeysOnly(true).build());
    assertEquals(100, keys.size());
    assertTrue(keys.values().stream().allMatch(entry -> entry.getValue().isEmpty()));
    assertEquals(7, scan(scan.setLimit(7).build()).size());
    assertEquals(1, scan(ScanRequest.newBuilder().setKeyspace("objects").build()).size());
    assertEquals(0, scan(scan.setPrefix(ByteString.copyFromUtf8("none")).build()).size());
  }

  /** A scan whose client takes one entry and no more until asked to. */
  private static StreamClient<ScanRequest, Entry> slowScan() {
    StreamClient<ScanRequest, Entry> client = new StreamClient<>(1);
    KeyValueGrpc.newStub(node.channel()).scan(ScanRequest.getDefaultInstance(), client);
    return client;
  }

  private static double answered() {
    return node.metrics().get("varve.scan.entries").counter().count();
  }

  @Test
  void readsNoFurtherThanItsClientTakesAndGoesOnWhenItDoes() throws InterruptedException {
    double before = answered();
    StreamClient<ScanRequest, Entry> client = slowScan();
    Eventually.holds(
        Duration.ofSeconds(10), () -> "a first entry", () -> client.answers.size() == 1);
    // 16 MB are there; the transport's window is 1 MiB. What is sent stops growing well before all.
    double sent = settled();
    assertTrue(sent - before < ENTRIES / 2.0, (sent - before) + " entries sent, 1 taken");
    client.call().request(ENTRIES);
    client.awaitEnd();
    assertNull(client.failure());
    assertEquals(ENTRIES, client.answers.size());
  }

  /** The number of entries answered once it has not moved for half a second. */
  private static double settled() {
    double[] last = {answered()};
    long[] since = {System.nanoTime()};
    Eventually.holds(
        Duration.ofSeconds(20),
        () -> "a pause at " + last[0],
        () -> {
          double now = answered();
          if (now != last[0]) {
            last[0] = now;
            since[0] = System.nanoTime();
          }
          return System.nanoTime() - since[0] > TimeUnit.MILLISECONDS.toNanos(500);
        });
    return last[0];
  }

  @Test
  void manySlowScansLeaveReadersForOthers() {
    List<StreamClient<ScanRequest, Entry>> clients = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      clients.add(slowScan());
    }
    for (StreamClient<ScanRequest, Entry> client : clients) {
      Eventually.holds(
          Duration.ofSeconds(20), () -> "a first entry", () -> client.answers.size() == 1);
    }
    assertTrue(node.get("k00001").getFound());
    for (StreamClient<ScanRequest, Entry> client : clients) {
      client.call().cancel("enough", null);
    }
    assertTrue(node.get("k00002").getFound());
  }
}
