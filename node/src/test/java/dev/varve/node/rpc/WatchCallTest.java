package dev.varve.node.rpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import com.google.rpc.ErrorInfo;
import dev.varve.node.Eventually;
import dev.varve.node.Failures;
import dev.varve.node.TestNode;
import dev.varve.protocol.v1.CompactRequest;
import dev.varve.protocol.v1.CompactionEvent;
import dev.varve.protocol.v1.KeyValueGrpc;
import dev.varve.protocol.v1.Mutation;
import dev.varve.protocol.v1.WatchRequest;
import dev.varve.protocol.v1.WatchResponse;
import dev.varve.protocol.v1.WriteRequest;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WatchCallTest {
  private static final Duration SOON = Duration.ofSeconds(20);

  @TempDir Path directory;
  private TestNode node;

  @BeforeEach
  void start() throws IOException {
    node = TestNode.standalone(directory, "VARVE_KEYSPACES", "main:4096,objects,log:Stream");
  }

  @AfterEach
  void stop() {
    node.close();
  }

  private StreamClient<WatchRequest, WatchResponse> watch(long after, String prefix, int initial) {
    return watch(node.channel(), after, prefix, initial);
  }

  private static StreamClient<WatchRequest, WatchResponse> watch(
      ManagedChannel channel, long after, String prefix, int initial) {
    StreamClient<WatchRequest, WatchResponse> watcher = new StreamClient<>(initial);
    KeyValueGrpc.newStub(channel)
        .watch(
            WatchRequest.newBuilder()
                .setAfterSequence(after)
                .setPrefix(ByteString.copyFromUtf8(prefix))
                .build(),
            watcher);
    return watcher;
  }

  private static List<WatchResponse> messages(StreamClient<?, WatchResponse> watcher) {
    synchronized (watcher.answers) {
      return List.copyOf(watcher.answers);
    }
  }

  private static List<WatchResponse> changes(StreamClient<?, WatchResponse> watcher) {
    return messages(watcher).stream().filter(m -> m.getMutationsCount() > 0).toList();
  }

  private static List<String> keys(List<WatchResponse> messages) {
    return messages.stream()
        .flatMap(message -> message.getMutationsList().stream())
        .map(m -> (m.hasPut() ? m.getPut().getKey() : m.getDelete().getKey()).toStringUtf8())
        .toList();
  }

  private static void awaitChanges(StreamClient<?, WatchResponse> watcher, int messages) {
    Eventually.holds(
        SOON,
        () -> messages + " messages, not " + changes(watcher).size() + " " + watcher.failure(),
        () -> changes(watcher).size() >= messages);
  }

  private WatchRequest refusedWatch(long after) {
    return WatchRequest.newBuilder().setAfterSequence(after).build();
  }

  @Test
  void tellsOfABatchInOneMessage() {
    StreamClient<WatchRequest, WatchResponse> watcher = watch(0, "", -1);
    long sequence =
        node.data()
            .write(
                WriteRequest.newBuilder()
                    .addMutations(
                        Mutation.newBuilder()
                            .setPut(
                                TestNode.put("", "b", ByteString.copyFromUtf8("1"))
                                    .setExpiresAtMs(9_000_000_000_000L)))
                    .addMutations(
                        Mutation.newBuilder()
                            .setPut(TestNode.put("objects", "o", ByteString.EMPTY)))
                    .addMutations(Mutation.newBuilder().setDelete(TestNode.delete("a")))
                    .build())
            .getSequence();
    awaitChanges(watcher, 1);
    assertEquals(
        List.of(
            WatchResponse.newBuilder()
                .setSequence(sequence)
                .addMutations(
                    Mutation.newBuilder()
                        .setPut(
                            TestNode.put("main", "b", ByteString.copyFromUtf8("1"))
                                .setExpiresAtMs(9_000_000_000_000L)))
                .addMutations(
                    Mutation.newBuilder().setDelete(TestNode.delete("a").setKeyspace("main")))
                .build()),
        changes(watcher));
    watcher.call().cancel("seen", null);
  }

  /** Guard: the empty messages; without them the position stays at the last own change. */
  @Test
  void emptyMessagesTellHowFarItIsSoThatNothingIsReadTwice() throws IOException {
    StreamClient<WatchRequest, WatchResponse> watcher = watch(0, "a", -1);
    Eventually.holds(SOON, () -> "one at once", () -> !messages(watcher).isEmpty());
    node.put("a1", "1");
    for (int i = 0; i < 50; i++) {
      node.put("other" + i, "1");
    }
    long last = node.put("z", "1").getSequence();
    Eventually.holds(
        SOON,
        () -> messages(watcher).toString(),
        () -> messages(watcher).getLast().getSequence() == last);
    assertEquals(List.of("a1"), keys(messages(watcher)));
    long before = 0;
    for (WatchResponse message : messages(watcher)) {
      assertTrue(message.getSequence() >= before, messages(watcher)::toString);
      before = message.getSequence();
    }
    StreamClient<WatchRequest, WatchResponse> resumed = watch(last, "", -1);
    node.put("next", "1");
    awaitChanges(resumed, 1);
    assertEquals(List.of("next"), keys(messages(resumed)));
  }

  @Test
  void goesOnWhereAnotherWatchWasAfterARestart() throws IOException {
    List<String> expected = new ArrayList<>();
    List<Long> sequences = new ArrayList<>();
    for (int i = 0; i < 200; i++) {
      sequences.add(node.put("k" + i, "value " + i).getSequence());
      expected.add("k" + i);
    }
    node.close();
    node = TestNode.standalone(directory, "VARVE_KEYSPACES", "main:4096,objects,log:Stream");
    StreamClient<WatchRequest, WatchResponse> watcher = watch(sequences.get(99), "", -1);
    awaitChanges(watcher, 100);
    assertEquals(expected.subList(100, 200), keys(changes(watcher)));
  }

  @Test
  void saysWhenWhatWasAskedForIsGone() throws IOException {
    node.put("a", "x".repeat(4000));
    long overwritten = node.put("a", "y".repeat(4000)).getSequence();
    node.put("a", "1");
    List<CompactionEvent> events = new ArrayList<>();
    node.admin()
        .compact(CompactRequest.newBuilder().setKeyspace("main").setForce(true).build())
        .forEachRemaining(events::add);
    assertEquals(CompactionEvent.Type.COMPLETED, events.getLast().getType());
    node.close();
    node = TestNode.standalone(directory, "VARVE_KEYSPACES", "main:4096,objects,log:Stream");
    ErrorInfo info =
        Failures.refused(
            Reason.SEQUENCE_TOO_OLD,
            () -> node.data().watch(refusedWatch(overwritten - 1)).hasNext());
    assertEquals(Long.toString(overwritten), info.getMetadataOrThrow("sequence"));
    StreamClient<WatchRequest, WatchResponse> watcher = watch(overwritten, "", -1);
    awaitChanges(watcher, 1);
    assertEquals(List.of("a"), keys(changes(watcher)));
  }

  @Test
  void refusesWhatMakesNoSense() {
    long last = node.put("a", "1").getSequence();
    assertEquals(
        "after_sequence",
        Failures.refused(
                Reason.INVALID_REQUEST, () -> node.data().watch(refusedWatch(-1)).hasNext())
            .getMetadataOrThrow("field"));
    Failures.refused(
        Reason.REPLICA_BEHIND, () -> node.data().watch(refusedWatch(last + 1000)).hasNext());
    Failures.refused(
        Reason.WRONG_KEYSPACE_TYPE,
        () -> node.data().watch(WatchRequest.newBuilder().setKeyspace("log").build()).hasNext());
    Failures.refused(
        Reason.UNKNOWN_KEYSPACE,
        () -> node.data().watch(WatchRequest.newBuilder().setKeyspace("no").build()).hasNext());
  }

  @Test
  void aSlowWatcherGetsAllInOrder() throws InterruptedException {
    StreamClient<WatchRequest, WatchResponse> watcher = watch(0, "k", 1);
    byte[] value = new byte[20_000];
    int writes = 500; // more than transport and flow control hold
    for (int i = 0; i < writes; i++) {
      node.data().put(TestNode.put("", "k" + i, ByteString.copyFrom(value)).build());
    }
    while (changes(watcher).size() < writes) {
      int taken = messages(watcher).size();
      watcher.call().request(23);
      Eventually.holds(SOON, () -> "more than " + taken, () -> messages(watcher).size() > taken);
    }
    assertEquals(
        IntStream.range(0, writes).mapToObj(i -> "k" + i).toList(), keys(changes(watcher)));
  }

  @Test
  void endsWithTheNode() throws InterruptedException {
    StreamClient<WatchRequest, WatchResponse> watcher = watch(0, "", -1);
    Eventually.holds(SOON, () -> "the first", () -> !messages(watcher).isEmpty());
    long startNanos = System.nanoTime();
    node.node().close();
    watcher.awaitEnd();
    assertTrue(Duration.ofNanos(System.nanoTime() - startNanos).toSeconds() < 9, "not cut off");
    StatusRuntimeException failure =
        assertInstanceOf(StatusRuntimeException.class, watcher.failure());
    assertEquals(Reason.SHUTTING_DOWN.name(), Failures.info(failure).getReason());
  }

  /** Guard: {@link Watches#left} in the end of a call. */
  @Test
  void theOnesThatEndedMakeRoom() {
    List<StreamClient<WatchRequest, WatchResponse>> all = new ArrayList<>();
    for (int i = 0; i < Watches.CALLS_MAX; i++) {
      all.add(watch(0, "", -1));
    }
    for (StreamClient<WatchRequest, WatchResponse> one : all) {
      Eventually.holds(SOON, () -> "all begun", () -> !messages(one).isEmpty());
    }
    Failures.refused(Reason.OVERLOADED, () -> node.data().watch(refusedWatch(0)).hasNext());
    all.forEach(one -> one.call().cancel("enough", null));
    Eventually.holds(SOON, () -> "room", this::isLetIn);
  }

  private boolean isLetIn() {
    try {
      return node.data().watch(refusedWatch(0)).hasNext();
    } catch (StatusRuntimeException e) {
      assertEquals(Reason.OVERLOADED.name(), Failures.info(e).getReason());
      return false;
    }
  }

  @Test
  void largeMessagesThatNobodyTakesAreBounded() {
    Watches watches = new Watches(2, 100);
    List<String> woken = new ArrayList<>();
    Runnable one = () -> woken.add("one");
    Runnable other = () -> woken.add("other");
    assertTrue(watches.take(1000, one), "alone it may be larger");
    assertFalse(watches.take(1, other));
    watches.gave(1000);
    assertEquals(List.of("other"), woken);
    assertTrue(watches.take(60, one));
    assertTrue(watches.take(40, one));
    assertFalse(watches.take(1, one));
    assertFalse(watches.take(1, one));
    assertFalse(watches.take(1, other));
    watches.forget(other);
    watches.gave(40);
    assertEquals(List.of("other", "one"), woken);
    assertTrue(watches.take(40, other));
  }

  /**
   * Guard: {@link Watches#take} before sending, and what a call gives back when it is cancelled.
   */
  @Test
  void largeMessagesWaitForTheRoomThatOthersHold() {
    byte[] value = new byte[8 << 20];
    long room = Runtime.getRuntime().maxMemory() / 16;
    List<StreamClient<WatchRequest, WatchResponse>> stuck = new ArrayList<>();
    for (int i = 0; i <= room / value.length; i++) {
      stuck.add(watch(0, "big", 0));
    }
    for (int i = 0; i < 3; i++) {
      node.data().put(TestNode.put("", "big" + i, ByteString.copyFrom(value)).build());
    }
    // Not over their connection, whose flow control they hold up as well.
    ManagedChannel own =
        NettyChannelBuilder.forTarget(node.node().address())
            .usePlaintext()
            .maxInboundMessageSize(RpcServer.MESSAGE_BYTES_MAX)
            .build();
    try {
      StreamClient<WatchRequest, WatchResponse> small = watch(own, 0, "small", -1);
      StreamClient<WatchRequest, WatchResponse> large = watch(own, 0, "big", -1);
      node.put("small", "1");
      awaitChanges(small, 1);
      assertEquals(0, changes(large).size(), "there is no room for it");
      stuck.forEach(one -> one.call().cancel("enough", null));
      awaitChanges(large, 3);
      assertEquals(List.of("big0", "big1", "big2"), keys(changes(large)));
    } finally {
      own.shutdownNow();
    }
  }
}
