package dev.varve.client;

import com.google.rpc.Code;
import dev.varve.protocol.v1.AdminGrpc;
import dev.varve.protocol.v1.BackupChunk;
import dev.varve.protocol.v1.BackupRequest;
import dev.varve.protocol.v1.CheckpointRequest;
import dev.varve.protocol.v1.CheckpointResponse;
import dev.varve.protocol.v1.CompactRequest;
import dev.varve.protocol.v1.CompactionEvent;
import dev.varve.protocol.v1.EventsRequest;
import dev.varve.protocol.v1.KeyspaceStatus;
import dev.varve.protocol.v1.PlanRequest;
import dev.varve.protocol.v1.PlanResponse;
import dev.varve.protocol.v1.ReplicaStatus;
import dev.varve.protocol.v1.Role;
import dev.varve.protocol.v1.SegmentPlan;
import dev.varve.protocol.v1.StatusRequest;
import dev.varve.protocol.v1.StatusResponse;
import dev.varve.protocol.v1.StepDownRequest;
import dev.varve.protocol.v1.StepDownResponse;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * What a {@link FakeNode} does when it is operated: by default each keyspace's compaction is
 * COMPLETED, and for each another end can be ordered.
 */
public final class FakeAdmin extends AdminGrpc.AdminImplBase {
  /** When a run in this fake was, in milliseconds since 1970. */
  public static final long RUN_TIME_MS = 1_763_600_000_000L;

  /** How a keyspace's compaction ends. */
  public enum End {
    /** With COMPLETED. */
    COMPLETED,
    /** With SKIPPED, BelowThreshold. */
    SKIPPED,
    /** With FAILED, DiskFull. */
    FAILED,
    /** With FAILED, StaleTerm: deposed in the middle of it. */
    DEPOSED,
    /** Not by itself: it goes on until it is cancelled. */
    NEVER,
    /** The connection breaks in the middle. */
    BROKEN
  }

  private final FakeCluster cluster;
  private final FakeNode node;
  private final Map<String, End> ends = new ConcurrentHashMap<>();
  private final List<CompactRequest> compactions = new CopyOnWriteArrayList<>();
  private final List<CompactionEvent> events = new CopyOnWriteArrayList<>();
  private final CountDownLatch running = new CountDownLatch(1);
  private final CountDownLatch cancelled = new CountDownLatch(1);

  private final AtomicBoolean stepDownAnswerLost = new AtomicBoolean();
  private final List<BackupChunk> backup = new CopyOnWriteArrayList<>();

  FakeAdmin(FakeCluster cluster, FakeNode node) {
    this.cluster = cluster;
    this.node = node;
  }

  /** Orders how a keyspace's compactions end. */
  public void compactionOf(String keyspace, End end) {
    ends.put(keyspace, end);
  }

  /** The compactions that were asked for. */
  public List<CompactRequest> compactions() {
    return compactions;
  }

  /** Opens when a compaction that does not end by itself has sent its first progress. */
  public CountDownLatch running() {
    return running;
  }

  /** Opens when the client cancelled a compaction. */
  public CountDownLatch cancelled() {
    return cancelled;
  }

  @Override
  public void status(StatusRequest request, StreamObserver<StatusResponse> observer) {
    if (!node.answersStatus()) {
      return;
    }
    boolean primary = cluster.isPrimary(node);
    StatusResponse.Builder status =
        StatusResponse.newBuilder()
            .setMember(node.member())
            .setRole(primary ? Role.ROLE_PRIMARY : Role.ROLE_REPLICA)
            .setTerm(cluster.term())
            .setPrimary(cluster.primaryNode().address().toString())
            .setLastSequence(cluster.sequence())
            .setCommittedSequence(cluster.sequence())
            .setVersion("0.1.0")
            .setShards(1)
            .setRemembersRequests(cluster.remembersRequests())
            .addAllTopology(cluster.topology());
    for (String name : cluster.keyspaceNames()) {
      status.addKeyspaces(
          KeyspaceStatus.newBuilder()
              .setName(name)
              .setLiveKeys(cluster.size(name))
              .setLiveBytes(6 << 20)
              .setTotalBytes(10 << 20)
              .setDeadRatio(0.4)
              .setSegments(2)
              .setIndexBytes(20L * cluster.size(name))
              .setLastCompactionMs(RUN_TIME_MS));
    }
    if (primary) {
      for (FakeNode replica : cluster.nodes()) {
        if (replica != node) {
          status.addReplicas(
              ReplicaStatus.newBuilder()
                  .setMember(replica.member())
                  .setAcknowledgedSequence(cluster.sequence())
                  .setLagMs(12)
                  .setConnected(true));
        }
      }
    }
    observer.onNext(status.build());
    observer.onCompleted();
  }

