package dev.varve.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.google.protobuf.ByteString;
import com.google.rpc.Code;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a watch makes of the ways in which a call can end. */
@Timeout(60)
class ShardWatchTest {
  private FakeCluster cluster = new FakeCluster();
  private VarveClient client = VarveClient.connect(ClientOptions.of(new Address("localhost", 1)));

  @BeforeEach
  void start() throws IOException {
    client.close();
    cluster = FakeCluster.start(2);
    client = VarveClient.connect(ClientOptions.of(cluster.nodes().get(1).address()));
  }

  @AfterEach
  void stop() {
    client.close();
    cluster.close();
  }

  private void put(String key) {
    client.put(ByteString.copyFromUtf8(key), ByteString.EMPTY, WriteOptions.DEFAULT);
  }

  private static List<String> take(WatchCursor cursor, int count) {
    List<String> keys = new ArrayList<>();
    while (keys.size() < count) {
      cursor
          .next()
          .mutations()
          .forEach(mutation -> keys.add(mutation.getPut().getKey().toStringUtf8()));
    }
    return keys;
  }

  private static StatusRuntimeException overloaded() {
    return FakeCluster.error(Code.RESOURCE_EXHAUSTED, "OVERLOADED", "500 watches");
  }

  /** Guard: each case of what may pass. */
  @Test
  void tellsEachChangeOnceWhateverEndsTheCalls() {
    put("a");
    try (WatchCursor cursor = client.watch(WatchOptions.ALL)) {
      assertEquals(List.of("a"), take(cursor, 1));
      for (StatusRuntimeException end :
          List.of(
              overloaded(),
              Status.CANCELLED.asRuntimeException(),
              Status.UNAVAILABLE.asRuntimeException(),
              FakeCluster.error(Code.UNAVAILABLE, "REPLICA_BEHIND", "at sequence 0"),
              FakeCluster.error(Code.UNAVAILABLE, "SHUTTING_DOWN", "stops"))) {
        cluster.nodes().get(1).failNext(end);
      }
      cluster.moveTo(1);
      assertEquals(1, cursor.position(0));
      awaitWatches(1);
      put("b");
      put("c");
      assertEquals(List.of("b", "c"), take(cursor, 2));
    }
  }

  private void awaitWatches(int count) {
    while (cluster.watches() != count) { // ends by the test's time limit
      Thread.onSpinWait();
    }
  }

  @Test
  void whatWillNotPassIsToldAtOnce() {
    cluster.primaryNode().failNext(overloaded());
    try (WatchCursor cursor = client.watch(WatchOptions.ALL)) {
      assertEquals(
          Reason.OVERLOADED, assertThrows(RefusedException.class, cursor::hasNext).reason());
    }
    try (WatchCursor cursor = client.watch(WatchOptions.ALL.in("nope"))) {
      assertThrows(InvalidRequestException.class, cursor::hasNext);
    }
  }

  @Test
  void endsWhenTheClientIsClosed() {
    try (WatchCursor cursor = client.watch(WatchOptions.ALL)) {
      awaitWatches(1);
      client.close();
      assertThrows(IllegalStateException.class, cursor::hasNext);
    }
  }

  @Test
  void refusesOptionsThatMakeNoSense() {
    assertThrows(IllegalArgumentException.class, () -> WatchOptions.ALL.after(0, -1));
    assertThrows(IllegalArgumentException.class, () -> WatchOptions.ALL.after(-1, 0));
    assertThrows(
        IllegalArgumentException.class,
        () -> WatchOptions.ALL.withOutageLimit(java.time.Duration.ZERO));
  }
}
