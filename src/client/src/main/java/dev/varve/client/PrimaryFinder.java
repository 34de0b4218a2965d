package dev.varve.client;

import dev.varve.protocol.v1.AdminGrpc;
import dev.varve.protocol.v1.StatusRequest;
import dev.varve.protocol.v1.StatusResponse;
import io.grpc.CallOptions;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.ObjLongConsumer;
import java.util.function.Predicate;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Knows each shard's primary, or has it found: one {@link PrimarySearch} a shard runs at a time,
 * and later callers join it.
 */
final class PrimaryFinder {
  private final Connections connections;
  private final Duration statusTimeout;
  private final Duration firstContactTimeout;
  private final AtomicReference<Topology> topology;
  private final ConcurrentHashMap<Integer, PrimarySearch> searches = new ConcurrentHashMap<>();
  private final Set<Integer> remembering = ConcurrentHashMap.newKeySet();
  private final ConcurrentHashMap<Integer, Long> committed = new ConcurrentHashMap<>();
  private final ObjLongConsumer<Runnable> timer;
  private final RandomGenerator random;

  /**
   * @param timer runs a task after so many nanoseconds
   */
  PrimaryFinder(
      Connections connections,
      ClientOptions options,
      ObjLongConsumer<Runnable> timer,
      RandomGenerator random) {
    this.connections = connections;
    this.timer = timer;
    this.random = random;
    this.statusTimeout = options.statusTimeout();
    this.firstContactTimeout = options.timeout();
    this.topology = new AtomicReference<>(Topology.of(options.endpoints()));
  }

  Topology topology() {
    return topology.get();
  }

  /**
   * The number of shards, asking when it is not known yet: any member's answer is enough. Fails
   * with {@link UnavailableException} as soon as every known member has failed.
   */
  CompletableFuture<Integer> shards() {
    connections.requireOpen();
    int known = topology.get().shards();
    if (known > 0) {
      return CompletableFuture.completedFuture(known);
    }
    CompletableFuture<Integer> answer = new CompletableFuture<>();
    join(0, search -> search.joinForAnswer(answer));
    return answer;
  }

  /**
   * The shard's primary: the one believed in, else the one that a search finds before the deadline.
   * Fails then with {@link UnavailableException} or {@link NotPrimaryException} that says what each
   * member answered.
   *
   * @param deadlineNanos by {@link System#nanoTime}
   */
  CompletableFuture<Address> primary(int shard, long deadlineNanos) {
    connections.requireOpen();
    Topology.Primary known = topology.get().primary(shard).orElse(null);
    if (known != null) {
      return CompletableFuture.completedFuture(known.address());
    }
    CompletableFuture<Address> found = new CompletableFuture<>();
    join(shard, search -> search.join(found, deadlineNanos));
    return found;
  }

  private void join(int shard, Predicate<PrimarySearch> joining) {
    while (true) {
      PrimarySearch running = searches.get(shard);
      if (running != null && joining.test(running)) {
        return;
      }
      PrimarySearch next = new PrimarySearch(this, shard);
      if (joining.test(next) && became(shard, running, next)) {
        next.start();
        return;
      }
    }
  }

  private boolean became(int shard, @Nullable PrimarySearch running, PrimarySearch next) {
    return running == null
        ? searches.putIfAbsent(shard, next) == null
        : searches.replace(shard, running, next);
  }

  /** {@code address} refused as it is not the shard's primary, and perhaps named another. */
  void redirect(int shard, Address address, NotPrimaryException refusal) {
    topology.updateAndGet(
        known -> {
          Topology next = known.without(shard, address);
          Address named = refusal.primary().orElse(null);
          return named == null || named.equals(address)
              ? next
              : next.withPrimary(shard, named, refusal.term());
        });
  }

  /** {@code address} did not answer: look anew before the next call. */
  void doubt(int shard, Address address) {
    topology.updateAndGet(known -> known.without(shard, address));
  }

  /** What the member at {@code address} says of itself; the answer is also learnt from. */
  CompletableFuture<StatusResponse> status(Address address) {
    CompletableFuture<StatusResponse> answer = new CompletableFuture<>();
    // While no member has ever answered there is no other to turn to: be patient with a slow one. A
    // refused connection is
    // still known at once.
    Duration limit = topology.get().shards() == 0 ? firstContactTimeout : statusTimeout;
    ClientCalls.asyncUnaryCall(
        connections
            .to(address)
            .newCall(
                AdminGrpc.getStatusMethod(),
                CallOptions.DEFAULT.withDeadlineAfter(limit.toNanos(), TimeUnit.NANOSECONDS)),
        StatusRequest.getDefaultInstance(),
        new StreamObserver<>() {
          @Override
          public void onNext(StatusResponse status) {
            topology.updateAndGet(known -> known.learn(address, status));
            committed(status.getShard(), status.getCommittedSequence());
            if (status.getRemembersRequests()) {
              remembering.add(status.getShard());
            }
            answer.complete(status);
          }

          @Override
          public void onError(Throwable failure) {
            answer.completeExceptionally(Errors.of(failure, CallKind.READ, true));
          }

          @Override
          public void onCompleted() {
            // The answer came before; without one gRPC reports an error.
          }
        });
    return answer;
  }

  /** Whether a write that is sent from now on with ids is applied once. */
  boolean remembersRequests(int shard) {
    return remembering.contains(shard);
  }

  /** The highest sequence that a shard is known to have committed; 0: none is. */
  long committed(int shard) {
    return committed.getOrDefault(shard, 0L);
  }

  /** A shard has committed this sequence. */
  void committed(int shard, long sequence) {
    committed.merge(shard, sequence, Math::max);
  }

  /** Ends the searches of a client whose connections are closed. */
  void close() {
    searches.values().forEach(PrimarySearch::close);
  }

  // --- what searches need ---

  void ended(int shard, PrimarySearch search) {
    searches.remove(shard, search);
  }

  /** Runs a task after a pause; refused once the client is closed. */
  void later(Runnable task, long nanos) {
    timer.accept(task, nanos);
  }

  /** Three quarters to five quarters of a time, so that clients do not ask in step. */
  long jittered(long nanos) {
    return nanos * 3 / 4 + random.nextLong(nanos / 2);
  }
}
