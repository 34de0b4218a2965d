package dev.varve.node.rpc;

import dev.varve.node.compaction.CompactionRuns;
import dev.varve.node.settings.CompactionSettings;
import dev.varve.protocol.v1.AdminGrpc;
import dev.varve.protocol.v1.BackupChunk;
import dev.varve.protocol.v1.BackupRequest;
import dev.varve.protocol.v1.CheckpointRequest;
import dev.varve.protocol.v1.CheckpointResponse;
import dev.varve.protocol.v1.CompactRequest;
import dev.varve.protocol.v1.CompactionEvent;
import dev.varve.protocol.v1.EventsRequest;
import dev.varve.protocol.v1.PlanRequest;
import dev.varve.protocol.v1.PlanResponse;
import dev.varve.protocol.v1.SegmentPlan;
import dev.varve.protocol.v1.StatusRequest;
import dev.varve.protocol.v1.StatusResponse;
import dev.varve.protocol.v1.StepDownRequest;
import dev.varve.protocol.v1.StepDownResponse;
import dev.varve.replication.Member;
import dev.varve.replication.MemberRole;
import dev.varve.replication.MemberStatus;
import dev.varve.replication.NotPrimaryException;
import dev.varve.replication.StaleTermException;
import dev.varve.store.CompactionRequest;
import dev.varve.store.Store;
import dev.varve.store.compaction.CancelToken;
import dev.varve.store.compaction.CompactionOptions;
import dev.varve.store.compaction.CompactionPlan;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Operation. */
public final class AdminService extends AdminGrpc.AdminImplBase {
  private static final int EVENTS_MAX = 1000;
  private static final long FOLLOW_MS = 250;

  private final Member member;
  private final int shard;
  private final StatusMessages statuses;
  private final CompactionRequests requests;
  private final CompactionRuns runs;
  private final CallGate gate;
  private final Executor brief = Executors.newVirtualThreadPerTaskExecutor();
  // A merge keeps its thread busy for long: a virtual one would keep a carrier from the others.
  private final Executor compaction =
      task -> Thread.ofPlatform().daemon().name("compaction").start(task);

  /**
   * @param settings the thresholds that requests may leave out
   */
  public AdminService(
      Member member,
      StatusMessages statuses,
      CompactionSettings settings,
      CompactionRuns runs,
      CallGate gate) {
    this.member = member;
    this.shard = statuses.shard();
    this.statuses = statuses;
    this.requests = new CompactionRequests(settings);
    this.runs = runs;
    this.gate = gate;
  }

  /** An answer that may take its time. */
  private interface Work {
    void run()
        throws IOException,
            RefusedException,
            NotPrimaryException,
            StaleTermException,
            InterruptedException;
  }

  private static void start(Executor executor, StreamObserver<?> answers, Work work) {
    executor.execute(
        () -> {
          try {
            work.run();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            answers.onError(Errors.asException(e));
          } catch (IOException
              | RefusedException
              | NotPrimaryException
              | StaleTermException
              | RuntimeException e) {
            answers.onError(Errors.asException(e));
          }
        });
  }

  @Override
  public void status(StatusRequest request, StreamObserver<StatusResponse> answers) {
    quietWhenCancelled(answers);
    start(
        brief,
        answers,
        () -> {
          answers.onNext(
              statuses.message(member.status(), member.store(), member.remembersRequests()));
          answers.onCompleted();
        });
  }

  @Override
  public void plan(PlanRequest request, StreamObserver<PlanResponse> answers) {
    quietWhenCancelled(answers);
    start(
        brief,
        answers,
        () -> {
          requests.check(request.getCompaction());
          Store store = primaryStore(request.getCompaction().getExpectedTerm());
          PlanResponse.Builder response = PlanResponse.newBuilder();
          for (CompactionOptions options : requests.options(request.getCompaction(), store)) {
            add(response, options.keyspace(), store.plan(options));
          }
          answers.onNext(response.build());
          answers.onCompleted();
        });
  }

  /** Over several keyspaces the reason is that of the first that would compact, or of the first. */
  private static void add(PlanResponse.Builder response, String keyspace, CompactionPlan plan) {
    if (response.getReason().isEmpty() || (plan.wouldCompact() && !response.getWouldCompact())) {
      response.setReason(plan.reason());
    }
    response
        .setWouldCompact(response.getWouldCompact() || plan.wouldCompact())
        .setExpectedSpaceSaved(response.getExpectedSpaceSaved() + plan.expectedSpaceSaved())
        .setBytesToCopy(response.getBytesToCopy() + plan.bytesToCopy());
    for (CompactionPlan.Choice choice : plan.choices()) {
      response.addSegments(
          SegmentPlan.newBuilder()
              .setFile(choice.segment().id().logPath(keyspace))
              .setTotalBytes(choice.segment().totalBytes())
              .setLiveBytes(choice.segment().keptBytes())
              .setSelected(choice.selected())
              .setReason(choice.reason()));
    }
  }

  @Override
  public void compact(CompactRequest request, StreamObserver<CompactionEvent> answers) {
    CancelToken cancel =
        request.getTimeoutMs() > 0
            ? CancelToken.withTimeout(
                System::nanoTime, TimeUnit.MILLISECONDS.toNanos(request.getTimeoutMs()))
            : CancelToken.unbounded();
    ((ServerCallStreamObserver<CompactionEvent>) answers)
        .setOnCancelHandler(() -> cancel.cancel(CancelToken.CANCELLED));
    start(
        compaction,
        answers,
        () -> {
          requests.check(request);
          Store store = primaryStore(request.getExpectedTerm());
          String runId =
              request.getRunId().isEmpty() ? UUID.randomUUID().toString() : request.getRunId();
          List<CompactionRequest> keyspaces = requests.runs(request, runId, store);
          new CompactionCall(runs, shard, request.getExpectedTerm(), cancel, answers::onNext)
              .run(store, keyspaces);
          answers.onCompleted();
        });
  }

