package dev.varve.client;

import com.google.protobuf.ByteString;
import com.google.rpc.Code;
import dev.varve.protocol.v1.StreamAppendRequest;
import dev.varve.protocol.v1.StreamAppendResponse;
import dev.varve.protocol.v1.StreamEntry;
import dev.varve.protocol.v1.StreamReadRequest;
import dev.varve.protocol.v1.StreamTrimRequest;
import dev.varve.protocol.v1.StreamTrimResponse;
import dev.varve.protocol.v1.StreamsGrpc;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.ConcurrentLinkedQueue;

/** One stream, {@code log}, of a {@link FakeNode}; other names are key-value keyspaces. */
public final class FakeStreams extends StreamsGrpc.StreamsImplBase {
  private final FakeCluster cluster;
  private final FakeNode node;
  private final List<StreamEntry> entries = new ArrayList<>();
  private final Map<Long, StreamAppendResponse> remembered = new HashMap<>();
  private final ConcurrentLinkedQueue<StreamTrimRequest> trims = new ConcurrentLinkedQueue<>();
  private final ConcurrentLinkedDeque<StatusRuntimeException> losses =
      new ConcurrentLinkedDeque<>();
  private long firstId = 1;

  FakeStreams(FakeCluster cluster, FakeNode node) {
    this.cluster = cluster;
    this.node = node;
  }

  /** The trims asked for. */
  public List<StreamTrimRequest> trims() {
    return List.copyOf(trims);
  }

  /** The next append is done, and answered with this all the same. */
  public void loseNextAnswer(StatusRuntimeException failure) {
    losses.add(failure);
  }

  private void check(String stream) {
    if (!cluster.isPrimary(node)) {
      throw node.notPrimary();
    }
    if (!stream.equals("log")) {
      throw FakeCluster.error(
          Code.INVALID_ARGUMENT, "WRONG_KEYSPACE_TYPE", "keyspace " + stream + " is no stream");
    }
  }

  @Override
  public synchronized void append(
      StreamAppendRequest request, StreamObserver<StreamAppendResponse> answers) {
    try {
      check(request.getStream());
    } catch (StatusRuntimeException e) {
      answers.onError(e);
      return;
    }
    StreamAppendResponse appended =
        remembered.computeIfAbsent(request.getRequestId(), _ -> append(request));
    StatusRuntimeException loss = losses.poll();
    if (loss != null) {
      answers.onError(loss);
      return;
    }
    answers.onNext(appended);
    answers.onCompleted();
  }

  private StreamAppendResponse append(StreamAppendRequest request) {
    long first = entries.size() + 1L;
    for (ByteString payload : request.getPayloadsList()) {
      entries.add(StreamEntry.newBuilder().setId(entries.size() + 1).setPayload(payload).build());
    }
    return StreamAppendResponse.newBuilder().setFirstId(first).setLastId(entries.size()).build();
  }

  @Override
  public synchronized void read(StreamReadRequest request, StreamObserver<StreamEntry> answers) {
    try {
      check(request.getStream());
    } catch (StatusRuntimeException e) {
      answers.onError(e);
      return;
    }
    entries.stream()
        .filter(e -> e.getId() >= Math.max(request.getFromId(), firstId))
        .limit(request.getLimit() == 0 ? Long.MAX_VALUE : request.getLimit())
        .forEach(answers::onNext);
    answers.onCompleted();
  }

  @Override
  public synchronized void trim(
      StreamTrimRequest request, StreamObserver<StreamTrimResponse> answers) {
    try {
      check(request.getStream());
    } catch (StatusRuntimeException e) {
      answers.onError(e);
      return;
    }
    trims.add(request);
    long before = firstId;
    firstId = Math.max(firstId, entries.size() + 1L - request.getMaxLength());
    answers.onNext(
        StreamTrimResponse.newBuilder()
            .setRemoved(firstId - before)
            .setFirstId(firstId)
            .setBytesReclaimed(3 << 20)
            .build());
    answers.onCompleted();
  }
}