  @Override
  public void plan(PlanRequest request, StreamObserver<PlanResponse> observer) {
    String keyspace = request.getCompaction().getKeyspace();
    if (!keyspace.isEmpty() && !cluster.keyspaceNames().contains(keyspace)) {
      observer.onError(
          FakeCluster.error(
              Code.INVALID_ARGUMENT, "UNKNOWN_KEYSPACE", "no keyspace '" + keyspace + "'"));
      return;
    }
    boolean skips = ends.get(keyspace) == End.SKIPPED;
    observer.onNext(
        PlanResponse.newBuilder()
            .setWouldCompact(!skips)
            .setReason(skips ? "BelowThreshold" : "")
            .setBytesToCopy(skips ? 0 : 2 << 20)
            .setExpectedSpaceSaved(skips ? 0 : 4 << 20)
            .addSegments(
                SegmentPlan.newBuilder()
                    .setFile(keyspace + "/0000000001-000000000001.log")
                    .setTotalBytes(6 << 20)
                    .setLiveBytes(2 << 20)
                    .setSelected(!skips)
                    .setReason(skips ? "BelowThreshold" : "Worthwhile"))
            .addSegments(
                SegmentPlan.newBuilder()
                    .setFile(keyspace + "/0000000001-000000000002.log")
                    .setTotalBytes(4 << 20)
                    .setLiveBytes(4 << 20)
                    .setReason("Active"))
            .build());
    observer.onCompleted();
  }

  @Override
  public void compact(CompactRequest request, StreamObserver<CompactionEvent> observer) {
    compactions.add(request);
    if (!cluster.isPrimary(node)) {
      observer.onError(node.notPrimary());
      return;
    }
    if (request.getExpectedTerm() != 0 && request.getExpectedTerm() != cluster.term()) {
      observer.onError(
          FakeCluster.error(Code.ABORTED, "STALE_TERM", "the term is " + cluster.term()));
      return;
    }
    String named = request.getKeyspace();
    if (!named.isEmpty() && !cluster.keyspaceNames().contains(named)) {
      observer.onError(
          FakeCluster.error(
              Code.INVALID_ARGUMENT, "UNKNOWN_KEYSPACE", "no keyspace '" + named + "'"));
      return;
    }
    for (String keyspace : named.isEmpty() ? cluster.keyspaceNames() : List.of(named)) {
      if (!run(request, keyspace, observer)) {
        return;
      }
    }
    observer.onCompleted();
  }

  private boolean run(
      CompactRequest request, String keyspace, StreamObserver<CompactionEvent> observer) {
    CompactionEvent base =
        CompactionEvent.newBuilder()
            .setRunId(request.getRunId())
            .setKeyspace(keyspace)
            .setTimeMs(RUN_TIME_MS)
            .setStrategy(request.getStrategy())
            .setTerm(cluster.term())
            .setBytesBefore(10 << 20)
            .build();
    End end = ends.getOrDefault(keyspace, End.COMPLETED);
    if (end == End.SKIPPED) {
      return emit(
          base.toBuilder()
              .setType(CompactionEvent.Type.SKIPPED)
              .setReason("BelowThreshold")
              .setMessage("dead ratio 0.12 < 0.30")
              .build(),
          observer);
    }
    emit(base.toBuilder().setType(CompactionEvent.Type.STARTED).build(), observer);
    emit(
        base.toBuilder()
            .setType(CompactionEvent.Type.PROGRESS)
            .setProgress(0.5)
            .setRecordsScanned(500)
            .build(),
        observer);
    return switch (end) {
      case COMPLETED, SKIPPED ->
          emit(
              base.toBuilder()
                  .setType(CompactionEvent.Type.COMPLETED)
                  .setProgress(1)
                  .setBytesAfter(6 << 20)
                  .setSpaceSaved(4 << 20)
                  .setDurationMs(8200)
                  .setRecordsScanned(1000)
                  .setRecordsDropped(400)
                  .setFilesRewritten(1)
                  .addFiles(keyspace + "/0000000001-000000000003.log")
                  .setReason("Compacted")
                  .build(),
              observer);
      case FAILED -> emit(failed(base, "DiskFull", "no space left"), observer);
      case DEPOSED -> emit(failed(base, "StaleTerm", "deposed by term 9"), observer);
      case NEVER -> {
        // gRPC calls a cancel handler only if it was set before the method returns.
        ((ServerCallStreamObserver<CompactionEvent>) observer)
            .setOnCancelHandler(cancelled::countDown);
        running.countDown();
        yield false;
      }
      case BROKEN -> {
        observer.onError(io.grpc.Status.UNAVAILABLE.withDescription("gone").asRuntimeException());
        yield false;
      }
    };
  }

