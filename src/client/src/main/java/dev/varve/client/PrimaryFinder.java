package dev.varve.client;

import dev.varve.protocol.v1.AdminGrpc;
import dev.varve.protocol.v1.StatusRequest;
import dev.varve.protocol.v1.StatusResponse;
import io.grpc.CallOptions;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Finds each shard's primary: it asks every member it knows for its status, at once, and every
 * member that it learns of on the way, until one says that it is the primary. One search a shard
 * runs at a time; later callers join it.
 */
final class PrimaryFinder {
  private final Connections connections;
  private final Duration statusTimeout;
  private final Duration firstContactTimeout;
  private final AtomicReference<Topology> topology;
  private final Map<Integer, CompletableFuture<Address>> searches = new ConcurrentHashMap<>();

  PrimaryFinder(Connections connections, ClientOptions options) {
    this.connections = connections;
    this.statusTimeout = options.statusTimeout();
    this.firstContactTimeout = options.timeout();
    this.topology = new AtomicReference<>(Topology.of(options.endpoints()));
  }

  Topology topology() {
    return topology.get();
  }

  /** The number of shards, asking when it is not known yet; fails as {@link #primary} does. */
  CompletableFuture<Integer> shards() {
    connections.requireOpen();
    int known = topology.get().shards();
    if (known > 0) {
      return CompletableFuture.completedFuture(known);
    }
    return primary(0)
        .handle(
            (address, failure) -> {
              int shards = topology.get().shards();
              if (shards > 0) {
                return shards; // a member answered, though perhaps not shard 0's primary
              }
              throw failure instanceof VarveException e ? e : noPrimary(0, List.of(), false);
            });
  }

  /**
   * The shard's primary: the one believed in, else the one that a search finds. Fails with {@link
   * UnavailableException} that says what each member answered.
   */
  CompletableFuture<Address> primary(int shard) {
    connections.requireOpen();
    Topology.Primary known = topology.get().primary(shard).orElse(null);
    if (known != null) {
      return CompletableFuture.completedFuture(known.address());
    }
    CompletableFuture<Address> mine = new CompletableFuture<>();
    CompletableFuture<Address> running = searches.putIfAbsent(shard, mine);
    if (running != null) {
      return running;
    }
    var _ = mine.whenComplete((address, failure) -> searches.remove(shard, mine));
    new Search(shard, mine).start();
    return mine;
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

  private static VarveException noPrimary(int shard, List<String> answers, boolean reached) {
    String message = "no primary of shard " + shard + " found: " + String.join("; ", answers);
    return reached
        ? new NotPrimaryException(Reason.NO_PRIMARY, message, Map.of(), null)
        : new UnavailableException(Reason.UNREACHABLE, message, Map.of(), null);
  }

  /** One round of asking. */
  private final class Search {
    private final int shard;
    private final CompletableFuture<Address> result;
    private final Set<Address> asked = new HashSet<>();
    private final List<String> answers = new ArrayList<>();
    private int pending;
    private boolean reached;

    Search(int shard, CompletableFuture<Address> result) {
      this.shard = shard;
      this.result = result;
    }

    void start() {
      askNew();
    }

    private void askNew() {
      List<Address> fresh = new ArrayList<>();
      synchronized (this) {
        for (Address address : topology.get().members()) {
          if (asked.add(address)) {
            fresh.add(address);
          }
        }
        pending += fresh.size();
      }
      for (Address address : fresh) {
        try {
          var _ =
              status(address).whenComplete((status, failure) -> heard(address, status, failure));
        } catch (IllegalStateException e) { // the client was closed meanwhile
          heard(address, null, e);
        }
      }
    }

    private void heard(
        Address address, @Nullable StatusResponse status, @Nullable Throwable failure) {
      if (status != null) {
        Topology.Primary found = topology.get().primary(shard).orElse(null);
        if (found != null) {
          result.complete(found.address());
          return;
        }
        askNew();
      }
      boolean last;
      synchronized (this) {
        answers.add(address + " " + describe(status, failure));
        reached |= status != null;
        pending--;
        last = pending == 0;
      }
      if (last) {
        result.completeExceptionally(noPrimary(shard, answers, reached));
      }
    }

    private String describe(@Nullable StatusResponse status, @Nullable Throwable failure) {
      if (status == null) {
        return failure == null ? "did not answer" : String.valueOf(failure.getMessage());
      }
      String role = status.getRole().name().replace("ROLE_", "").toLowerCase(java.util.Locale.ROOT);
      return "is a " + role + " of shard " + status.getShard() + ", term " + status.getTerm();
    }
  }
}
