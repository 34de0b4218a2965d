package dev.varve.operator.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.crds.CompactionPolicySpec;
import dev.varve.crds.CompactionPolicySpec.Strategy;
import dev.varve.crds.CompactionPolicySpec.Trigger;
import dev.varve.crds.CompactionPolicyStatus;
import dev.varve.crds.CompactionPolicyStatus.Decision;
import dev.varve.crds.CompactionPolicyStatus.Event;
import dev.varve.crds.CompactionPolicyStatus.Result;
import dev.varve.crds.Condition;
import dev.varve.operator.status.Conditions;
import dev.varve.protocol.v1.CompactRequest;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class PolicyBehaviourTest {

  private static final Duration MINUTE = Duration.ofMinutes(1);

  @Test
  void aTickWhoseTriggerHoldsMakesAJobForThePrimaryAtItsTerm() throws InterruptedException {
    try (var world = new PolicyWorld(PolicyWorld.everyMinute(false, 20, 3), "orders")) {
      world.advance(MINUTE);
      world.reconcile();
      Job job = world.kubernetes.jobs().getFirst();
      List<String> arguments =
          job.getSpec().getTemplate().getSpec().getContainers().getFirst().getArgs();
      assertEquals(
          List.of(
              "compact",
              "--endpoint",
              "orders-0-1.orders-members.shop.svc:9090",
              "--shard",
              "0",
              "--expected-term",
              "7",
              "--run-id",
              job.getMetadata().getName(),
              "--skipped-exit",
              "0",
              "--min-dead-ratio",
              "0.3",
              "--min-bytes",
              "10485760",
              "--min-space-saving",
              "0.1",
              "--timeout",
              "10770s",
              "--keyspace",
              "main=rewrite",
              "--keyspace",
              "objects=rewrite"),
          arguments);
      assertEquals(10800L, job.getSpec().getActiveDeadlineSeconds());
      assertEquals(0, job.getSpec().getBackoffLimit());
      assertEquals(Decision.Running, world.target().decision());
      assertEquals(1, Objects.requireNonNull(world.status().active()).size());
    }
  }

  @Test
  void whatDoesNotHoldIsSaidWithItsFigures() throws InterruptedException {
    try (var world = new PolicyWorld(PolicyWorld.everyMinute(false, 20, 3), "orders")) {
      world.members.deadRatio = 0.12;
      world.advance(MINUTE);
      world.reconcile();
      assertTrue(world.kubernetes.jobs().isEmpty());
      assertEquals("BelowThreshold", world.target().reason());
      assertTrue(world.target().message().contains("main: dead ratio 0.12 < 0.30"));
      assertEquals("2026-11-20T01:02:00Z", world.target().nextEligibleTime());
      assertEquals(1, Objects.requireNonNull(world.status().counts()).skipped());
    }
  }

  @Test
  void aRunThatWouldFreeTooLittleIsSaidToBeOne() throws InterruptedException {
    var trigger = new Trigger(null, null, "0.3", "0.6");
    try (var world =
        new PolicyWorld(PolicyWorld.spec(false, null, trigger, null, null), "orders")) {
      world.advance(Duration.ofHours(1));
      world.reconcile();
      assertTrue(world.kubernetes.jobs().isEmpty());
      assertEquals("LowYield", world.target().reason());
      assertTrue(
          world.target().message().contains("main: a run would free too little"),
          world.target().message());
      assertTrue(world.target().message().contains("trigger.minSpaceSaving is 0.6"));
    }
  }

  @Test
  void theTriggersNumbersReachThePrimary() throws InterruptedException {
    var trigger =
        new Trigger(null, new io.fabric8.kubernetes.api.model.Quantity("1Mi"), "0.55", "0.25");
    try (var world =
        new PolicyWorld(PolicyWorld.spec(false, null, trigger, null, null), "orders")) {
      world.advance(MINUTE);
      world.reconcile();
      CompactRequest asked = world.members.asked.getFirst();
      assertEquals(0.55, asked.getMinDeadRatio());
      assertEquals(1 << 20, asked.getMinBytes());
      assertEquals(0.25, asked.getMinSpaceSaving());
      assertEquals(7, asked.getExpectedTerm());
    }
  }

  @Test
  void aSkipIsToldOnceUntilItsReasonChanges() throws InterruptedException {
    try (var world = new PolicyWorld(PolicyWorld.everyMinute(false, 20, 3), "orders")) {
      world.members.deadRatio = 0.1;
      for (int tick = 0; tick < 3; tick++) {
        world.advance(MINUTE);
        world.reconcile();
      }
      assertEquals(1, skips(world));
      world.members.totalBytes = 5;
      world.advance(MINUTE);
      world.reconcile();
      assertEquals(2, skips(world));
      assertEquals("FileTooSmall", world.target().reason());
    }
  }

  @Test
  void aPrimaryThatIsSilentOrNotPrimaryIsSkippedForThatReason() throws InterruptedException {
    try (var world = new PolicyWorld(PolicyWorld.everyMinute(false, 20, 3), "orders")) {
      world.members.silent = true;
      world.advance(MINUTE);
      world.reconcile();
      assertEquals("Unreachable", world.target().reason());
      assertEquals("Unreachable", condition(world, "Degraded").reason());
      world.members.silent = false;
      world.members.replica = true;
      world.advance(MINUTE);
      world.reconcile();
      assertEquals("NoPrimary", world.target().reason());
    }
  }

  @Test
  void theResultComesFromThePrimaryAndIsKeptWhenTheJobIsGone() throws InterruptedException {
    try (var world = new PolicyWorld(PolicyWorld.everyMinute(false, 20, 0), "orders")) {
      run(world);
      world.endJobsOlderThan(Duration.ZERO);
      world.reconcile();
      world.reconcile();
      assertTrue(world.kubernetes.jobs().isEmpty(), "history.successfulJobs is 0");
      Event event = event(world);
      assertEquals(Result.Completed, event.type());
      assertEquals("main", event.keyspace());
      assertEquals(2 * PolicyWorld.SAVED, event.bytesBefore());
      assertEquals(PolicyWorld.SAVED, event.bytesAfter());
      assertEquals("8.2s", event.duration());
      assertEquals("reclaimed 1Mi (50 %)", event.message());
      assertEquals(Decision.Completed, world.target().decision());
      assertEquals(event.time(), world.status().lastSuccessTime());
    }
  }

  @Test
  void theTerminationMessageSpeaksWhenThePrimaryIsGone() throws InterruptedException {
    try (var world = new PolicyWorld(PolicyWorld.everyMinute(false, 20, 3), "orders")) {
      String job = run(world);
      world.members.silent = true;
      world.kubernetes.end(
          job,
          false,
          "BackoffLimitExceeded",
          "{\"type\":\"FAILED\",\"keyspace\":\"main\",\"timeMs\":\"1\",\"reason\":\"DiskFull\","
              + "\"message\":\"no space left\",\"bytesBefore\":\"700\",\"bytesAfter\":\"700\"}",
          world.now());
      world.reconcile();
      Event event = event(world);
      assertEquals(Result.Failed, event.type());
      assertEquals("DiskFull", event.reason());
      assertEquals(700, event.bytesBefore());
      assertEquals("RunFailed", condition(world, "Degraded").reason());
      assertEquals(1, Objects.requireNonNull(world.status().totals()).failures());
    }
  }

  @Test
  void howTheJobEndedSpeaksWhenNothingElseDoes() throws InterruptedException {
    try (var world = new PolicyWorld(PolicyWorld.everyMinute(false, 20, 3), "orders")) {
      String job = run(world);
      world.kubernetes.end(job, false, "DeadlineExceeded", null, world.now());
      world.reconcile();
      assertEquals("Timeout", event(world).reason());
      world.advance(MINUTE);
      world.reconcile();
      String second = Objects.requireNonNull(world.status().active()).getFirst().job();
      world.kubernetes.end(second, false, "BackoffLimitExceeded", null, world.now());
      world.reconcile();
      assertEquals("Unknown", event(world).reason());
      assertTrue(event(world).message().contains("its pod is gone"));
    }
  }

  @Test
  void aJobThatSomebodyDeletedIsRecordedAsFailed() throws InterruptedException {
    try (var world = new PolicyWorld(PolicyWorld.everyMinute(false, 20, 3), "orders")) {
      String job = run(world);
      world.kubernetes.delete(FakeKubernetes.NAMESPACE, job);
      world.advance(Duration.ofSeconds(5));
      world.reconcile();
      assertEquals(Result.Failed, event(world).type());
      assertEquals(job, event(world).runId());
      world.reconcile();
      assertEquals(1, Objects.requireNonNull(world.status().totals()).runs());
    }
  }

  @Test
  void aTickWhileTheRunBeforeIsUnderWayStartsNothing() throws InterruptedException {
    try (var world = new PolicyWorld(PolicyWorld.everyMinute(false, 20, 3), "orders")) {
      String job = run(world);
      world.advance(MINUTE);
      world.reconcile();
      assertEquals(1, world.kubernetes.jobs().size());
      assertEquals(Decision.Running, world.target().decision());
      assertTrue(world.target().message().contains(job));
      assertEquals("2026-11-20T01:02:00Z", world.status().lastScheduleTime());
    }
  }

  @Test
  void aSuspendedPolicyStartsNothingAndMakesUpForOneTickAtMost() throws InterruptedException {
    try (var world = new PolicyWorld(PolicyWorld.everyMinute(true, 20, 3), "orders")) {
      world.advance(Duration.ofMinutes(30));
      world.reconcile();
      assertEquals("Suspended", world.target().reason());
      assertEquals("Suspended", condition(world, "Scheduled").reason());
      assertEquals("True", condition(world, "Ready").status());
      assertNull(world.status().nextScheduleTime());
      world.kubernetes.spec(PolicyWorld.everyMinute(false, 20, 3));
      world.reconcile();
      assertEquals(1, world.kubernetes.jobs().size());
      assertEquals(
          1,
          world.kubernetes.told.keySet().stream()
              .filter(notice -> notice.startsWith("MissedSchedule"))
              .count());
    }
  }

  @Test
  void aRunNowValueRunsOnceEvenWhileSuspended() throws InterruptedException {
    try (var world = new PolicyWorld(PolicyWorld.everyMinute(true, 20, 0), "orders")) {
      world.kubernetes.runNow("now");
      world.reconcile();
      assertEquals("now", world.status().lastRunNow());
      world.endJobsOlderThan(Duration.ZERO);
      for (int i = 0; i < 5; i++) {
        world.reconcile();
      }
      assertEquals(1, world.kubernetes.made.size());
      world.kubernetes.runNow("again");
      world.reconcile();
      assertEquals(2, world.kubernetes.made.size());
    }
  }

  @Test
  void minIntervalHoldsBackAfterASuccessOnThatPrimary() throws InterruptedException {
    var trigger = new Trigger("10m", null, null, null);
    try (var world =
        new PolicyWorld(PolicyWorld.spec(false, null, trigger, null, null), "orders")) {
      world.members.lastCompactionMillis = PolicyWorld.CREATED.toEpochMilli();
      world.advance(MINUTE);
      world.reconcile();
      assertEquals("MinInterval", world.target().reason());
      assertEquals("2026-11-20T01:10:00Z", world.target().nextEligibleTime());
      world.advance(Duration.ofMinutes(9));
      world.reconcile();
      assertEquals(Decision.Running, world.target().decision());
    }
  }

  @Test
  void anUnknownKeyspaceIsSaidAtOnceAndStartsNothing() throws InterruptedException {
    var named = List.of(new CompactionPolicySpec.Keyspace("audit", Strategy.Rewrite));
    try (var world = new PolicyWorld(PolicyWorld.spec(false, null, null, named, null), "orders")) {
      world.reconcile();
      assertEquals("UnknownKeyspace", world.target().reason());
      assertEquals("UnknownKeyspace", condition(world, "Degraded").reason());
      world.advance(MINUTE);
      world.reconcile();
      assertTrue(world.kubernetes.jobs().isEmpty());
    }
  }

  @Test
  void onlyKeyspacesToRewriteAreNamedToTheJob() throws InterruptedException {
    var named =
        List.of(
            new CompactionPolicySpec.Keyspace("main", Strategy.Rewrite),
            new CompactionPolicySpec.Keyspace("objects", Strategy.None));
    try (var world = new PolicyWorld(PolicyWorld.spec(false, null, null, named, null), "orders")) {
      run(world);
      List<String> arguments =
          world
              .kubernetes
              .jobs()
              .getFirst()
              .getSpec()
              .getTemplate()
              .getSpec()
              .getContainers()
              .getFirst()
              .getArgs();
      assertTrue(arguments.contains("main=rewrite"));
      assertTrue(arguments.stream().noneMatch(argument -> argument.startsWith("objects")));
    }
  }

  @Test
  void aPolicyThatSelectsNothingOrNeverFiresIsNotReady() throws InterruptedException {
    try (var nobody = new PolicyWorld(PolicyWorld.everyMinute(false, 20, 3))) {
      nobody.reconcile();
      assertEquals("NoClustersSelected", condition(nobody, "Ready").reason());
      assertEquals("False", condition(nobody, "Ready").status());
    }
    try (var never =
        new PolicyWorld(PolicyWorld.spec(false, "0 0 30 2 *", null, null, null), "orders")) {
      never.reconcile();
      assertEquals("NeverFires", condition(never, "Scheduled").reason());
      assertEquals("False", condition(never, "Scheduled").status());
    }
  }

  @Test
  void aPolicyAtRestWritesNothing() throws InterruptedException {
    try (var world = new PolicyWorld(PolicyWorld.everyMinute(false, 20, 3), "orders")) {
      run(world);
      assertEquals(List.of(), world.reconcile().actions());
      world.endJobsOlderThan(Duration.ZERO);
      world.reconcile();
      assertEquals(List.of(), world.reconcile().actions());
    }
  }

  private static String run(PolicyWorld world) throws InterruptedException {
    world.advance(MINUTE);
    world.reconcile();
    return world.kubernetes.jobs().getFirst().getMetadata().getName();
  }

  private static long skips(PolicyWorld world) {
    return world.kubernetes.told.keySet().stream()
        .filter(notice -> notice.startsWith("CompactionSkipped"))
        .count();
  }

  private static Event event(PolicyWorld world) {
    CompactionPolicyStatus status = world.status();
    return Objects.requireNonNull(status.events()).getFirst();
  }

  private static Condition condition(PolicyWorld world, String type) {
    return Conditions.find(world.status().conditions(), type).orElseThrow();
  }
}
