package dev.varve.node.rpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import com.google.rpc.ErrorInfo;
import dev.varve.node.Eventually;
import dev.varve.node.Failures;
import dev.varve.node.TestNode;
import dev.varve.protocol.v1.CheckpointRequest;
import dev.varve.protocol.v1.CompactRequest;
import dev.varve.protocol.v1.CompactionEvent;
import dev.varve.protocol.v1.EventsRequest;
import dev.varve.protocol.v1.KeyspaceStatus;
import dev.varve.protocol.v1.Mutation;
import dev.varve.protocol.v1.PlanRequest;
import dev.varve.protocol.v1.PlanResponse;
import dev.varve.protocol.v1.Role;
import dev.varve.protocol.v1.SegmentPlan;
import dev.varve.protocol.v1.StatusRequest;
import dev.varve.protocol.v1.StatusResponse;
import dev.varve.protocol.v1.StepDownRequest;
import dev.varve.protocol.v1.StepDownResponse;
import dev.varve.protocol.v1.Strategy;
import dev.varve.protocol.v1.WriteRequest;
import io.grpc.Context;
import io.grpc.Status;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AdminServiceTest {
  private static final ByteString VALUE = ByteString.copyFrom(new byte[1024]);
  private static final int KEYS = 1_000;
  @TempDir Path directory;
  private TestNode node;

  /** Each operation is long ago at the next: no compaction waits for what a test has written. */
  private final AtomicLong longAfter = new AtomicLong();

  @BeforeEach
  void start() throws IOException {
    node =
        TestNode.standalone(
            directory,
            () -> longAfter.addAndGet(TimeUnit.SECONDS.toNanos(10)),
            "VARVE_KEYSPACES",
            "main:256Ki,objects:1Mi");
  }

  @AfterEach
  void stop() {
    node.close();
  }

  /** Writes every key {@code times} times, so that 1 in so many bytes is live. */
  private void overwrite(String keyspace, int times) {
    for (int round = 0; round < times; round++) {
      for (int from = 0; from < KEYS; from += 100) {
        WriteRequest.Builder batch = WriteRequest.newBuilder();
        for (int i = from; i < from + 100; i++) {
          batch.addMutations(Mutation.newBuilder().setPut(TestNode.put(keyspace, "k" + i, VALUE)));
        }
        node.data().write(batch.build());
      }
    }
  }

  private StatusResponse status() {
    return node.admin().status(StatusRequest.getDefaultInstance());
  }

  private KeyspaceStatus keyspace(String name) {
    return status().getKeyspacesList().stream()
        .filter(keyspace -> keyspace.getName().equals(name))
        .findFirst()
        .orElseThrow();
  }

  private static CompactRequest.Builder compact(String keyspace) {
    return CompactRequest.newBuilder().setKeyspace(keyspace).setMinBytes(0);
  }

  private List<CompactionEvent> run(CompactRequest.Builder request) {
    List<CompactionEvent> events = new ArrayList<>();
    node.admin().compact(request.build()).forEachRemaining(events::add);
    return events;
  }

  private static List<CompactionEvent.Type> types(List<CompactionEvent> events) {
    return events.stream()
        .map(CompactionEvent::getType)
        .filter(type -> type != CompactionEvent.Type.PROGRESS)
        .toList();
  }

  @Test
  void statusTellsRoleSequencesAndFigures() {
    overwrite("main", 3);
    StatusResponse status = status();
    assertEquals("varve", status.getMember());
    assertEquals(Role.ROLE_PRIMARY, status.getRole());
    assertEquals(node.node().address(), status.getPrimary());
    assertEquals(1, status.getShards());
    assertTrue(status.getTerm() > 0);
    assertTrue(status.getCommittedSequence() >= 30);
    assertEquals("test", status.getVersion());
    assertEquals(1, status.getTopologyCount());
    assertEquals(node.node().address(), status.getTopology(0).getAddress());
    assertEquals(Role.ROLE_PRIMARY, status.getTopology(0).getRole());

    KeyspaceStatus main = keyspace("main");
    assertEquals(KEYS, main.getLiveKeys());
    long recordBytes = 40L + VALUE.size();
    assertTrue(main.getLiveBytes() > KEYS * recordBytes);
    assertTrue(main.getLiveBytes() < KEYS * (recordBytes + 10));
    assertEquals(main.getLiveBytes() * 3, main.getTotalBytes());
    assertEquals(2.0 / 3, main.getDeadRatio(), 0.001);
    assertTrue(main.getSegments() > 3, main.toString());
    assertEquals(0, main.getRetiredSegments());
    assertEquals(0, main.getLastCompactionMs());
    assertEquals(0, keyspace("objects").getTotalBytes());
  }

  @Test
  void aPlanSaysWhatWouldBeDoneAndDoesNothing() {
    overwrite("main", 3);
    KeyspaceStatus before = keyspace("main");
    PlanResponse plan =
        node.admin().plan(PlanRequest.newBuilder().setCompaction(compact("main")).build());
    assertTrue(plan.getWouldCompact(), plan.toString());
    assertTrue(plan.getExpectedSpaceSaved() > before.getTotalBytes() / 2);
    assertTrue(plan.getSegmentsList().stream().anyMatch(SegmentPlan::getSelected));
    assertTrue(plan.getSegments(0).getFile().matches("main/\\d{10}-\\d{12}\\.log"));
    assertEquals(
        before.getTotalBytes(),
        plan.getSegmentsList().stream().mapToLong(SegmentPlan::getTotalBytes).sum());
    assertEquals(before, keyspace("main"));

    PlanResponse none =
        node.admin()
            .plan(
                PlanRequest.newBuilder()
                    .setCompaction(compact("main").setMinDeadRatio(0.9))
                    .build());
    assertFalse(none.getWouldCompact());
    assertEquals("BelowThreshold", none.getReason());
  }

  @Test
  void aRunFreesTheDeadBytesAndEveryKeyStays() {
    overwrite("main", 4);
    KeyspaceStatus before = keyspace("main");
    List<CompactionEvent> events = run(compact("main").setRunId("run-1").setForceDelete(true));
    assertEquals(
        List.of(CompactionEvent.Type.STARTED, CompactionEvent.Type.COMPLETED), types(events));
    CompactionEvent end = events.getLast();
    KeyspaceStatus after = keyspace("main");
    assertEquals("run-1", end.getRunId());
    assertEquals("main", end.getKeyspace());
    assertEquals(before.getTotalBytes(), end.getBytesBefore());
    assertEquals(after.getTotalBytes(), end.getBytesAfter());
    assertEquals(end.getBytesBefore() - end.getBytesAfter(), end.getSpaceSaved());
    assertTrue(end.getSpaceSaved() > before.getTotalBytes() / 2, end.toString());
    assertTrue(end.getFilesRewritten() > 0);
    assertEquals(Strategy.STRATEGY_REWRITE, end.getStrategy());
    assertEquals(status().getTerm(), end.getTerm());
    assertEquals(KEYS, after.getLiveKeys());
    assertTrue(after.getDeadRatio() < 0.1, after.toString());
    assertTrue(after.getLastCompactionMs() > 0);
    for (int i = 0; i < KEYS; i += 37) {
      assertEquals(VALUE, node.get("k" + i).getValue());
    }
    assertEquals(
        1.0,
        node.metrics()
            .get("varve.compaction.runs")
            .tags("keyspace", "main", "outcome", "completed")
            .counter()
            .count());
  }

  @Test
  void aRepeatedRunAnswersWithTheFirstOnesOutcomeAlsoAfterARestart() throws IOException {
    overwrite("main", 3);
    CompactionEvent first = run(compact("main").setRunId("tick-7")).getLast();
    assertEquals(CompactionEvent.Type.COMPLETED, first.getType());
    overwrite("main", 3);
    assertEquals(List.of(first), run(compact("main").setRunId("tick-7")));
    stop();
    start();
    assertEquals(List.of(first), run(compact("main").setRunId("tick-7")));
    assertEquals(
        CompactionEvent.Type.COMPLETED,
        run(compact("main").setRunId("tick-8")).getLast().getType());
  }

  @Test
  void allKeyspacesEachEndOnce() {
    overwrite("main", 3);
    List<CompactionEvent> events = run(compact(""));
    List<CompactionEvent> ends =
        events.stream()
            .filter(
                event ->
                    event.getType() != CompactionEvent.Type.STARTED
                        && event.getType() != CompactionEvent.Type.PROGRESS)
            .toList();
    assertEquals(
        List.of("main", "objects"), ends.stream().map(CompactionEvent::getKeyspace).toList());
    assertEquals(CompactionEvent.Type.COMPLETED, ends.get(0).getType());
    assertEquals(CompactionEvent.Type.SKIPPED, ends.get(1).getType());
    assertFalse(ends.get(1).getReason().isEmpty());
    assertEquals(ends.get(0).getRunId(), ends.get(1).getRunId());
  }

  @Test
  void absentThresholdsAreTheNodesSettings() {
    overwrite("main", 3);
    CompactionEvent small = run(CompactRequest.newBuilder().setKeyspace("main")).getLast();
    assertEquals(CompactionEvent.Type.SKIPPED, small.getType());
    assertEquals("FileTooSmall", small.getReason());
    CompactionEvent forced =
        run(CompactRequest.newBuilder().setKeyspace("main").setForce(true)).getLast();
    assertEquals(CompactionEvent.Type.COMPLETED, forced.getType());
  }

  @Test
  void belowTheThresholdItIsSkippedWithItsFigures() {
    overwrite("main", 2);
    CompactionEvent end = run(compact("main").setMinDeadRatio(0.9)).getLast();
    assertEquals(CompactionEvent.Type.SKIPPED, end.getType());
    assertEquals("BelowThreshold", end.getReason());
    assertFalse(end.getMessage().isEmpty());
    assertEquals(0, end.getErrors());
    CompactionEvent none = run(compact("main").setStrategy(Strategy.STRATEGY_NONE)).getLast();
    assertEquals(CompactionEvent.Type.SKIPPED, none.getType());
    assertEquals("Disabled", none.getReason());
  }

  @Test
  void whatMakesNoSenseIsRefusedBeforeItStarts() {
    long term = status().getTerm();
    Failures.refused(Reason.UNKNOWN_KEYSPACE, () -> run(compact("nope")));
    Failures.refused(Reason.STALE_TERM, () -> run(compact("main").setExpectedTerm(term + 1)));
    assertEquals(
        "min_dead_ratio",
        Failures.refused(Reason.INVALID_REQUEST, () -> run(compact("main").setMinDeadRatio(1.1)))
            .getMetadataOrThrow("field"));
    Failures.refused(
        Reason.INVALID_REQUEST, () -> run(compact("main").setMinDeadRatio(Double.NaN)));
    Failures.refused(Reason.INVALID_REQUEST, () -> run(compact("main").setMinSpaceSaving(-0.1)));
    Failures.refused(Reason.INVALID_REQUEST, () -> run(compact("main").setMinBytes(-1)));
    Failures.refused(Reason.INVALID_REQUEST, () -> run(compact("main").setTimeoutMs(-1)));
    Failures.refused(
        Reason.INVALID_REQUEST, () -> run(compact("main").setRateLimitBytesPerSecond(-1)));
    assertEquals(
        "strategy",
        Failures.refused(Reason.INVALID_REQUEST, () -> run(compact("main").setStrategyValue(17)))
            .getMetadataOrThrow("field"));
    Failures.refused(
        Reason.UNKNOWN_KEYSPACE,
        () -> node.admin().plan(PlanRequest.newBuilder().setCompaction(compact("nope")).build()));
  }

  @Test
  void everyStrategyIsTheOneThatWasAskedFor() {
    for (Strategy strategy :
        List.of(
            Strategy.STRATEGY_REWRITE,
            Strategy.STRATEGY_LOOKUP,
            Strategy.STRATEGY_SCAN,
            Strategy.STRATEGY_SHIFT)) {
      overwrite("main", 4);
      CompactionEvent end = run(compact("main").setStrategy(strategy).setMaxSegments(2)).getLast();
      assertEquals(CompactionEvent.Type.COMPLETED, end.getType(), strategy + end.getMessage());
      assertEquals(strategy, end.getStrategy());
      assertEquals(strategy == Strategy.STRATEGY_SHIFT, end.getMessage().contains("live records"));
    }
    CompactionEvent none = run(compact("main").setStrategy(Strategy.STRATEGY_NONE)).getLast();
    assertEquals("Disabled", none.getReason());
  }

  @Test
  void aCancelledRunIsRolledBackAndTheNextOneWorks() {
    overwrite("main", 4);
    KeyspaceStatus before = keyspace("main");
    Context.CancellableContext call = Context.current().withCancellation();
    call.run(
        () -> {
          Iterator<CompactionEvent> events =
              node.admin()
                  .compact(
                      compact("main").setRunId("slow").setRateLimitBytesPerSecond(200_000).build());
          assertEquals(CompactionEvent.Type.STARTED, events.next().getType());
          Eventually.holds(
              Duration.ofSeconds(20),
              () -> "the progress of the run: " + events("slow"),
              () ->
                  events("slow").getLast().getType() == CompactionEvent.Type.PROGRESS
                      && events("slow").getLast().getProgress() > 0);
          call.cancel(new CancellationException("changed my mind"));
        });
    Eventually.holds(
        Duration.ofSeconds(20),
        () -> "an end of the run: " + events("slow"),
        () -> events("slow").stream().anyMatch(e -> e.getType() == CompactionEvent.Type.FAILED));
    assertEquals("Cancelled", events("slow").getLast().getReason());
    KeyspaceStatus after = keyspace("main");
    assertEquals(before.getTotalBytes(), after.getTotalBytes());
    assertEquals(before.getLiveBytes(), after.getLiveBytes());
    assertEquals(CompactionEvent.Type.COMPLETED, run(compact("main")).getLast().getType());
  }

  private List<CompactionEvent> events(String runId) {
    List<CompactionEvent> events = new ArrayList<>();
    node.admin()
        .events(EventsRequest.newBuilder().setRunId(runId).build())
        .forEachRemaining(events::add);
    return events;
  }

  @Test
  void aRunThatTakesTooLongFailsWithTimeout() {
    overwrite("main", 4);
    long before = keyspace("main").getTotalBytes();
    CompactionEvent end =
        run(compact("main").setRateLimitBytesPerSecond(200_000).setTimeoutMs(300)).getLast();
    assertEquals(CompactionEvent.Type.FAILED, end.getType());
    assertEquals("Timeout", end.getReason());
    assertEquals(before, keyspace("main").getTotalBytes());
  }

  @Test
  void aSecondRunOfABusyKeyspaceIsSkipped() {
    overwrite("main", 4);
    Context.CancellableContext call = Context.current().withCancellation();
    call.run(
        () -> {
          Iterator<CompactionEvent> first =
              node.admin().compact(compact("main").setRateLimitBytesPerSecond(200_000).build());
          assertEquals(CompactionEvent.Type.STARTED, first.next().getType());
        });
    CompactionEvent second = run(compact("main")).getLast();
    assertEquals(CompactionEvent.Type.SKIPPED, second.getType());
    assertEquals("Busy", second.getReason());
    call.cancel(new CancellationException("enough"));
  }

  @Test
  void progressComesAtMostTwiceASecond() {
    overwrite("main", 4);
    long began = System.nanoTime();
    List<CompactionEvent> events = run(compact("main").setRateLimitBytesPerSecond(2_000_000));
    double seconds = (System.nanoTime() - began) / 1e9;
    List<CompactionEvent> progress =
        events.stream().filter(e -> e.getType() == CompactionEvent.Type.PROGRESS).toList();
    assertTrue(progress.size() <= 1 + 2 * seconds, progress.size() + " in " + seconds + " s");
    assertTrue(progress.stream().allMatch(e -> e.getProgress() >= 0 && e.getProgress() <= 1));
    assertEquals(CompactionEvent.Type.COMPLETED, events.getLast().getType());
  }

  @Test
  void retiredSegmentsGoAtACheckpoint() {
    overwrite("main", 4);
    assertEquals(CompactionEvent.Type.COMPLETED, run(compact("main")).getLast().getType());
    assertTrue(keyspace("main").getRetiredSegments() > 0);
    var result = node.admin().checkpoint(CheckpointRequest.getDefaultInstance());
    assertTrue(result.getSegmentsDeleted() > 0, result.toString());
    assertTrue(result.getBytesDeleted() > 0);
    assertTrue(result.getSequence() > 0);
    assertEquals(0, keyspace("main").getRetiredSegments());
  }

  @Test
  void eventsTellTheLastOnesAndFollow() {
    overwrite("main", 3);
    run(compact("main").setRunId("one"));
    run(compact("main").setRunId("two"));
    List<CompactionEvent> last = new ArrayList<>();
    node.admin().events(EventsRequest.newBuilder().setLast(1).build()).forEachRemaining(last::add);
    assertEquals(1, last.size());
    assertEquals("two", last.getFirst().getRunId());

    Context.CancellableContext call = Context.current().withCancellation();
    call.run(
        () -> {
          Iterator<CompactionEvent> followed =
              node.admin().events(EventsRequest.newBuilder().setLast(1).setFollow(true).build());
          assertEquals("two", followed.next().getRunId());
          run(compact("main").setRunId("three"));
          assertEquals("three", followed.next().getRunId());
        });
    call.cancel(new CancellationException("seen"));
  }

  @Test
  void aNodeAloneHasNobodyToHandOverTo() {
    Failures.failed(
        Status.Code.FAILED_PRECONDITION,
        () -> node.admin().stepDown(StepDownRequest.getDefaultInstance()));
    ErrorInfo info =
        Failures.refused(
            Reason.INVALID_REQUEST,
            () -> node.admin().stepDown(StepDownRequest.newBuilder().setToMember("m-9").build()));
    assertEquals("to_member", info.getMetadataOrThrow("field"));
    StepDownResponse itself =
        node.admin().stepDown(StepDownRequest.newBuilder().setToMember("varve").build());
    assertEquals(
        StepDownResponse.newBuilder()
            .setMember("varve")
            .setNewPrimary(node.node().address())
            .setTerm(status().getTerm())
            .build(),
        itself);
  }
}
