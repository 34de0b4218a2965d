package dev.varve.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.util.JsonFormat;
import dev.varve.client.FakeAdmin;
import dev.varve.client.FakeAdmin.End;
import dev.varve.client.FakeCluster;
import dev.varve.client.FakeNode;
import dev.varve.protocol.v1.CompactRequest;
import dev.varve.protocol.v1.CompactionEvent;
import dev.varve.protocol.v1.Strategy;
import dev.varve.protocol.v1.StreamTrimRequest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AdminCommandsTest {
  @TempDir Path folder = Path.of("");
  private FakeCluster cluster = new FakeCluster();

  @BeforeEach
  void start() throws IOException {
    cluster = FakeCluster.start(3);
  }

  @AfterEach
  void stop() {
    cluster.close();
  }

  private String[] args(FakeNode node, String... args) {
    return Stream.concat(Arrays.stream(args), Stream.of("--endpoint", node.address().toString()))
        .toArray(String[]::new);
  }

  private CommandRun varve(String... args) {
    return CommandRun.of(args(cluster.nodes().get(2), args));
  }

  private FakeAdmin primary() {
    return cluster.primaryNode().admin();
  }

  private Path terminationMessage() {
    return folder.resolve("termination-log");
  }

  private CompactionEvent terminationEvent() throws IOException {
    String json = Files.readString(terminationMessage());
    assertTrue(json.getBytes(UTF_8).length < 4096);
    CompactionEvent.Builder event = CompactionEvent.newBuilder();
    JsonFormat.parser().merge(json, event);
    return event.build();
  }

  private CommandRun compact(String... args) {
    String[] all =
        Stream.concat(Stream.of("compact", "--run-id", "r1"), Arrays.stream(args))
            .toArray(String[]::new);
    return CommandRun.withTerminationMessage(
        terminationMessage(), args(cluster.nodes().get(0), all));
  }

  @Test
  void aCompactionPrintsBytesBeforeAndAfter() throws IOException {
    CommandRun run = compact("--keyspace", "main=rewrite");

    assertEquals(0, run.code(), run.err());
    assertEquals(
        "main completed: 10Mi (10485760 bytes) -> 6Mi (6291456 bytes), 4Mi (40 %) reclaimed in 8.2s,"
            + " 400 of 1,000 records dropped (Compacted)\n",
        run.out());
    assertEquals(
        "{\"type\":\"COMPLETED\",\"runId\":\"r1\",\"keyspace\":\"main\",\"timeMs\":\"1763600000000\","
            + "\"bytesBefore\":\"10485760\",\"bytesAfter\":\"6291456\",\"spaceSaved\":\"4194304\","
            + "\"durationMs\":\"8200\",\"progress\":1.0,\"recordsScanned\":\"1000\","
            + "\"recordsDropped\":\"400\",\"filesRewritten\":1,\"reason\":\"Compacted\","
            + "\"term\":\"1\",\"id\":\"3\",\"strategy\":\"STRATEGY_REWRITE\"}",
        Files.readString(terminationMessage()));
  }

  @Test
  void everyOptionReachesTheServer() {
    compact(
        "--keyspace",
        "main=lookup",
        "--keyspace",
        "objects",
        "--min-dead-ratio",
        "0.3",
        "--min-bytes",
        "10MB",
        "--min-space-saving",
        "0.1",
        "--max-segments",
        "32",
        "--force-delete",
        "--rate-limit",
        "64Mi",
        "--timeout",
        "3h",
        "--force",
        "--expected-term",
        "1");

    CompactRequest first = primary().compactions().get(0);
    assertEquals(
        CompactRequest.newBuilder()
            .setKeyspace("main")
            .setStrategy(Strategy.STRATEGY_LOOKUP)
            .setMinDeadRatio(0.3)
            .setMinBytes(10 << 20)
            .setMinSpaceSaving(0.1)
            .setMaxSegments(32)
            .setForceDelete(true)
            .setRateLimitBytesPerSecond(64 << 20)
            .setTimeoutMs(10_800_000)
            .setForce(true)
            .setExpectedTerm(1)
            .setRunId("r1")
            .build(),
        first);
    CompactRequest second = primary().compactions().get(1);
    assertEquals(
        first.toBuilder().setKeyspace("objects").setStrategy(Strategy.STRATEGY_UNSPECIFIED).build(),
        second);
  }

  @Test
  void thresholdsThatAreNotGivenAreAbsent() {
    compact();
    assertEquals(
        CompactRequest.newBuilder().setRunId("r1").build(), primary().compactions().get(0));
  }

  @Test
  void skippedEverywhereIsFourOrAsTold() throws IOException {
    primary().compactionOf("main", End.SKIPPED);
    primary().compactionOf("objects", End.SKIPPED);

    CommandRun run = compact();
    assertEquals(4, run.code());
    assertEquals(
        List.of(
            "main skipped: BelowThreshold: dead ratio 0.12 < 0.30",
            "objects skipped: BelowThreshold: dead ratio 0.12 < 0.30"),
        run.outLines());
    assertEquals(CompactionEvent.Type.SKIPPED, terminationEvent().getType());
    assertEquals(0, compact("--skipped-exit", "0").code());
  }

  @Test
  void oneKeyspaceCompactedIsDone() throws IOException {
    primary().compactionOf("objects", End.SKIPPED);
    assertEquals(0, compact().code());
    assertEquals("main", terminationEvent().getKeyspace());
  }

  @Test
  void oneFailedKeyspaceIsAFailureAndTheMessageOfTheRun() throws IOException {
    primary().compactionOf("main", End.FAILED);

    CommandRun run = compact("--keyspace", "main", "--keyspace", "objects");

    assertEquals(1, run.code());
    assertTrue(run.out().contains("main failed: DiskFull: no space left"), run.out());
    assertTrue(run.out().contains("objects completed"), run.out());
    assertEquals("DiskFull", terminationEvent().getReason());
  }

  @Test
  void aStaleTermIsFive() throws IOException {
    cluster.moveTo(0);
    CommandRun run = compact("--expected-term", "1");
    assertEquals(5, run.code());
    assertTrue(run.out().contains("StaleTerm"), run.out());
    assertEquals("StaleTerm", terminationEvent().getReason());
    assertEquals(CompactionEvent.Type.FAILED, terminationEvent().getType());
  }

  @Test
  void aRunThatIsDeposedIsFive() throws IOException {
    primary().compactionOf("main", End.DEPOSED);
    assertEquals(5, compact("--keyspace", "main").code());
    assertEquals("StaleTerm", terminationEvent().getReason());
  }

  @Test
  void withoutAnExpectedTermTheCommandFollowsThePrimary() {
    cluster.moveTo(1);
    assertEquals(0, compact("--keyspace", "main").code());
    assertEquals(1, cluster.nodes().get(1).admin().compactions().size());
  }

  @Test
  void aBrokenConnectionIsAFailureWithAReason() throws IOException {
    primary().compactionOf("main", End.BROKEN);
    CommandRun run = compact("--keyspace", "main");
    assertEquals(1, run.code());
    CompactionEvent event = terminationEvent();
    assertEquals("Unreachable", event.getReason());
    assertEquals(10 << 20, event.getBytesBefore());
    assertEquals("main", event.getKeyspace());
  }

  @Test
  void anUnknownKeyspaceIsBadUsage() throws IOException {
    CommandRun run = compact("--keyspace", "nope");
    assertEquals(2, run.code());
    assertEquals("UnknownKeyspace", terminationEvent().getReason());
  }

  @Test
  void anUnreachableStoreIsSaidInTheTerminationMessage() throws IOException {
    cluster.close();
    CommandRun run = compact("--keyspace", "main", "--request-timeout", "300ms");
    assertEquals(1, run.code());
    assertEquals("Unreachable", terminationEvent().getReason());
    assertEquals("r1", terminationEvent().getRunId());
  }

  @Test
  void cancellingAbortsTheRunOnTheServer() throws Exception {
    primary().compactionOf("main", End.NEVER);
    CommandRun run =
        CommandRun.start(
            Map.of("VARVE_TERMINATION_MESSAGE_PATH", terminationMessage().toString()),
            args(cluster.nodes().get(0), "compact", "--keyspace", "main", "--keyspace", "objects"));
    assertTrue(primary().running().await(30, TimeUnit.SECONDS));

    run.cancel();

    assertEquals(130, run.await().code());
    assertTrue(primary().cancelled().await(30, TimeUnit.SECONDS), "the server did not hear of it");
    assertEquals("Cancelled", terminationEvent().getReason());
    assertEquals(1, primary().compactions().size(), "the next keyspace was started");
  }

  /** Guards pitfall 17: {@code CompactCommand.run} warns before it asks for a Shift. */
  @Test
  void shiftIsSaidToLoseData() {
    CommandRun run = compact("--keyspace", "main=shift");
    assertTrue(run.err().contains("live data in them is lost"), run.err());
  }

  @Test
  void badOptionsAreRefusedByName() {
    Map<String, String[]> wrong =
        Map.of(
            "--min-dead-ratio 1.5", new String[] {"--min-dead-ratio", "1.5"},
            "--min-space-saving -0.1", new String[] {"--min-space-saving", "-0.1"},
            "'10Xi' is not a size", new String[] {"--min-bytes", "10Xi"},
            "'3 hours' is not a duration", new String[] {"--timeout", "3 hours"},
            "'squash' is no strategy", new String[] {"--keyspace", "main=squash"},
            "names no keyspace", new String[] {"--keyspace", "=scan"},
            "--max-segments 0", new String[] {"--max-segments", "0"},
            "--shard 7", new String[] {"--shard", "7"});
    wrong.forEach(
        (message, args) -> {
          CommandRun run = compact(args);
          assertEquals(2, run.code(), message);
          assertTrue(run.err().contains(message), message + " is not in: " + run.err());
        });
    assertEquals(0, primary().compactions().size());
  }

  @Test
  void eventsAsJsonAreOneALineWithNumbers() {
    primary().compactionOf("main", End.SKIPPED);
    CommandRun run = compact("--keyspace", "main", "--output", "json");
    assertEquals(
        "{\"type\":\"SKIPPED\",\"runId\":\"r1\",\"keyspace\":\"main\",\"timeMs\":1763600000000,"
            + "\"files\":[],\"bytesBefore\":10485760,\"bytesAfter\":0,\"spaceSaved\":0,"
            + "\"durationMs\":0,\"progress\":0.0,\"recordsScanned\":0,\"recordsDropped\":0,"
            + "\"filesRewritten\":0,\"errors\":0,\"reason\":\"BelowThreshold\","
            + "\"message\":\"dead ratio 0.12 < 0.30\",\"term\":1,\"id\":1,\"shard\":0,"
            + "\"strategy\":\"STRATEGY_UNSPECIFIED\"}\n",
        run.out());
  }

  @Test
  void aLongMessageIsCutToFitTheTerminationMessage() throws IOException {
    CompactionEvent event =
        CompactionEvent.newBuilder()
            .setType(CompactionEvent.Type.FAILED)
            .setRunId("r1")
            .setReason("DiskFull")
            .setMessage("ö\u0001".repeat(5000))
            .addFiles("main/1.log")
            .build();
    String json = TerminationMessage.format(event);
    assertTrue(json.getBytes(UTF_8).length < 4096);
    CompactionEvent.Builder read = CompactionEvent.newBuilder();
    JsonFormat.parser().merge(json, read);
    assertEquals("DiskFull", read.getReason());
    assertEquals(0, read.getFilesCount());
    assertTrue(read.getMessage().startsWith("ö"));
  }

  @Test
  void statusShowsEveryMemberAndTheSilentOnes() {
    cluster.nodes().get(1).stop();
    CommandRun run = varve("status");
    assertEquals(0, run.code());
    List<String> lines = run.outLines();
    assertTrue(lines.get(1).contains("orders-0-0   primary"), run.out());
    assertTrue(lines.get(2).contains("orders-0-1   silent"), run.out());
    assertTrue(lines.get(3).contains("orders-0-2   replica"), run.out());
    assertTrue(lines.get(3).contains("12ms"), run.out());
    assertTrue(run.out().contains("10Mi   0.40"), run.out());
    assertTrue(run.out().contains("2025-11-20T00:53:20Z"), run.out());
    String json = varve("status", "--output", "json").out();
    assertTrue(json.startsWith("{\"members\":[{\"member\":\"orders-0-0\",\"shard\":0,"), json);
    assertTrue(json.contains("\"deadRatio\":0.4"), json);
    assertTrue(json.contains("\"error\":\"UNAVAILABLE"), json);
  }

  @Test
  void statusOfNobodyIsAFailure() {
    String address = cluster.nodes().get(0).address().toString();
    cluster.close();
    assertEquals(1, CommandRun.of("status", "--endpoint", address).code());
  }

  @Test
  void watchingStatusEndsWhenCancelled() {
    CommandRun run =
        CommandRun.start(
            Map.of(), args(cluster.nodes().get(0), "status", "--watch", "--interval", "5ms"));
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    while (run.out().split("VERSION", -1).length < 4 && System.nanoTime() < deadline) {
      Thread.onSpinWait();
    }
    run.cancel();
    assertEquals(130, run.await().code());
    assertTrue(run.out().split("VERSION", -1).length >= 4, run.out());
  }

  @Test
  void planSaysWhatAndWhyNot() {
    primary().compactionOf("objects", End.SKIPPED);
    CommandRun run = varve("plan");
    assertEquals(0, run.code());
    assertTrue(
        run.out().startsWith("main would compact 1 of 2 segments; copies 2Mi, saves 4Mi\n"),
        run.out());
    assertTrue(run.out().contains("objects would not compact: BelowThreshold"), run.out());
    assertTrue(run.out().contains("main/0000000001-000000000001.log"), run.out());
    assertEquals(2, varve("plan", "--keyspace", "nope").code());
  }

  @Test
  void segmentsAreShownAsBars() {
    CommandRun run = varve("segments", "--keyspace", "main");
    assertEquals(
        List.of(
            "main: 2 segments, 6Mi live of 10Mi",
            "  SEGMENT                            LIVE / DEAD                  DEAD   LIVE   TOTAL",
            "  main/0000000001-000000000001.log   [########----------------]   67 %    2Mi     6Mi",
            "  main/0000000001-000000000002.log   [########################]    0 %    4Mi     4Mi"),
        run.outLines());
  }

  @Test
  void trimsAStream() {
    CommandRun run = varve("trim", "log", "--max-length", "0", "--approximate");
    assertEquals(0, run.code(), run.err());
    assertEquals(
        "log: 0 entries removed, the first id is 1, 3Mi to be freed by compaction\n", run.out());
    varve("trim", "log", "--min-id", "7");
    varve("trim", "log", "--max-age", "24h");
    StreamTrimRequest.Builder expected = StreamTrimRequest.newBuilder().setStream("log");
    assertEquals(
        List.of(
            expected.clone().setMaxLength(0).setApproximate(true).build(),
            expected.clone().setMinId(7).build(),
            expected.clone().setMaxAgeMs(86_400_000).build()),
        cluster.primaryNode().streams().trims());
    assertEquals(
        "{\"removed\":0,\"firstId\":1,\"bytesReclaimed\":3145728,\"stream\":\"log\"}\n",
        varve("trim", "log", "--min-id", "7", "--output", "json").out());
  }

  @Test
  void refusesATrimThatSaysNotHowFar() {
    assertEquals(2, varve("trim", "log").code());
    assertEquals(2, varve("trim", "--max-length", "1").code());
    assertEquals(2, varve("trim", "log", "--max-length", "1", "--min-id", "2").code());
    assertEquals(2, varve("trim", "log", "--min-id", "-2").code());
    assertEquals(2, varve("trim", "log", "--max-age", "soon").code());
    CommandRun wrong = varve("trim", "main", "--max-length", "1");
    assertEquals(2, wrong.code());
    assertTrue(wrong.err().contains("keyspace main is no stream"), wrong.err());
    assertEquals(List.of(), cluster.primaryNode().streams().trims());
  }

  @Test
  void checkpointsOnThePrimary() {
    assertEquals(
        "shard 0: checkpoint at sequence 0, 2 retired segments deleted (3Mi)\n",
        varve("checkpoint").out());
  }

  @Test
  void aPrimaryStepsDownForTheNextOrTheNamedMember() {
    CommandRun next = varve("step-down");
    assertEquals(0, next.code(), next.err());
    assertEquals(
        "shard 0: orders-0-1 is the primary in term 2, at "
            + cluster.nodes().get(1).address()
            + "\n",
        next.out());
    CommandRun named = varve("step-down", "--to", "orders-0-0", "--output", "json");
    assertEquals(0, named.code(), named.err());
    assertEquals(
        "{\"newPrimary\":\""
            + cluster.nodes().get(0).address()
            + "\",\"term\":3,\"member\":\"orders-0-0\",\"shard\":0}\n",
        named.out());
    CommandRun unknown = varve("step-down", "--to", "orders-0-9");
    assertEquals(2, unknown.code());
    assertTrue(unknown.err().contains("no member orders-0-9"), unknown.err());
    assertEquals("orders-0-0", cluster.primaryNode().member());
  }

  @Test
  void aHandOverWithoutAnAnswerIsSaidToBeUnknown() {
    primary().loseStepDownAnswer();
    CommandRun run = varve("step-down");
    assertEquals(1, run.code());
    assertTrue(run.err().contains("the outcome"), run.err());
    assertEquals("orders-0-1", cluster.primaryNode().member());
  }

  @Test
  void eventsAreListedAndFollowed() throws Exception {
    compact();
    CommandRun list = varve("events", "--last", "1");
    assertEquals(1, list.outLines().size());
    assertTrue(list.out().startsWith("2025-11-20T00:53:20Z  r1  objects completed"), list.out());
    assertEquals(6, varve("events").outLines().size());
    assertEquals("", varve("events", "--run-id", "other").out());

    CommandRun follow =
        CommandRun.start(Map.of(), args(cluster.nodes().get(2), "events", "--follow"));
    assertTrue(primary().running().await(30, TimeUnit.SECONDS));
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    while (follow.outLines().size() < 6 && System.nanoTime() < deadline) {
      Thread.onSpinWait();
    }
    assertEquals(6, follow.outLines().size());
    follow.cancel();
    assertEquals(130, follow.await().code());
  }
}
