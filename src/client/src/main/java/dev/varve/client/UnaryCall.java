package dev.varve.client;

import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.MethodDescriptor;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.StreamObserver;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.LongFunction;
import org.jspecify.annotations.Nullable;

/**
 * One request with one answer, repeated against wherever the primary is until its deadline, as long
 * as repeating is safe. Nothing blocks: attempts follow each other on gRPC's callbacks and a timer.
 */
final class UnaryCall<Q, R> {
  /** A refusal that names the primary is followed at once, this often; then with a pause. */
  private static final int IMMEDIATE_REDIRECTS = 3;

  /**
   * How many members that do not accept the caller are left for another. A search ends as soon as
   * nobody accepts it; a read of any member asks without one.
   */
  private static final int HANDSHAKES = 3;

  private final CallRunner runner;
  private final MethodDescriptor<Q, R> method;
  private final LongFunction<Q> request;
  private final @Nullable SentRequest sent;
  private final CallKind kind;
  private final int shard;
  private final LongFunction<CompletableFuture<Address>> route;
  private final long deadlineNanos;
  private final long repeatUntilNanos;
  private final Backoff backoff;
  private final CompletableFuture<R> result = new CompletableFuture<>();
  private boolean repeatsUnknown;
  private boolean begun;
  private @Nullable OutcomeUnknownException unknown;
  private int redirects;
  private int handshakes;
  private volatile @Nullable ClientCall<Q, R> current;

  /**
   * @param request by the sequence after which it was sent first; 0 where that does not matter
   * @param sent of a write that carries ids, by which it is applied once; null: another call
   * @param route whom to ask, found until a deadline by {@link System#nanoTime}
   */
  UnaryCall(
      CallRunner runner,
      MethodDescriptor<Q, R> method,
      LongFunction<Q> request,
      @Nullable SentRequest sent,
      CallKind kind,
      int shard,
      LongFunction<CompletableFuture<Address>> route,
      long timeoutNanos) {
    this.runner = runner;
    this.method = method;
    this.request = request;
    this.sent = sent;
    this.kind = kind;
    this.shard = shard;
    this.route = route;
    long now = System.nanoTime();
    this.deadlineNanos = now + timeoutNanos;
    // A call that may take minutes still gives up after seconds when there is nobody to take it.
    this.repeatUntilNanos = now + Math.min(timeoutNanos, runner.repeatNanos());
    this.backoff = runner.backoff();
  }

  CompletableFuture<R> start() {
    var _ =
        result.whenComplete(
            (answer, failure) -> {
              ClientCall<Q, R> call = current;
              if (result.isCancelled() && sent != null) {
                sent.doubt();
              }
              if (result.isCancelled() && call != null) {
                call.cancel("cancelled by the caller", null);
              }
            });
    attempt();
    return result;
  }

  private void attempt() {
    if (result.isDone()) {
      return;
    }
    try {
      var _ =
          route
              .apply(repeatUntilNanos)
              .whenComplete(
                  (address, failure) -> {
                    if (failure == null) {
                      call(address);
                    } else if (unwrap(failure) instanceof IllegalStateException closed) {
                      result.completeExceptionally(closed);
                    } else {
                      failed(null, Errors.of(unwrap(failure), kind, false));
                    }
                  });
    } catch (IllegalStateException e) { // closed
      result.completeExceptionally(e);
    }
  }

  private void call(Address address) {
    long remaining = deadlineNanos - System.nanoTime();
    // A read leaves a member that hangs for another, and so does a write that is applied once; any
    // other write that was sent has nothing to gain from asking elsewhere.
    begin();
    boolean elsewhere = kind == CallKind.READ || repeatsUnknown;
    long limit = elsewhere ? Math.min(remaining, runner.attemptNanos()) : remaining;
    SentTracer tracer = new SentTracer();
    ClientCall<Q, R> call;
    try {
      call =
          runner
              .channel(address)
              .newCall(
                  method,
                  CallOptions.DEFAULT
                      .withDeadlineAfter(Math.max(1, limit), TimeUnit.NANOSECONDS)
                      .withStreamTracerFactory(tracer));
    } catch (IllegalStateException e) {
      result.completeExceptionally(e);
      return;
    }
    current = call;
    ClientCalls.asyncUnaryCall(
        call,
        request.apply(
            sent == null ? 0 : sent.afterSequence(() -> runner.finder().committed(shard))),
        new StreamObserver<>() {
          private @Nullable R received;

          @Override
          public void onNext(R answer) {
            received = answer;
          }

          @Override
          public void onError(Throwable failure) {
            failed(address, Errors.of(failure, kind, tracer.sent()));
          }

          @Override
          public void onCompleted() {
            R answer = received;
            if (answer != null) { // gRPC itself fails a unary call that has no answer
              result.complete(answer);
            }
          }
        });
    if (result.isCancelled()) {
      call.cancel("cancelled by the caller", null);
    }
  }

  /**
   * Before the first attempt: had one been made before requests are remembered, none could follow.
   */
  private void begin() {
    if (!begun) {
      begun = true;
      repeatsUnknown = sent != null && runner.finder().remembersRequests(shard);
    }
  }

  private void failed(@Nullable Address address, VarveException error) {
    if (error instanceof OutcomeUnknownException doubtful) {
      unknown = doubtful;
      if (sent != null) {
        sent.doubt();
      }
    }
    if (error instanceof SequenceTooOldException old
        && sent != null
        && sent.renew(old.startAfter().orElse(0))) {
      runner.finder().committed(shard, old.startAfter().orElse(0));
      attempt();
      return;
    }
    boolean redirected = false;
    if (address != null && error instanceof NotPrimaryException refusal) {
      runner.finder().redirect(shard, address, refusal);
      redirected = refusal.primary().isPresent() && redirects++ < IMMEDIATE_REDIRECTS;
    } else if (address != null && Errors.isDoubtful(error)) {
      runner.finder().doubt(shard, address);
    }
    long remaining = repeatUntilNanos - System.nanoTime();
    long pause = redirected ? 0 : backoff.nextNanos();
    boolean elsewhere =
        address != null && error.reason() == Reason.HANDSHAKE_FAILED && handshakes++ < HANDSHAKES;
    if (!(elsewhere || mayRepeat(error)) || pause >= remaining) {
      result.completeExceptionally(last(error));
    } else if (pause == 0) {
      attempt();
    } else {
      try {
        runner.later(this::attempt, pause);
      } catch (RejectedExecutionException e) { // the client was closed
        result.completeExceptionally(last(error));
      }
    }
  }

  private boolean mayRepeat(VarveException error) {
    return Errors.mayRepeat(error)
        || (repeatsUnknown
            && error instanceof OutcomeUnknownException
            && error.reason() != Reason.CANCELLED);
  }

  /** Nothing that a later attempt was told makes an earlier one's outcome known. */
  private VarveException last(VarveException error) {
    OutcomeUnknownException before = unknown;
    if (before == null || error instanceof OutcomeUnknownException) {
      return error;
    }
    return new OutcomeUnknownException(
        before.reason(),
        before.getMessage() + "; sent again: " + error.getMessage(),
        before.metadata(),
        error);
  }

  private static Throwable unwrap(Throwable failure) {
    Throwable cause = failure.getCause();
    return failure instanceof CompletionException && cause != null ? cause : failure;
  }
}
