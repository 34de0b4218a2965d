package dev.varve.client;

import io.grpc.MethodDescriptor;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** Opens server streams on a shard's primary, following it until the first message is there. */
final class Streams {
  /** How long a server may leave a stream of data without a message before the client gives up. */
  static final Duration IDLE_LIMIT = Duration.ofSeconds(30);

  private final CallRunner runner;
  private final Duration openLimit;

  Streams(CallRunner runner, Duration openLimit) {
    this.runner = runner;
    this.openLimit = openLimit;
  }

  /**
   * Opens a stream; repeats while nobody took the request, as long as a call may take.
   *
   * @param follow whether a member that is not the primary is left for the one it names
   * @return a stream whose first message, or end, has arrived
   */
  <Q, T> MessageStream<T> open(
      MethodDescriptor<Q, T> method,
      Q request,
      CallKind kind,
      int shard,
      @Nullable Duration limit,
      @Nullable Duration idleLimit,
      boolean follow) {
    Backoff backoff = runner.backoff();
    long deadline = System.nanoTime() + openLimit.toNanos();
    boolean waitsForFirst = idleLimit != null || kind == CallKind.OPERATION;
    for (; ; ) {
      VarveException error;
      @Nullable Address address = null;
      try {
        address = runner.await(runner.finder().primary(shard, deadline), CallKind.READ);
        MessageStream<T> stream =
            MessageStream.start(runner.channel(address), method, request, kind, limit, idleLimit);
        if (waitsForFirst) {
          awaitFirst(stream);
        }
        return stream;
      } catch (VarveException e) {
        error = e;
      }
      if (address != null && error instanceof NotPrimaryException refusal) {
        runner.finder().redirect(shard, address, refusal);
        if (!follow) {
          throw error;
        }
      } else if (address != null && Errors.isDoubtful(error)) {
        runner.finder().doubt(shard, address);
      }
      long pause = backoff.nextNanos();
      if (!Errors.mayRepeat(error) || pause >= deadline - System.nanoTime()) {
        throw error;
      }
      runner.pause(pause);
    }
  }

  private static void awaitFirst(MessageStream<?> stream) {
    boolean _ = stream.hasNext(); // throws the refusal that came instead
  }
}
