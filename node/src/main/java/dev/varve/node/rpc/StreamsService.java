package dev.varve.node.rpc;

import com.google.protobuf.ByteString;
import dev.varve.protocol.v1.StreamAppendRequest;
import dev.varve.protocol.v1.StreamAppendResponse;
import dev.varve.protocol.v1.StreamEntry;
import dev.varve.protocol.v1.StreamReadRequest;
import dev.varve.protocol.v1.StreamTrimRequest;
import dev.varve.protocol.v1.StreamTrimResponse;
import dev.varve.protocol.v1.StreamsGrpc;
import dev.varve.replication.Member;
import dev.varve.replication.NotPrimaryException;
import dev.varve.replication.QuorumUnavailableException;
import dev.varve.store.Appended;
import dev.varve.store.TrimBound;
import dev.varve.store.TrimResult;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.zip.CRC32C;

/** Event streams: append, read, follow and trim on the primary of the shard that holds them. */
public final class StreamsService extends StreamsGrpc.StreamsImplBase {

  private final Member member;
  private final int shard;
  private final int shards;
  private final ReadAdmission admission;
  private final ReaderPool readers;
  private final ScheduledExecutorService timer;
  private final CallGate gate;
  private final DataMetrics metrics;
  private final Executor trims = Executors.newVirtualThreadPerTaskExecutor();

  /**
   * @param shard the shard that the member holds
   * @param shards how many the cluster has
   * @param timer looks after calls that follow; its tasks are short
   */
  public StreamsService(
      Member member,
      int shard,
      int shards,
      ReaderPool readers,
      ScheduledExecutorService timer,
      CallGate gate,
      DataMetrics metrics) {
    this.member = member;
    this.shard = shard;
    this.shards = shards;
    this.admission = new ReadAdmission(member, timer);
    this.readers = readers;
    this.timer = timer;
    this.gate = gate;
    this.metrics = metrics;
  }

  @Override
  public void append(StreamAppendRequest request, StreamObserver<StreamAppendResponse> answers) {
    long arrivedNanos = metrics.now();
    quietWhenCancelled(answers);
    CompletableFuture<Appended> appended;
    try {
      checkStream(request.getStream());
      appended = append(request);
    } catch (RefusedException e) {
      fail(answers, e);
      return;
    }
    var _ =
        appended.whenComplete(
            (ids, failure) -> {
              if (failure != null) {
                fail(answers, failure);
                return;
              }
              metrics.written(arrivedNanos);
              answers.onNext(
                  StreamAppendResponse.newBuilder()
                      .setFirstId(ids.firstId())
                      .setLastId(ids.lastId())
                      .build());
              answers.onCompleted();
            });
  }

  private CompletableFuture<Appended> append(StreamAppendRequest request) throws RefusedException {
    List<byte[]> payloads =
        request.getPayloadsList().stream().map(ByteString::toByteArray).toList();
    return member.append(
        request.getStream(),
        payloads,
        Requests.id(request.getClientId(), request.getRequestId(), request.getAfterSequence()));
  }

  @Override
  public void read(StreamReadRequest request, StreamObserver<StreamEntry> answers) {
    ServerCallStreamObserver<StreamEntry> call = (ServerCallStreamObserver<StreamEntry>) answers;
    StreamReadCall read = new StreamReadCall(request, call, member, readers, timer, metrics);
    // Handlers must be in place before this method returns; the read itself may start later.
    call.setOnReadyHandler(read::wake);
    call.setOnCancelHandler(read::wake);
    try {
      checkStream(request.getStream());
      if (request.getFromId() < 0) {
        throw RefusedException.invalid("from_id", "too large");
      }
    } catch (RefusedException e) {
      fail(answers, e);
      return;
    }
    var _ =
        admission
            .admit(new ReadAdmission.Wish(false, 0, 0))
            .whenComplete(
                (store, failure) -> {
                  if (failure != null) {
                    fail(answers, failure);
                    return;
                  }
                  try {
                    read.start(store, gate);
                  } catch (RefusedException e) {
                    fail(answers, e);
                  }
                });
  }

  @Override
  public void trim(StreamTrimRequest request, StreamObserver<StreamTrimResponse> answers) {
    quietWhenCancelled(answers);
    trims.execute(
        () -> {
          TrimResult trimmed;
          try {
            checkStream(request.getStream());
            trimmed = member.trim(request.getStream(), bound(request), request.getApproximate());
          } catch (IOException
              | RefusedException
              | NotPrimaryException
              | QuorumUnavailableException
              | RuntimeException e) {
            fail(answers, e);
            return;
          }
          answers.onNext(
              StreamTrimResponse.newBuilder()
                  .setRemoved(trimmed.removed())
                  .setFirstId(trimmed.firstId())
                  .setBytesReclaimed(trimmed.bytesReclaimed())
                  .build());
          answers.onCompleted();
        });
  }

  private static TrimBound bound(StreamTrimRequest request) throws RefusedException {
    return switch (request.getBoundCase()) {
      case MAX_LENGTH -> new TrimBound.MaxLength(positive("max_length", request.getMaxLength()));
      case MIN_ID -> new TrimBound.MinId(positive("min_id", request.getMinId()));
      case MAX_AGE_MS -> new TrimBound.MaxAge(positive("max_age_ms", request.getMaxAgeMs()));
      case BOUND_NOT_SET ->
          throw RefusedException.invalid("bound", "set one of max_length, min_id and max_age_ms");
    };
  }

  private static long positive(String field, long value) throws RefusedException {
    if (value < 0) {
      throw RefusedException.invalid(field, "must be from 0 to " + Long.MAX_VALUE);
    }
    return value;
  }

  /** A stream is whole in one shard, by its name. */
  private void checkStream(String name) throws RefusedException {
    if (name.isEmpty()) {
      throw RefusedException.invalid("stream", "it must name a keyspace of type Stream");
    }
    if (shards > 1) {
      CRC32C crc = new CRC32C();
      crc.update(ByteString.copyFromUtf8(name).asReadOnlyByteBuffer());
      long owner = crc.getValue() % shards;
      if (owner != shard) {
        throw new RefusedException(
            Reason.WRONG_SHARD,
            "stream: " + name + " is in shard " + owner + ", this is shard " + shard,
            Map.of("shard", Long.toString(owner), "field", "stream"));
      }
    }
  }

  /** Without a handler, answering a call that its client cancelled would throw. */
  private static void quietWhenCancelled(StreamObserver<?> answers) {
    ((ServerCallStreamObserver<?>) answers).setOnCancelHandler(() -> {});
  }

  private void fail(StreamObserver<?> answers, Throwable failure) {
    Errors.Described described = Errors.describe(failure);
    metrics.failed(described);
    answers.onError(Errors.asException(described));
  }
}
