package dev.varve.node.rpc;

import dev.varve.protocol.v1.WriteRequest;
import dev.varve.protocol.v1.WriteResponse;
import dev.varve.replication.Written;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.ArrayDeque;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * One WriteStream call. Batches are handed on in the order they arrive and answered in that order;
 * one that fails is answered with its code and reason, and the next go on. The next batch is taken
 * from the wire only while few enough are in flight and the client reads its answers, so a stream's
 * memory is bounded.
 */
final class WriteStream implements StreamObserver<WriteRequest> {
  static final int IN_FLIGHT_MAX = 512;
  static final long IN_FLIGHT_BYTES_MAX = 32L << 20;

  private final Function<WriteRequest, CompletableFuture<Written>> writer;
  private final ServerCallStreamObserver<WriteResponse> answers;
  private final CallGate gate;
  private final DataMetrics metrics;
  private final Runnable ended;

  // All below is guarded by this.
  private final ArrayDeque<Item> inFlight = new ArrayDeque<>();
  private long inFlightBytes;
  private boolean asked;
  private boolean inputEnded;
  private boolean closed;

  private static final class Item {
    final int bytes;
    @Nullable WriteResponse answer;

    Item(int bytes) {
      this.bytes = bytes;
    }
  }

  WriteStream(
      Function<WriteRequest, CompletableFuture<Written>> writer,
      ServerCallStreamObserver<WriteResponse> answers,
      CallGate gate,
      DataMetrics metrics) {
    this.writer = writer;
    this.answers = answers;
    this.gate = gate;
    this.metrics = metrics;
    answers.disableAutoRequest();
    answers.setOnReadyHandler(this::advance);
    answers.setOnCancelHandler(this::cancelled);
    ended = gate.whenClosed(this::advance);
    // The call is not ready before its headers are out, so the first batch is asked for anyway.
    asked = true;
    answers.request(1);
  }

  @Override
  public void onNext(WriteRequest request) {
    long arrivedNanos = metrics.now();
    Item item = new Item(request.getSerializedSize());
    synchronized (this) {
      asked = false;
      inFlight.add(item);
      inFlightBytes += item.bytes;
    }
    var _ =
        writer
            .apply(request)
            .whenComplete(
                (written, failure) -> {
                  WriteResponse answer =
                      answer(request.getRequestId(), written, failure, arrivedNanos);
                  synchronized (this) {
                    item.answer = answer;
                  }
                  advance();
                });
    advance();
  }

  private WriteResponse answer(
      long requestId, @Nullable Written written, @Nullable Throwable failure, long arrivedNanos) {
    WriteResponse.Builder answer = WriteResponse.newBuilder().setRequestId(requestId);
    if (written != null) {
      metrics.written(arrivedNanos);
      return answer.setSequence(written.sequence()).setTerm(written.term()).build();
    }
    Errors.Described described =
        failure == null
            ? Errors.describe(new IllegalStateException("a write ended without a result"))
            : Errors.describe(failure);
    metrics.failed(described);
    return answer
        .setCode(described.code().value())
        .setReason(described.reason())
        .setMessage(described.message())
        .build();
  }

  /** Sends the answers that are next in order, and asks for another batch if there is room. */
  private void advance() {
    boolean ask = false;
    synchronized (this) {
      while (!inFlight.isEmpty() && !closed) {
        Item first = inFlight.getFirst();
        WriteResponse answer = first.answer;
        if (answer == null) {
          break;
        }
        inFlight.removeFirst();
        inFlightBytes -= first.bytes;
        answers.onNext(answer);
      }
      if (inFlight.isEmpty() && !closed && (inputEnded || gate.isClosed())) {
        closed = true;
        ended.run();
        if (inputEnded) {
          answers.onCompleted();
        } else {
          answers.onError(
              Errors.asException(
                  Errors.Described.of(Reason.SHUTTING_DOWN, CallGate.MESSAGE, Map.of())));
        }
      }
      if (!asked
          && !closed
          && !inputEnded
          && !gate.isClosed()
          && inFlight.size() < IN_FLIGHT_MAX
          && inFlightBytes < IN_FLIGHT_BYTES_MAX
          && answers.isReady()) {
        asked = true;
        ask = true;
      }
    }
    if (ask) {
      answers.request(1);
    }
  }

  private void cancelled() {
    synchronized (this) {
      closed = true;
    }
    ended.run();
  }

  @Override
  public void onError(Throwable failure) {
    // The client went away: what it sent is carried out, nobody is told.
    cancelled();
  }

  @Override
  public void onCompleted() {
    synchronized (this) {
      inputEnded = true;
    }
    advance();
  }
}
