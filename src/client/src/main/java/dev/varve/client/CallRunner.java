package dev.varve.client;

import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.LongFunction;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** What calls share: connections, who is primary, a timer and randomness. */
final class CallRunner implements AutoCloseable {
  private final Connections connections;
  private final PrimaryFinder finder;
  private final ClientOptions options;
  private final RandomGenerator random;
  private final ScheduledThreadPoolExecutor timer;

  CallRunner(ClientOptions options, RandomGenerator random) {
    this.options = options;
    this.random = random;
    this.connections = new Connections(options.tls(), System::nanoTime);
    this.timer =
        new ScheduledThreadPoolExecutor(
            1,
            task -> {
              Thread thread = new Thread(task, "varve-client-timer");
              thread.setDaemon(true);
              return thread;
            });
    timer.setRemoveOnCancelPolicy(true);
    if (options.tls() != null) {
      ScheduledFuture<?> _ =
          timer.scheduleWithFixedDelay(
              connections::look,
              TlsFiles.RELOAD_SECONDS,
              TlsFiles.RELOAD_SECONDS,
              TimeUnit.SECONDS);
    }
    this.finder = new PrimaryFinder(connections, options, this::later, random);
  }

  PrimaryFinder finder() {
    return finder;
  }

  Backoff backoff() {
    return new Backoff(random);
  }

  ManagedChannel channel(Address address) {
    return connections.to(address);
  }

  long attemptNanos() {
    return options.statusTimeout().toNanos();
  }

  long repeatNanos() {
    return options.timeout().toNanos();
  }

  /**
   * Runs a task after a pause.
   *
   * @throws java.util.concurrent.RejectedExecutionException when the client is closed
   */
  void later(Runnable task, long nanos) {
    ScheduledFuture<?> _ = timer.schedule(task, nanos, TimeUnit.NANOSECONDS);
  }

  /**
   * Waits before another attempt; suits virtual threads.
   *
   * @throws CallCancelledException when interrupted
   */
  void pause(long nanos) {
    try {
      Thread.sleep(Duration.ofNanos(nanos));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CallCancelledException(
          Reason.CANCELLED, "interrupted while looking for the primary", Map.of(), e);
    }
  }

  <Q, R> CompletableFuture<R> onPrimary(
      MethodDescriptor<Q, R> method, Q request, CallKind kind, int shard, Duration timeout) {
    return new UnaryCall<>(
            this,
            method,
            after -> request,
            null,
            kind,
            shard,
            deadlineNanos -> finder.primary(shard, deadlineNanos),
            timeout.toNanos())
        .start();
  }

  <Q, R> CompletableFuture<R> onPrimary(
      MethodDescriptor<Q, R> method, Q request, CallKind kind, int shard) {
    return onPrimary(method, request, kind, shard, options.timeout());
  }

  /**
   * A write that is applied once, however often it is sent: by its ids, and by the sequence after
   * which it was sent first.
   */
  <Q, R> CompletableFuture<R> once(
      MethodDescriptor<Q, R> method, LongFunction<Q> request, SentRequest sent, int shard) {
    return new UnaryCall<>(
            this,
            method,
            request,
            sent,
            CallKind.WRITE,
            shard,
            deadlineNanos -> finder.primary(shard, deadlineNanos),
            options.timeout().toNanos())
        .start();
  }

  /**
   * A read that any member of the shard may answer, a different one at each attempt as chance has
   * it.
   */
  <Q, R> CompletableFuture<R> onAnyMember(MethodDescriptor<Q, R> method, Q request, int shard) {
    return new UnaryCall<>(
            this,
            method,
            after -> request,
            null,
            CallKind.READ,
            shard,
            deadlineNanos -> anyMember(shard, deadlineNanos),
            options.timeout().toNanos())
        .start();
  }

  private CompletableFuture<Address> anyMember(int shard, long deadlineNanos) {
    return finder
        .shards()
        .thenCompose(
            shards -> {
              java.util.List<Address> members = finder.topology().replicas().get(shard);
              return members == null
                  ? finder.primary(shard, deadlineNanos)
                  : CompletableFuture.completedFuture(members.get(random.nextInt(members.size())));
            });
  }

  /**
   * Waits for an answer; suits virtual threads. An interrupt cancels the call: of a write the
   * outcome is then unknown.
   *
   * @throws VarveException as the call failed
   */
  <R> R await(CompletableFuture<R> call, CallKind kind) {
    try {
      return call.get();
    } catch (InterruptedException e) {
      call.cancel(true);
      Thread.currentThread().interrupt();
      throw interrupted(kind, e);
    } catch (CancellationException e) {
      throw interrupted(kind, e);
    } catch (ExecutionException e) {
      throw rethrown(e.getCause());
    }
  }

  private static VarveException interrupted(CallKind kind, Exception cause) {
    String message = "interrupted while waiting for an answer";
    return kind == CallKind.WRITE
        ? new OutcomeUnknownException(Reason.CANCELLED, message, Map.of(), cause)
        : new CallCancelledException(Reason.CANCELLED, message, Map.of(), cause);
  }

  private static RuntimeException rethrown(@Nullable Throwable cause) {
    Throwable inner =
        cause instanceof CompletionException && cause.getCause() != null ? cause.getCause() : cause;
    return switch (inner) {
      case VarveException e -> e;
      case RuntimeException e -> e;
      case Error e -> throw e;
      case null, default -> new IllegalStateException("unexpected failure of a call", inner);
    };
  }

  @Override
  public void close() {
    timer.shutdownNow();
    connections.close();
    finder.close();
  }
}
