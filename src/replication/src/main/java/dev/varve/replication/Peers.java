package dev.varve.replication;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeoutException;
import java.util.function.LongConsumer;

/**
 * The other members: sends with a time limit, answers on the scheduler, and lets no answer's term
 * go unnoticed.
 */
final class Peers {
  private final MemberThread thread;
  private final Transport transport;
  private final LongConsumer onTerm;
  private final List<String> names;

  /**
   * @param names the other members, this one not among them
   * @param onTerm hears the term of every answer, before the answer is looked at
   */
  Peers(MemberThread thread, Transport transport, List<String> names, LongConsumer onTerm) {
    this.thread = thread;
    this.transport = transport;
    this.names = names.stream().sorted().toList();
    this.onTerm = onTerm;
  }

  List<String> names() {
    return names;
  }

  /**
   * The future completes on the scheduler: with the answer, or exceptionally once there will be
   * none. A transport that throws, because a request for this one member cannot be encoded or
   * queued, fails this send alone: the caller goes on with the other members.
   */
  CompletableFuture<Response> send(String name, Request request, Duration timeout) {
    CompletableFuture<Response> answer = new CompletableFuture<>();
    Scheduler.Cancellable timer =
        thread.after(
            timeout,
            () ->
                answer.completeExceptionally(
                    new TimeoutException("no answer from " + name + " in " + timeout)));
    thread.when(
        hand(name, request),
        response -> {
          timer.cancel();
          onTerm.accept(response.term());
          answer.complete(response);
        },
        failure -> {
          timer.cancel();
          answer.completeExceptionally(failure);
        });
    return answer;
  }

  private CompletableFuture<Response> hand(String name, Request request) {
    try {
      return transport.send(name, request);
    } catch (RuntimeException e) {
      return CompletableFuture.failedFuture(e);
    }
  }

  /**
   * As {@link #send}, for an answer of one kind; another kind, a refusal included, is a failure.
   */
  <R extends Response> CompletableFuture<R> ask(
      String name, Request request, Class<R> kind, Duration timeout) {
    return send(name, request, timeout)
        .thenApply(
            response -> {
              if (kind.isInstance(response)) {
                return kind.cast(response);
              }
              throw new UnexpectedAnswerException(name, response);
            });
  }

  /** A member answered with something else than what was asked for. */
  static final class UnexpectedAnswerException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    UnexpectedAnswerException(String name, Response response) {
      super(
          response instanceof Response.Refused refused
              ? name + " refused: " + refused.reason()
              : name + " answered " + response.getClass().getSimpleName());
    }
  }
}