  @Override
  public void checkpoint(CheckpointRequest request, StreamObserver<CheckpointResponse> answers) {
    quietWhenCancelled(answers);
    var _ =
        member
            .checkpoint()
            .whenComplete(
                (result, failure) -> {
                  if (failure != null) {
                    answers.onError(Errors.asException(failure));
                    return;
                  }
                  answers.onNext(
                      CheckpointResponse.newBuilder()
                          .setSequence(result.sequence())
                          .setSegmentsDeleted(result.segmentsDeleted())
                          .setBytesDeleted(result.bytesDeleted())
                          .build());
                  answers.onCompleted();
                });
  }

  @Override
  public void stepDown(StepDownRequest request, StreamObserver<StepDownResponse> answers) {
    quietWhenCancelled(answers);
    String to = request.getToMember();
    var _ =
        member
            .stepDown(to.isEmpty() ? null : to)
            .whenComplete(
                (handed, failure) -> {
                  if (failure != null) {
                    answers.onError(Errors.asException(failure));
                    return;
                  }
                  answers.onNext(
                      StepDownResponse.newBuilder()
                          .setNewPrimary(statuses.addressOf(handed.primary()))
                          .setMember(handed.primary())
                          .setTerm(handed.term())
                          .build());
                  answers.onCompleted();
                });
  }

  @Override
  public void events(EventsRequest request, StreamObserver<CompactionEvent> answers) {
    CountDownLatch ended = new CountDownLatch(1);
    ((ServerCallStreamObserver<CompactionEvent>) answers).setOnCancelHandler(ended::countDown);
    start(
        brief,
        answers,
        () -> {
          Runnable forget = gate.whenClosed(ended::countDown);
          try {
            answer(request, answers, ended);
          } finally {
            forget.run();
          }
          answers.onCompleted();
        });
  }

  /**
   * Of this member's own files, whatever its role: they are the shard as of a committed sequence.
   */
  @Override
  public void backup(BackupRequest request, StreamObserver<BackupChunk> answers) {
    BackupCall call = new BackupCall((ServerCallStreamObserver<BackupChunk>) answers);
    start(
        brief,
        answers,
        () -> {
          Runnable forget = gate.whenClosed(call::shutDown);
          try {
            call.run(openStore());
          } finally {
            forget.run();
          }
        });
  }

  private void answer(
      EventsRequest request, StreamObserver<CompactionEvent> answers, CountDownLatch ended)
      throws RefusedException, InterruptedException {
    List<dev.varve.store.CompactionEvent> known = events(request.getRunId());
    long last = Integer.toUnsignedLong(request.getLast());
    long skip = last == 0 ? 0 : Math.max(0, known.size() - last);
    known.stream()
        .skip(skip)
        .forEach(event -> answers.onNext(CompactionMessages.message(event, shard)));
    if (!request.getRunId().isEmpty()) {
      // Progress is not kept; whoever asks for one run wants to know how far it is.
      openStore().running().stream()
          .filter(event -> event.runId().equals(request.getRunId()))
          .filter(event -> event.type() == dev.varve.store.CompactionEvent.Type.PROGRESS)
          .forEach(event -> answers.onNext(CompactionMessages.message(event, shard)));
    }
    long seen = known.isEmpty() ? 0 : known.getLast().id();
    while (request.getFollow() && !ended.await(FOLLOW_MS, TimeUnit.MILLISECONDS)) {
      for (dev.varve.store.CompactionEvent event : events(request.getRunId())) {
        if (event.id() > seen) {
          seen = event.id();
          answers.onNext(CompactionMessages.message(event, shard));
        }
      }
    }
  }

  /** The events that are kept, oldest first. */
  private List<dev.varve.store.CompactionEvent> events(String runId) throws RefusedException {
    return openStore().events(EVENTS_MAX).stream()
        .filter(event -> runId.isEmpty() || event.runId().equals(runId))
        .sorted(Comparator.comparingLong(dev.varve.store.CompactionEvent::id))
        .toList();
  }

  /** The store of this member if it is the primary in the expected term; 0: in any. */
  private Store primaryStore(long expectedTerm)
      throws NotPrimaryException, StaleTermException, RefusedException {
    MemberStatus status = member.status();
    if (status.role() != MemberRole.PRIMARY || !status.serving()) {
      throw new NotPrimaryException(status.primary(), status.primaryAddress(), status.term());
    }
    if (expectedTerm != 0 && expectedTerm != status.term()) {
      throw new StaleTermException(expectedTerm, status.term());
    }
    return openStore();
  }

  private Store openStore() throws RefusedException {
    @Nullable Store store = member.store();
    if (store == null) {
      throw new RefusedException(
          Reason.NOT_READY, "the member has no open store: " + member.status().detail(), Map.of());
    }
    return store;
  }

  /** Without a handler, answering a call that its client cancelled would throw. */
  private static void quietWhenCancelled(StreamObserver<?> answers) {
    ((ServerCallStreamObserver<?>) answers).setOnCancelHandler(() -> {});
  }
}