  private static CompactionEvent failed(CompactionEvent base, String reason, String message) {
    return base.toBuilder()
        .setType(CompactionEvent.Type.FAILED)
        .setReason(reason)
        .setMessage(message)
        .setErrors(1)
        .build();
  }

  private boolean emit(CompactionEvent event, StreamObserver<CompactionEvent> observer) {
    CompactionEvent numbered = event.toBuilder().setId(events.size() + 1).build();
    events.add(numbered);
    observer.onNext(numbered);
    return true;
  }

  @Override
  public void checkpoint(CheckpointRequest request, StreamObserver<CheckpointResponse> observer) {
    if (!cluster.isPrimary(node)) {
      observer.onError(node.notPrimary());
      return;
    }
    observer.onNext(
        CheckpointResponse.newBuilder()
            .setSequence(cluster.sequence())
            .setSegmentsDeleted(2)
            .setBytesDeleted(3 << 20)
            .build());
    observer.onCompleted();
  }

  /** The next hand-over is done, and its answer is lost. */
  public void loseStepDownAnswer() {
    stepDownAnswerLost.set(true);
  }

  @Override
  public void stepDown(StepDownRequest request, StreamObserver<StepDownResponse> observer) {
    if (!cluster.isPrimary(node)) {
      observer.onError(node.notPrimary());
      return;
    }
    List<String> names = cluster.nodes().stream().map(FakeNode::member).toList();
    int here = names.indexOf(node.member());
    String to = request.getToMember();
    int next = to.isEmpty() ? (here + 1) % names.size() : names.indexOf(to);
    if (next < 0) {
      observer.onError(
          FakeCluster.error(Code.INVALID_ARGUMENT, "INVALID_REQUEST", "no member " + to));
      return;
    }
    if (next != here) {
      cluster.moveTo(next);
    }
    if (stepDownAnswerLost.getAndSet(false)) {
      observer.onError(io.grpc.Status.UNAVAILABLE.withDescription("gone").asRuntimeException());
      return;
    }
    observer.onNext(
        StepDownResponse.newBuilder()
            .setMember(names.get(next))
            .setNewPrimary(cluster.nodes().get(next).address().toString())
            .setTerm(cluster.term())
            .build());
    observer.onCompleted();
  }

  @Override
  public void events(EventsRequest request, StreamObserver<CompactionEvent> observer) {
    List<CompactionEvent> wanted =
        events.stream()
            .filter(
                event ->
                    request.getRunId().isEmpty() || request.getRunId().equals(event.getRunId()))
            .toList();
    int first = request.getLast() == 0 ? 0 : Math.max(0, wanted.size() - request.getLast());
    wanted.subList(first, wanted.size()).forEach(observer::onNext);
    if (request.getFollow()) {
      running.countDown();
      ((ServerCallStreamObserver<CompactionEvent>) observer)
          .setOnCancelHandler(cancelled::countDown);
    } else {
      observer.onCompleted();
    }
  }

  /** What a backup gives from now on. */
  public void backup(List<BackupChunk> chunks) {
    backup.clear();
    backup.addAll(chunks);
  }

  @Override
  public void backup(BackupRequest request, StreamObserver<BackupChunk> answers) {
    backup.forEach(answers::onNext);
    answers.onCompleted();
  }
}
